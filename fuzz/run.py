"""Coverage-guided search for input that breaks what must not break: ``make fuzz ARGS="--seconds 600 ptp_codec"``.

Makes an environment of its own the first time, ``.venv-fuzz``. What was found interesting is kept in ``.fuzz`` and
makes the next run begin where this one ended; input that breaks something stands there as ``NAME-crash-…``, and
``--again FILE`` tries it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
ENVIRONMENT: Final = ROOT / ".venv-fuzz"
FOUND: Final = ROOT / ".fuzz"
TARGETS: Final = ("ptp_codec", "ptp_follower", "rtp_codec", "sdp_text", "sap_codec", "rtsp_codec")
PACKAGES: Final = ("atheris==3.0.0", "numpy>=1.26")


def make_environment() -> Path:
    """The Python of the environment, which is made if it is not there."""
    python, stamp = ENVIRONMENT / "bin" / "python", ENVIRONMENT / "packages"
    wanted = " ".join(PACKAGES)
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"fuzz: making {ENVIRONMENT.name}", flush=True)
        venv.create(ENVIRONMENT, clear=True, with_pip=True)
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", "install", *PACKAGES]
        subprocess.run(pip, check=True)
        stamp.write_text(wanted)
    return python


def fuzz(python: Path, name: str, seconds: int, again: Path | None) -> bool:
    """Run one target; whether it held."""
    corpus = FOUND / name
    corpus.mkdir(parents=True, exist_ok=True)
    options = [f"-max_total_time={seconds}", f"-artifact_prefix={FOUND}/{name}-"]
    options += ["-print_final_stats=1", "-timeout=10", "-verbosity=0"]
    command = [str(python), "-m", "fuzz.target", name, *([str(again.resolve())] if again else [str(corpus), *options])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in ("src", "tests", "."))}
    print(f"fuzz: {name}, {again or f'{seconds} s'}", flush=True)
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; all unless named")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (60)")
    parser.add_argument("--again", type=Path, metavar="FILE", help="try this input of one target only")
    arguments = parser.parse_args()
    if unknown := set(arguments.targets) - set(TARGETS):
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    if arguments.again and len(arguments.targets) != 1:
        parser.error("--again needs the name of one target")
    python = make_environment()
    names = arguments.targets or TARGETS
    broken = [name for name in names if not fuzz(python, name, arguments.seconds, arguments.again)]
    print(f"fuzz: {'broken: ' + ', '.join(broken) if broken else 'nothing broke'}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
