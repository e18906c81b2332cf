"""A scripted PTP grandmaster for the lab: right to the microsecond, or wrong in a way the test asks for.

Written from IEEE 1588-2008, and shares nothing with the sender. ``client`` is what tests use.
"""
