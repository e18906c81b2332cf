"""One target under atheris, in the environment that ``run`` has made.

``python -m fuzz.target NAME WHERE [OPTION...]``: options are those of libFuzzer; ``WHERE`` is one input to try, or the
folder of what was found interesting, which gets the target's seeds.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
from pathlib import Path

import atheris


def main() -> None:
    name, where, *options = sys.argv[1:]
    with atheris.instrument_imports(include=["aes67_sender", "fuzz"]):
        target = importlib.import_module(f"fuzz.{name}")
    for seed in target.SEEDS if Path(where).is_dir() else ():
        (Path(where) / hashlib.sha1(seed, usedforsecurity=False).hexdigest()).write_bytes(seed)
    atheris.Setup([name, where, *options], target.check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
