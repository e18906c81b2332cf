"""Sets up a config by questions: what to propose and to write is decided without input or output, then asked."""
