"""Hypothesis strategies for what a PTP port may hear."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from aes67_sender.wire.ptp_messages import (
    Announce,
    ClockQuality,
    DelayReq,
    DelayResp,
    FollowUp,
    PdelayReq,
    PdelayResp,
    PdelayRespFollowUp,
    Sync,
)

if TYPE_CHECKING:
    from aes67_sender.wire.ptp_messages import Body
    from aes67_sender.wire.ptp_types import PortIdentity


def bodies(ports: st.SearchStrategy[PortIdentity], times: st.SearchStrategy[int]) -> st.SearchStrategy[Body]:
    """Bodies of all types that ports take part with, of and for these ports, with these times."""
    octets, shorts = st.integers(0, 255), st.integers(0, 0xFFFF)
    qualities = st.builds(ClockQuality, octets, octets, shorts)
    identities = ports.map(lambda each: each.clock)
    offsets_s = st.integers(-0x8000, 0x7FFF)
    return st.one_of(
        st.builds(Announce, st.just(0), offsets_s, octets, qualities, octets, identities, shorts, octets),
        *(st.builds(each, times) for each in (Sync, FollowUp, DelayReq, PdelayReq)),
        *(st.builds(each, times, ports) for each in (DelayResp, PdelayResp, PdelayRespFollowUp)),
    )
