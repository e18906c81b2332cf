"""Checks this machine and its network, side by side, each guarded: what is wrong, and what to do about it."""
