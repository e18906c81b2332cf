#!/bin/bash
# Every test, and one line that says how they went; arguments are pytest's. Tests that mostly wait run side by side. Those
# that measure time on a network, or share a sound server, run alone.
set -uo pipefail
cd "$(dirname "$0")/.."

AES67_TEST_TALLY=$(mktemp)
export AES67_TEST_TALLY
trap 'rm -f "$AES67_TEST_TALLY"' EXIT
# pytest's exit codes when there was nothing to do (-k may leave a part empty), and after Ctrl-C.
nothing=5 interrupted=2
worst=$nothing

# The tests of the folders named, by so many processes: part 2 unit …
part() {
  local processes=$1 folders=" $2 " beside=() folder
  shift 2
  ((worst != interrupted)) || return
  ((processes == 1)) || beside=(--numprocesses "$processes" --dist loadfile)
  # By what it is not: who names files gets each of them once.
  for folder in unit peers gst lab windows; do
    [[ $folders == *" $folder "* ]] || beside+=(--ignore "tests/$folder")
  done
  .venv/bin/python -m pytest "${beside[@]}" "$@"
  local code=$?
  ((code == nothing)) || { ((worst == nothing || code > worst)) && worst=$code; }
}

part "$((2 * $(nproc)))" unit "$@"
part "$(nproc)" peers "$@"
part 1 "gst lab windows" "$@"
PYTHONPATH=tests .venv/bin/python -m support.tally "$AES67_TEST_TALLY"
exit "$worst"
