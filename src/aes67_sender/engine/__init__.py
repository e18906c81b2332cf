"""The real-time process: sources, media clock and the transmit loop."""
