"""The command line. Nothing heavy is imported before a command needs it."""

from aes67_sender.cli.app import main

__all__ = ["main"]
