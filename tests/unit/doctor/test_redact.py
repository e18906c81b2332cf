"""What the report takes out, and what it leaves in."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aes67_sender.logic.doctor.findings import Finding
from aes67_sender.logic.doctor.redact import Redactor, redact


def redactor() -> Redactor:
    return Redactor(
        {"janes-pc": "host", "janedoe": "user", "Radio Jane": "name", "root": "user"}, ["/srv/jane's music"]
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("eth0 (10.77.0.2) and 10.77.0.3, then 10.77.0.2.", "eth0 (<address-1>) and <address-2>, then <address-1>."),
        ("239.69.30.1:5004 from 192.168.1.9", "<group-1>:5004 from <address-1>"),
        # Known to everybody.
        ("224.0.1.129, 127.0.0.1 and 0.0.0.0", "224.0.1.129, 127.0.0.1 and 0.0.0.0"),
        ("224.0.0.0/4", "224.0.0.0/4"),
        ("version 1.28.7, 1.2.3.4.5, 999.1.1.1", "version 1.28.7, 1.2.3.4.5, 999.1.1.1"),
        ("fe80::1c2d:3e4f%eth0 and 2001:db8::7", "<address-1> and <address-2>"),
        ("at 12:34:56 o'clock", "at 12:34:56 o'clock"),
        ("00:1d:c1:12:34:56", "00:1d:c1:…"),
        ("00-1D-C1-12-34-56", "00-1D-C1-…"),
        ("grandmaster 00-1d-c1-ff-fe-12-34-56", "grandmaster 00-1d-c1-…"),
        ("001dc1.fffe.123456", "001dc1…"),
        ("enx001dc1123456 is down", "enx… is down"),
        ("/media/janedoe/aes67/a.json, /media/janedoe/b.", "<path-1>, <path-2>."),
        (r"C:\Users\janedoe\a.json and \\server\share", "<path-1> and <path-2>"),
        ("/srv/jane's music/x.flac", "<path-1>"),
        ("sudo sysctl; /etc/sysctl.d/ and /dev/snd", "sudo sysctl; /etc/sysctl.d/ and /dev/snd"),
        ("ufw allow 319:320/udp; and/or", "ufw allow 319:320/udp; and/or"),
        ("~/.cache/gstreamer-1.0", "~/.cache/gstreamer-1.0"),
        ("https://jackaudio.org", "https://jackaudio.org"),
        ("janes-pc of JaneDoe sends Radio Jane", "<host> of <user> sends <name>"),
        # Nobody is told by these.
        ("root may", "root may"),
    ],
)
def test_a_text_tells_no_more(text: str, expected: str) -> None:
    assert redactor().text(text) == expected


def test_the_same_is_replaced_by_the_same_all_through() -> None:
    first = Finding("a.b", "ok", "10.0.0.1", "see 10.0.0.2", {"from": "10.0.0.2", "n": 3, "all": ["10.0.0.1", 7]})
    second = Finding("a.c", "ok", "10.0.0.2", facts={"packets": {"10.0.0.1": 5}, "none": None, "yes": True})
    hidden = redact([first, second], redactor())
    assert hidden[0] == Finding(
        "a.b", "ok", "<address-1>", "see <address-2>", {"from": "<address-2>", "n": 3, "all": ["<address-1>", 7]}
    )
    assert hidden[1].facts == {"packets": {"<address-1>": 5}, "none": None, "yes": True}


@given(st.ip_addresses(v=4).filter(lambda address: not str(address).startswith(("224.0.0.", "224.0.1.129"))))
def test_no_address_survives(address: object) -> None:
    public = {"0.0.0.0", "127.0.0.1", "255.255.255.255", "239.255.255.255", "239.69.1.1"}  # noqa: S104  an address to look for
    if str(address) not in public:
        assert str(address) not in redactor().text(f"before {address}, ({address}) {address}:5004 {address}/24.")


@given(
    st.lists(st.text(string.ascii_letters + string.digits + "-_.", min_size=1, max_size=12), min_size=1, max_size=4),
    st.sampled_from(["/media/", "/srv/", "/tmp/", "/mnt/", "C:\\Users\\", "D:\\"]),  # noqa: S108  names only
)
def test_no_folder_survives(parts: list[str], root: str) -> None:
    path = (root + ("\\" if "\\" in root else "/").join(parts)).rstrip(".")
    if len(path) > len(root):
        assert path not in redactor().text(f"This user cannot write to {path}, where it is.")


@given(st.text(max_size=200))
def test_whatever_the_text_nothing_fails(text: str) -> None:
    assert isinstance(redactor().text(text), str)
