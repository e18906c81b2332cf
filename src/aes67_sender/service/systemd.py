"""systemd: a unit of the system in a sandbox, or one in the session of a user."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from aes67_sender.service.plan import (
    CONFIG_NAME,
    NAME,
    WRITTEN_BY,
    ConfigFile,
    MakeFolder,
    Plan,
    RemoveFile,
    RemoveFolder,
    Run,
    WriteFile,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aes67_sender.service.plan import Program

UNIT: Final = f"{NAME}.service"
SYSTEM_UNIT: Final = f"/etc/systemd/system/{UNIT}"
STATE_FOLDER: Final = f"/var/lib/{NAME}"
CACHE_FOLDER: Final = f"/var/cache/{NAME}"
SYSTEM_CONFIG: Final = f"{STATE_FOLDER}/{CONFIG_NAME}"
#: By this a user is known to have been made for the service.
USER_COMMENT: Final = f"{NAME} service"
#: What ``ProtectHome`` hides.
_HOMES: Final = re.compile(r"/(home|root|run/user)(/|$)")
_WATCHDOG_S: Final = 30

#: How either is run: what a sender needs that reports to systemd and sends in real time.
_RUN: Final = """\
# The sender itself says when all streams are sent, what its state is, and that its engine is alive.
Type=notify
NotifyAccess=main
# Without a clock there may be nothing to send yet; `systemctl status` says what it waits for.
TimeoutStartSec=infinity
WatchdogSec={watchdog_s}
Restart=always
RestartSec=2
TimeoutStopSec=10
ExecStart={command}
WorkingDirectory={folder}
# A status line every few seconds is not for the journal. Warnings are, on standard error.
StandardOutput=null
# Packets leave by SCHED_FIFO; in a session, as far as the user's own limits allow.
LimitRTPRIO=95
LimitMEMLOCK=infinity
"""

_SYSTEM: Final = """\
# {written_by}; `aes67-sender service uninstall` removes it.
# Settings of your own go into `systemctl edit {name}`: this file is written anew by the next install.

[Unit]
Description=AES67 / ST 2110-30 sender
Wants=network-online.target
After=network-online.target sound.target
# Never to give up: an interface or a config may be put right later.
StartLimitIntervalSec=0

[Service]
{run}
User={user}
# Sound devices belong to this group.
SupplementaryGroups=audio
# Config and SDP files. REST writes to the config.
StateDirectory={name}
# Compiled code and GStreamer's list of plugins: without them each start would take long.
CacheDirectory={name}
Environment=NUMBA_CACHE_DIR=%C/{name}/numba XDG_CACHE_HOME=%C/{name}
# PrivateTmp would hide the socket at which ptp4l answers.
RuntimeDirectory={name}
Environment=TMPDIR=%t/{name}

# For the UDP ports 319 and 320 of PTP, and for SCHED_FIFO.
# Raw sockets are not used, so there is no CAP_NET_RAW. To switch on time stamps by the network interface, add
# CAP_NET_ADMIN to both lines.
AmbientCapabilities=CAP_NET_BIND_SERVICE CAP_SYS_NICE
CapabilityBoundingSet=CAP_NET_BIND_SERVICE CAP_SYS_NICE

NoNewPrivileges=yes
ProtectSystem=strict
{home}
PrivateTmp=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectProc=invisible
RestrictNamespaces=yes
RestrictSUIDSGID=yes
LockPersonality=yes
KeyringMode=private
UMask=0022
DevicePolicy=closed
DeviceAllow=char-alsa rw
DeviceAllow=char-ptp r
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
# Reads how far TAI is from UTC; to set the clock would take a capability that is not given. ProtectClock forbids both.
SystemCallFilter=adjtimex clock_adjtime
SystemCallErrorNumber=EPERM
# Must stay off: the packet path is compiled when it starts (numba), so memory becomes executable after it was written.
MemoryDenyWriteExecute=no
# Must stay off as well: real-time priority is what packets are sent with.
RestrictRealtime=no

[Install]
WantedBy=multi-user.target
"""

_SESSION: Final = """\
# {written_by} --user-session`; `aes67-sender service uninstall --user-session` removes it.
# Settings of your own go into `systemctl --user edit {name}`: this file is written anew by the next install.

[Unit]
Description=AES67 / ST 2110-30 sender
After=pipewire.service pipewire-pulse.service pulseaudio.service sound.target
StartLimitIntervalSec=0

[Service]
{run}# No NoNewPrivileges here: GStreamer's PTP helper opens ports 319 and 320 by capabilities of its file.

