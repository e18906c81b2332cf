"""Sources of sound: each runs in a thread of its own until it fails, and is then built anew."""
