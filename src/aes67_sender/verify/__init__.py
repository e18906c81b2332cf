"""Receives streams, or reads captures of them, and has them judged."""
