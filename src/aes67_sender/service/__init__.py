"""The sender as a service of the system: what is written and run for it, as data, and the thin layer that does it."""
