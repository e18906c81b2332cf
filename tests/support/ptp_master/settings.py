"""How the scripted grandmaster behaves; every setting may change while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Noise = Literal["garbage", "ptpv1", "other-domain", "gptp", "alternate-master"]


@dataclass(frozen=True, slots=True)
class Settings:
    """A well-behaved two-step grandmaster with AES67's intervals, unless told otherwise.

    Messages are named as in ``messages.NAMES``; ``*`` is all of them.
    """

    identity: str = "02-00-00-ff-fe-7a-10-01"
    domain: int = 0
    priority1: int = 1
    priority2: int = 128
    clock_class: int = 6
    steps_removed: int = 0
    ptp_timescale: bool = False
    utc_offset_s: int = 37
    utc_offset_valid: bool = False

    log_announce: int = 0
    log_sync: int = -3
    #: What Delay_Resp tells the followers.
    log_min_delay_req: int = 0
    two_step: bool = True
    #: P2P sends and answers Pdelay_Req and leaves Delay_Req unanswered.
    mechanism: Literal["E2E", "P2P"] = "E2E"
    delay_resp_to: Literal["group", "asker"] = "group"

    #: Nothing is sent or answered at all.
    silent: bool = False
    #: Messages no longer sent, as if that part had died.
    muted: list[str] = field(default_factory=list)
    #: Chance of each message to be lost on its way out, and of any on its way in.
    lost: dict[str, float] = field(default_factory=dict)
    deaf: float = 0.0
    #: Messages sent twice.
    doubled: list[str] = field(default_factory=list)
    #: Held back that long; not for Sync, whose stamp would tell.
    late_ms: dict[str, float] = field(default_factory=dict)
    #: Each Follow_Up is sent only after the next Sync.
    follow_up_behind: bool = False

    #: Transparent clocks: so much delay that the message claims to have had, and claims to have corrected.
    sync_correction_ns: float = 0.0
    follow_up_correction_ns: float = 0.0
    delay_resp_correction_ns: float = 0.0
    #: Queues in switches that correct nothing: mean of an exponential delay added in either direction.
    queue_us: float = 0.0

    #: Datagrams that are no business of a follower, so many of each kind a second.
    noise: list[Noise] = field(default_factory=list)
    noise_per_s: float = 20.0

    @property
    def clock(self) -> bytes:
        """The clock identity as octets."""
        return bytes.fromhex(self.identity.replace("-", ""))

    @property
    def port(self) -> bytes:
        """The port identity as octets."""
        return self.clock + b"\x00\x01"

    def chance_lost(self, name: str) -> float:
        """Of one message on its way out."""
        return self.lost.get(name, self.lost.get("*", 0.0))
