"""Frozen records that the layers exchange."""
