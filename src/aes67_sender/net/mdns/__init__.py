"""Multicast DNS and DNS-SD (RFC 6762, RFC 6763) on one network interface, by the zeroconf library."""
