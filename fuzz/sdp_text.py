"""The SDP parser on any octets: the same octets again and an answer to every question, or its one error."""

from __future__ import annotations

from typing import Final

from support.wire_checks import check_sdp as check

__all__ = ["SEEDS", "check"]

_DANTE: Final = b"""v=0
o=- 278034 278037 IN IP4 10.1.1.22
s=BOOTH : 2
i=2 channels: Left, Right
c=IN IP4 239.69.165.50/32
t=0 0
a=keywds:Dante
m=audio 5004 RTP/AVP 97
a=recvonly
a=rtpmap:97 L24/48000/2
a=ptime:1
a=ts-refclk:ptp=IEEE1588-2008:02-1D-C1-FF-FE-52-28-80:0
a=mediaclk:direct=1266592257 rate=1000/1001
"""
_TWO_NETWORKS: Final = b"""v=0\r
o=Studio Node 1 1 IN IP4 10.1.1.23\r
s=A\r
t=0 0\r
a=group:DUP 1 2\r
a=ts-refclk:localmac=02-1D-C1-52-28-80\r
m=audio 5004/2 RTP/AVP 10 98\r
c=IN IP4 239.1.0.1/15/2\r
a=source-filter: incl IN IP4 * 10.1.1.23 10.1.1.24\r
a=ssrc-group:DUP 1000 1010\r
a=rtpmap:98 L24/48000/8\r
a=fmtp:98 channel-order=SMPTE2110.(51,U02)\r
a=clock-domain:PTPv2 0\r
a=sync-time:0\r
a=framecount:48:48000\r
a=maxptime:1.33333\r
a=mid:1\r
m=audio 5004 RTP/AVP 98\r
c=IN IP6 ff15::101/3\r
a=rtpmap:98 L16/44100\r
a=ts-refclk:ntp=/traceable/\r
a=ts-refclk:ptp=IEEE1588-2008:traceable\r
a=mediaclk:sender\r
a=mid:2"""
SEEDS: Final = (_DANTE, _TWO_NETWORKS)
