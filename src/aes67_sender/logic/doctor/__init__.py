"""Judges of the doctor: facts about a machine and its network in, findings with remedies out. Pure."""
