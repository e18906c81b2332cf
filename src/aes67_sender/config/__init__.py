"""The configuration file: its model, and the sentences about what is wrong with it."""
