"""PTP without input or output: messages and times go in, messages and clock estimates come out."""
