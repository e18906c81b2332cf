"""Gathers what the doctor judges of the network: opens sockets, asks the system, listens."""