[Install]
WantedBy=default.target
"""


def system_unit(program: Program, user: str, config: ConfigFile) -> str:
    """The unit of the system; its config is ``SYSTEM_CONFIG``."""
    return _SYSTEM.format(
        written_by=WRITTEN_BY,
        name=NAME,
        run=_run(_command(program.run(f"%S/{NAME}/{CONFIG_NAME}"), specifiers=True), f"%S/{NAME}"),
        user=user,
        home="\n".join(_home(program, config)),
    )


def session_unit(program: Program, config_path: str) -> str:
    """The unit of a user's session; ``config_path`` is absolute."""
    return _SESSION.format(
        written_by=WRITTEN_BY.rstrip("`"),
        name=NAME,
        run=_run(_command(program.run(config_path), specifiers=False), _escaped(config_path.rpartition("/")[0] or "/")),
    )


def _run(command: str, folder: str) -> str:
    return _RUN.format(watchdog_s=_WATCHDOG_S, command=command, folder=folder)


def install_system(program: Program, user: str, config: ConfigFile | None, *, user_exists: bool) -> Plan:
    """Make user, folder, config and unit, and start it. Without a ``config`` the one that is there goes on."""
    home = ("--home-dir", STATE_FOLDER, "--no-create-home", "--shell", "/usr/sbin/nologin")
    new_user = Run(("useradd", "--system", *home, "--groups", "audio", "--comment", USER_COMMENT, user))
    return Plan(
        (
            *(() if user_exists else (new_user,)),
            MakeFolder(STATE_FOLDER, user),
            *(() if config is None else (WriteFile(SYSTEM_CONFIG, config.text, user),)),
            WriteFile(SYSTEM_UNIT, system_unit(program, user, config or ConfigFile(""))),
            *_start("systemctl"),
        ),
        () if config is None else config.notes,
    )


def install_session(program: Program, home: str, config_path: str, notes: tuple[str, ...] = ()) -> Plan:
    """Write the unit into a user's ``home`` and start it; the config stays where it is."""
    return Plan(
        (
            WriteFile(session_path(home), session_unit(program, config_path)),
            *_start("systemctl", "--user"),
        ),
        (*notes, "It runs while you are logged in. To start it with the computer: `loginctl enable-linger`."),
    )


def uninstall_system(owned_user: str | None) -> Plan:
    """Stop it and remove what ``install_system`` made, but for the config; ``owned_user`` is one made by it."""
    return Plan(
        (
            *_stop("systemctl"),
            RemoveFile(SYSTEM_UNIT),
            Run(("systemctl", "daemon-reload")),
            RemoveFolder(CACHE_FOLDER),
            *(() if owned_user is None else (MakeFolder(STATE_FOLDER, "root"), Run(("userdel", owned_user)))),
        ),
        (f"{STATE_FOLDER} with the config and the SDP files is kept.",),
    )


def uninstall_session(home: str) -> Plan:
    """Stop it and remove the unit."""
    user = ("systemctl", "--user")
    return Plan((*_stop(*user), RemoveFile(session_path(home)), Run((*user, "daemon-reload"))))


def session_path(home: str) -> str:
    """Where the unit of a user's session is."""
    return f"{home.rstrip('/')}/.config/systemd/user/{UNIT}"


def _start(*systemctl: str) -> tuple[Run, ...]:
    # Not to wait: without a clock it would be for ever.
    return (
        Run((*systemctl, "daemon-reload")),
        Run((*systemctl, "enable", UNIT)),
        Run((*systemctl, "restart", "--no-block", UNIT)),
    )


def _stop(*systemctl: str) -> tuple[Run, ...]:
    return (Run((*systemctl, "disable", "--now", UNIT), may_fail=True),)


def _home(program: Program, config: ConfigFile) -> Iterable[str]:
    """How much of home folders is seen: nothing, or what the program itself needs, or a file to be played."""
    needed = dict.fromkeys(path for path in (*program.folders, *config.readable) if _HOMES.match(path))
    yield "ProtectHome=tmpfs" if needed else "ProtectHome=yes"
    # The minus: what is not there must not keep it from starting.
    yield from (f"BindReadOnlyPaths={_quoted(f'-{path}')}" for path in needed)
    yield from (f"ReadWritePaths={_quoted(f'-{path}')}" for path in config.writable)


def _command(words: tuple[str, ...], *, specifiers: bool) -> str:
    """A command line as ExecStart wants it; with ``specifiers``, those at the start of a word keep their meaning."""
    quoted = (_quoted(word, specifiers=specifiers and word.startswith("%S/")) for word in words)
    return " ".join(quoted).replace("$", "$$")


def _quoted(word: str, *, specifiers: bool = False) -> str:
    escaped = word if specifiers else _escaped(word)
    if not re.search(r"[\s\"'\\;]", escaped):
        return escaped
    return '"' + escaped.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _escaped(text: str) -> str:
    """Without specifiers."""
    return text.replace("%", "%%")
