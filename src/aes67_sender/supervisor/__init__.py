"""The process that users talk to: it keeps an engine running and tells how it goes."""
