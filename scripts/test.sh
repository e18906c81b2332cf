#!/bin/bash
# Every test, and one line that says how they went; arguments are pytest's. Tests without a network of their own run side
# by side, since they mostly wait. Those that measure time on a network, or share a sound server, run alone.
set -uo pipefail
cd "$(dirname "$0")/.."

AES67_TEST_TALLY=$(mktemp)
export AES67_TEST_TALLY
trap 'rm -f "$AES67_TEST_TALLY"' EXIT
# pytest's exit code when there was nothing to do: -k may leave a part empty.
nothing=5
worst=$nothing

part() {
  .venv/bin/python -m pytest "$@"
  local code=$?
  ((code == nothing)) || { ((worst == nothing || code > worst)) && worst=$code; }
}

part --ignore tests/gst --ignore tests/lab --ignore tests/windows --numprocesses "$((2 * $(nproc)))" --dist loadfile "$@"
((worst == 2)) || part --ignore tests/unit "$@" # 2: interrupted
PYTHONPATH=tests .venv/bin/python -m support.tally "$AES67_TEST_TALLY"
exit "$worst"
