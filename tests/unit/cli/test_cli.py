"""The program as a process: output, exit codes, signals."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aes67_sender.logic.codec import decode_snapshot
from aes67_sender.net.listen import listen, port_of

if TYPE_CHECKING:
    from collections.abc import Iterator

REAL = (sys.executable, "-m", "aes67_sender")
FAKE = (sys.executable, str(Path(__file__).with_name("with_fake_engine.py")))
NODE_JS = {
    "deviceMode": "sender",
    "audioSource": "jack",
    "channelCount": 2,
    "channelsPerReceiver": 2,
    "samplingRate": 48000,
    "baseMulticastAddress": "239.69.83.1",
    "sessionName": "Old",
    "ptpDomain": 0,
    "rtpDestinationPort": 5004,
}


def call(*arguments: str, cwd: Path, program: tuple[str, ...] = REAL) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*program, *arguments], cwd=cwd, capture_output=True, text=True, timeout=60, check=False)


def config(folder: Path, **more: object) -> Path:
    path = folder / "aes67-config.json"
    data = {"interface": "lo", "streams": [{"id": "s1", "address": "239.69.1.1"}], **more}
    path.write_text(json.dumps(data))
    return path


@contextlib.contextmanager
def started(*arguments: str, cwd: Path, stdout: int = subprocess.PIPE) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([*FAKE, *arguments], cwd=cwd, stdout=stdout, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def catches(pid: int, number: signal.Signals) -> bool:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    caught = next(line.split()[1] for line in lines if line.startswith("SigCgt"))
    return bool(int(caught, 16) >> (number - 1) & 1)


def test_help_is_quick_because_it_loads_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from aes67_sender.cli import main; code = main(sys.argv[1:]);"
        "heavy = {'gi', 'numba', 'numpy', 'fastapi', 'uvicorn', 'rich', 'pydantic', 'psutil'} & set(sys.modules);"
        "sys.exit(f'loaded {heavy}' if heavy else code)"
    )
    for arguments in (
        ["--help"],
        ["--version"],
        ["run", "--help"],
        ["demo", "--help"],
        ["configure", "--help"],
        ["clock", "--help"],
        ["grandmaster", "--help"],
        ["doctor", "--help"],
        ["--no"],
    ):
        done = call(code, *arguments, cwd=tmp_path, program=(sys.executable, "-c"))
        assert done.returncode == (2 if arguments == ["--no"] else 0), (arguments, done.stderr)


def test_help_names_every_command(tmp_path: Path) -> None:
    done = call("--help", cwd=tmp_path)
    assert done.returncode == 0
    for name in (
        "run",
        "demo",
        "status",
        "sdp",
        "clock",
        "grandmaster",
        "devices",
        "interfaces",
        "import",
        "configure",
    ):
        assert f"\n  {name} " in done.stdout
        one = call(name, "--help", cwd=tmp_path)
        assert one.returncode == 0
        assert f"aes67-sender {name}" in one.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--frobnicate"], "No such option"),
        (["fly"], "No such command"),
        (["run", "--duration", "soon"], "not a valid float"),
        (["clock", "--domain", "128"], "0<=x<=127"),
        (["grandmaster", "--priority1", "256"], "0<=x<=255"),
        (["import"], "Missing argument 'OLD'"),
        (["sdp", "--profile", "vhs"], "dante"),
    ],
)
def test_wrong_usage_is_one_sentence_one_hint_and_exit_code_2(
    tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    done = call(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    error, hint = done.stderr.splitlines()
    assert error.startswith("Error: ")
    assert sentence in error
    assert hint.startswith("Hint: See `aes67-sender")
    assert hint.endswith("--help`.")


def test_without_command_and_config_both_ways_are_named(tmp_path: Path) -> None:
    done = call(cwd=tmp_path)
    assert done.returncode == 2
    assert "There is no aes67-config.json" in done.stderr
    assert "aes67-sender demo" in done.stderr
    assert '{"streams": [{"address": "239.69.1.1"}]}' in done.stderr


def test_without_command_a_config_is_run(tmp_path: Path) -> None:
    config(tmp_path, streams=[{"address": "239.69.1.1", "port": 5005}, {"address": "10.0.0.300"}])
    done = call(cwd=tmp_path)
    assert done.returncode == 2
    assert "streams[0].port" in done.stderr
    assert "streams[1].address" in done.stderr


@pytest.mark.parametrize("content", ["", "{", '{"streams": []}', '{"streamz": []}', "[]"])
def test_a_broken_config_is_explained_without_traceback(tmp_path: Path, content: str) -> None:
    (tmp_path / "aes67-config.json").write_text(content)
    for command in ("run", "sdp"):
        done = call(command, cwd=tmp_path)
        assert done.returncode == 2
        assert done.stderr.startswith("Error: aes67-config.json has ")
        assert "Traceback" not in done.stderr


def test_an_interface_that_is_not_there_is_refused(tmp_path: Path) -> None:
    config(tmp_path, interface="eth99")
    done = call("run", cwd=tmp_path, program=FAKE)
    assert done.returncode == 2
    assert "eth99" in done.stderr
    assert call("demo", "--interface", "eth99", cwd=tmp_path, program=FAKE).returncode == 2


def test_json_prints_a_snapshot_per_second_and_nothing_else(tmp_path: Path) -> None:
    config(tmp_path)
    done = call("run", "--json", "--duration", "3.5", "--no-web", cwd=tmp_path, program=FAKE)
    assert done.returncode == 0, done.stderr
    snapshots = [decode_snapshot(line.encode()) for line in done.stdout.splitlines()]
    assert 3 <= len(snapshots) <= 5
    assert snapshots[-1].state == "sending"
    assert snapshots[-1].streams[0].id == "s1"
    assert (tmp_path / "sdp-files" / "s1.sdp").exists()
    assert done.stderr == ""


def test_without_a_terminal_the_status_is_a_plain_line(tmp_path: Path) -> None:
    config(tmp_path)
    done = call("run", "--duration", "1", "--no-web", cwd=tmp_path, program=FAKE)
    assert done.returncode == 0
    assert done.stdout.count("\n") == 1
    assert "\x1b" not in done.stdout


def test_without_a_terminal_a_line_says_where_the_page_is(tmp_path: Path) -> None:
    config(tmp_path, web={"listen": "127.0.0.1:0"})
    done = call("run", "--duration", "1", cwd=tmp_path, program=FAKE)
    first, *rest = done.stdout.splitlines()
    assert re.fullmatch(r"The page: http://127\.0\.0\.1:\d+/", first)
    assert len(rest) == 1
    silent = call("run", "--duration", "1", "--json", cwd=tmp_path, program=FAKE)
    assert all(line.startswith("{") for line in silent.stdout.splitlines())


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    config(tmp_path)
    with started("run", "--json", "--no-web", cwd=tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b'{"version":1')
        process.stdout.close()
        assert process.wait(30) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_output_into_a_closed_pipe_is_quiet(tmp_path: Path) -> None:
    for arguments in (["interfaces"], ["configure", "--schema"], ["--help"]):
        with started(*arguments, cwd=tmp_path) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            assert process.wait(30) == 0
            assert process.stderr.read() == b""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("delay_s", [0.0, 0.3, 0.6, 3.0])
def test_a_signal_is_the_proper_end(tmp_path: Path, number: signal.Signals, delay_s: float) -> None:
    config(tmp_path)
    with started("run", "--json", "--no-web", cwd=tmp_path) as process:
        # Before that, the interpreter itself is being started.
        while not catches(process.pid, signal.SIGTERM):
            time.sleep(0.005)
        time.sleep(delay_s)
        process.send_signal(number)
        asked_s = time.monotonic()
        assert process.wait(30) == 0
        # A second is promised; the rest is for a machine that stalls.
        assert time.monotonic() - asked_s < 5
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()


def test_a_killed_supervisor_leaves_no_engine(tmp_path: Path) -> None:
    config(tmp_path)
    with started("run", "--json", "--no-web", cwd=tmp_path) as process:
        assert process.stdout is not None
        told = decode_snapshot(process.stdout.readline())
        while told.state != "sending":
            told = decode_snapshot(process.stdout.readline())
        engine_pid = json.loads(told.engine.realtime_why)["pid"]
        process.kill()
        process.wait()
        end_s = time.monotonic() + 30
        while Path(f"/proc/{engine_pid}/stat").exists() and time.monotonic() < end_s:
            if Path(f"/proc/{engine_pid}/stat").read_text().split()[2] == "Z":
                break
            time.sleep(0.05)
        assert time.monotonic() < end_s


def test_a_terminal_gets_a_live_picture_and_the_log_above_it(tmp_path: Path) -> None:
    config(tmp_path)
    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40"}
    process = subprocess.Popen(
        [*FAKE, "run", "-v", "--duration", "3", "--no-web"],
        cwd=tmp_path,
        stdout=follower,
        stderr=follower,
        env=environment,
    )
    os.close(follower)
    seen = b""
    while select.select([leader], [], [], 30)[0]:
        try:
            seen += os.read(leader, 65536)
        except OSError:
            break
    assert process.wait(30) == 0
    os.close(leader)
    text = seen.decode()
    assert "239.69.1.1:5004" in text
    assert "\x1b[?25l" in text  # the cursor is hidden …
    # … and shown again; a last line of the log may come behind the picture.
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")
    assert "Wrote" in text


def test_demo_needs_no_file_and_says_how_to_listen(tmp_path: Path) -> None:
    done = call("demo", "--interface", "lo", "--duration", "2", "--no-web", cwd=tmp_path, program=FAKE)
    assert done.returncode == 0, done.stderr
    assert "239.69.0.1:5004" in done.stdout
    assert str(tmp_path / "sdp-files" / "demo.sdp") in done.stdout
    assert (tmp_path / "sdp-files" / "demo.sdp").exists()
    assert not (tmp_path / "aes67-config.json").exists()


def test_status_and_sdp_ask_the_running_sender(tmp_path: Path) -> None:
    with contextlib.closing(listen("127.0.0.1", 0)) as listening:
        port = port_of(listening)
    config(tmp_path, web={"listen": f"127.0.0.1:{port}"})
    url = f"127.0.0.1:{port}"
    nobody = call("status", "--url", url, cwd=tmp_path)
    assert nobody.returncode == 3
    assert "No aes67-sender answers" in nobody.stderr
    assert "aes67-sender run" in nobody.stderr
    offline = call("sdp", cwd=tmp_path)
    assert offline.returncode == 0
    assert "names no grandmaster" in offline.stderr.replace("name no", "names no")
    assert "ptp=" not in offline.stdout
    with started("run", "--json", cwd=tmp_path) as process:
        assert process.stdout is not None
        while decode_snapshot(process.stdout.readline()).state != "sending":
            pass
        end_s = time.monotonic() + 30
        while call("status", "--json", "--url", url, cwd=tmp_path).returncode and time.monotonic() < end_s:
            time.sleep(0.1)
        as_json = call("status", "--json", "--url", url, cwd=tmp_path)
        assert decode_snapshot(as_json.stdout.encode()).state == "sending"
        assert "239.69.1.1:5004" in call("status", "--url", url, cwd=tmp_path).stdout
        assert call("sdp", cwd=tmp_path).stdout == (tmp_path / "sdp-files" / "s1.sdp").read_bytes().decode().replace(
            "\r\n", "\n"
        )
        st2110 = call("sdp", "--profile", "st2110", "-o", "out", cwd=tmp_path)
        assert st2110.returncode == 0
        written = (tmp_path / "out" / "s1.sdp").read_text()
        assert "a=source-filter" in written
        assert "ptp=IEEE1588-2008:00-1D-C1-FF-FE-12-34-56:0" in written
        second = call("run", "--duration", "5", cwd=tmp_path, program=FAKE)
        assert second.returncode == 3
        assert "Another aes67-sender is running" in second.stderr


def test_sdp_of_a_stream_that_is_not_there(tmp_path: Path) -> None:
    config(tmp_path)
    done = call("sdp", "--stream", "s9", cwd=tmp_path)
    assert done.returncode == 2
    assert "s1" in done.stderr


def test_run_converts_the_node_js_tools_file_and_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "aes67-config.json"
    path.write_text(json.dumps(NODE_JS))
    done = call("run", "--duration", "1", "--no-web", cwd=tmp_path, program=FAKE)
    assert "has been converted" in done.stderr
    assert json.loads(path.read_text())["version"] == 1
    assert json.loads((tmp_path / "aes67-config.json.bak").read_text()) == NODE_JS


def test_import_writes_a_config(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text(json.dumps(NODE_JS))
    done = call("import", "old.json", "-o", "new.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "new.json").read_text())["streams"][0]["address"] == "239.69.83.1"
    assert "Wrote new.json" in done.stdout


def test_interfaces_are_listed(tmp_path: Path) -> None:
    assert "127.0.0.1" in call("interfaces", cwd=tmp_path).stdout
    found = json.loads(call("interfaces", "--json", cwd=tmp_path).stdout)
    assert "lo" in {each["name"] for each in found}


def test_the_schema_is_json(tmp_path: Path) -> None:
    assert "streams" in json.loads(call("configure", "--schema", cwd=tmp_path).stdout)["properties"]


def test_a_grandmaster_of_no_interface_is_told_which_there_are(tmp_path: Path) -> None:
    done = call("grandmaster", "--interface", "no-such-net", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("There is no interface 'no-such-net'.") == 1
    assert "This machine has" in done.stderr


def test_an_unknown_exception_is_an_internal_error_with_its_traceback_on_demand(tmp_path: Path) -> None:
    code = (
        "import sys; from unittest import mock; from aes67_sender.cli import main;"
        "import aes67_sender.net.interfaces as interfaces;"
        "p = mock.patch.object(interfaces, 'list_interfaces', side_effect=ZeroDivisionError('oh')); p.start();"
        "sys.exit(main(sys.argv[1:]))"
    )
    program = (sys.executable, "-c")
    done = call(code, "interfaces", cwd=tmp_path, program=program)
    assert done.returncode == 4
    assert done.stderr.splitlines()[0] == "Error: Internal error: ZeroDivisionError: oh"
    assert "-vv" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Traceback" in call(code, "interfaces", "-vv", cwd=tmp_path, program=program).stderr
