"""The PTP port: UDP 319 and 320 on one interface, with the best time stamps that the system gives."""
