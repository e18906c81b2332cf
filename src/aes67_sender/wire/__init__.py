"""Bytes and text of the wire to frozen records and back. Standard library only."""
