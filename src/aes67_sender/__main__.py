"""``python -m aes67_sender`` is the same program as ``aes67-sender``."""

import sys

from aes67_sender.cli import main

if __name__ == "__main__":
    sys.exit(main())
