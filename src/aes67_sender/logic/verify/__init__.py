"""Judges a received AES67 stream: packets in, findings out. Pure, streaming, in bounded memory."""
