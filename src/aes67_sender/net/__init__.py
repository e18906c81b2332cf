"""Sockets and network interfaces. No other package imports ``socket``."""
