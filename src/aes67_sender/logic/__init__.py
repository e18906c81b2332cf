"""Decisions without I/O: time and readings come in as arguments."""
