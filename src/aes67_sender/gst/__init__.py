"""All of GStreamer. No other package imports ``gi``."""
