"""The checks: each gathers its facts and has them judged. They know nothing of each other."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aes67_sender.doctor import places, ptp, rights, software, windows
from aes67_sender.doctor.child import ask
from aes67_sender.doctor.runner import Check
from aes67_sender.errors import SenderError
from aes67_sender.logic.doctor import (
    firewall,
    multicast,
    network,
    realtime,
    routes,
    settings,
    sound,
    storage,
)
from aes67_sender.logic.doctor import ports as port_judge
from aes67_sender.logic.doctor import ptp as ptp_judge
from aes67_sender.logic.doctor import software as software_judge
from aes67_sender.logic.doctor.findings import Finding
from aes67_sender.logic.doctor.running import judge_running
from aes67_sender.net.doctor import dscp, igmp, links, ports, streams
from aes67_sender.net.interfaces import address_towards, default_route_address
from aes67_sender.supervisor.client import door_of, fetch_snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aes67_sender.doctor.context import Context
    from aes67_sender.model.interface import Interface

_JACK_S: Final = 9.0
_USUAL_GROUP: Final = "239.69.1.1"
_USUAL_DSCP: Final = 34


def check_running(context: Context) -> Iterator[Finding]:
    """A sender that runs with this config."""
    snapshot = None
    if context.config.web.port:
        # Nobody there, or somebody else: both are said of the ports.
        with contextlib.suppress(SenderError):
            snapshot = fetch_snapshot(door_of(context.config.web))
    yield from judge_running(snapshot)


def check_config(context: Context) -> Iterator[Finding]:
    """The config file."""
    yield from settings.judge_config(context.config_facts, context.system)


def check_python(context: Context) -> Iterator[Finding]:
    """Python and wheels."""
    yield from software_judge.judge_python(software.python_facts(), context.system)


def check_gstreamer(context: Context) -> Iterator[Finding]:
    """The library and its plug-ins."""
    facts = replace(software.gstreamer_facts(), registry=str(places.registry()))
    yield from software_judge.judge_gstreamer(facts, context.system, mode=context.config.clock.mode)


def check_helper(context: Context) -> Iterator[Finding]:
    """GStreamer's PTP helper."""
    facts = software.helper_facts(ports.first_unprivileged_port())
    yield from software_judge.judge_helper(facts, context.system, mode=context.config.clock.mode)


def check_jack(context: Context) -> Iterator[Finding]:
    """Library and server; of several, the first source's server."""
    name = next((each.server_name for each in context.config.sources if each.kind == "jack"), None)
    facts = sound.JackFacts(**ask("aes67_sender.gst.jackprobe", name or "", within_s=_JACK_S))
    yield from sound.judge_jack(facts, context.system, kinds=context.kinds)


def check_devices(context: Context) -> Iterator[Finding]:
    """Access to sound devices."""
    yield from sound.judge_devices(rights.device_facts(), context.system, kinds=context.kinds)


def check_links(context: Context) -> Iterator[Finding]:
    """The interface, and those beside it."""
    chosen = context.interface
    if chosen is None:
        problem = context.no_interface
        yield Finding("network.link", "problem", problem.text if problem else "", problem.hint if problem else "")
        return
    found = {each.interface.name: each for each in links.survey_links(context.interfaces)}
    link = found.pop(chosen.name)
    if sys.platform == "win32":
        link = replace(link, saving=windows.energy_saving(chosen.name))
    yield from network.judge_link(link, context.load, context.system)
    yield from network.judge_neighbours(link, tuple(found.values()), default_route_address(), context.system)


def check_route(context: Context) -> Iterator[Finding]:
    """The system's own way for multicast."""
    interface = _usable(context)
    if interface is None:
        return
    group = next((each.address for each in context.config.streams), _USUAL_GROUP)
    address = address_towards(group) or ""
    way = next((each.name for each in context.interfaces if address and each.address == address), "")
    facts = routes.RouteFacts(group, interface.name, interface.address or "", way, address)
    yield from routes.judge_route(facts, context.system)


def check_firewall(context: Context) -> Iterator[Finding]:
    """The firewall of this computer."""
    name = context.interface.name if context.interface else ""
    yield from firewall.judge_firewall(rights.firewall_facts(name), context.system)


def check_ports(context: Context) -> Iterator[Finding]:
    """The ports of PTP and SAP."""
    right = port_judge.RightsFacts(str(Path(sys.executable).resolve()), ports.first_unprivileged_port())
    found = ports.survey_ports()
    wishes = context.config
    yield from port_judge.judge_ports(found, right, context.system, sap=wishes.announce.sap, mode=wishes.clock.mode)
    web = context.config.web
    if web.port:
        yield from port_judge.judge_web(ports.survey_web(web.host, web.port), context.system)


def check_ptp(context: Context) -> Iterator[Finding]:
    """The grandmaster, and this computer's clock against it."""
    interface = _usable(context)
    if interface is None:
        return
    facts = ptp.listen_to_ptp(interface, context.config.clock, context.seconds)
    yield from ptp_judge.judge_ptp(facts, context.system, mode=context.config.clock.mode)
    yield from ptp_judge.judge_system_clock(facts, context.system)


def check_dscp(context: Context) -> Iterator[Finding]:
    """DSCP, as it leaves."""
    interface = _usable(context)
    if interface is None:
        return
    wanted = next((each.dscp for each in context.config.streams), _USUAL_DSCP)
    facts = dscp.probe_dscp(interface, wanted)
    if sys.platform == "win32":
        facts = replace(facts, policy=windows.has_qos_policy())
    yield from multicast.judge_dscp(facts, context.system)


def check_igmp(context: Context) -> Iterator[Finding]:
    """A querier for switches that snoop."""
    interface = _usable(context)
    if interface is not None:
        yield from multicast.judge_querier(igmp.listen_for_querier(interface, context.seconds), context.system)


def check_streams(context: Context) -> Iterator[Finding]:
    """Others on our addresses."""
    interface = _usable(context)
    if interface is None:
        return
    wanted = [(each.id, each.address, each.port) for each in context.config.streams if each.enabled]
    own = {each.address for each in context.interfaces if each.address}
    for facts in streams.listen_for_others(wanted, interface, own, context.seconds):
        yield from multicast.judge_stream(facts, context.system)


def check_priority(context: Context) -> Iterator[Finding]:
    """Real-time priority."""
    yield from realtime.judge_priority(rights.priority_facts(), context.system)


def check_timer(context: Context) -> Iterator[Finding]:
    """Wake-ups."""
    yield from realtime.judge_timer(rights.timer_facts(), context.system)


def check_places(context: Context) -> Iterator[Finding]:
    """What is written to."""
    for facts in places.place_facts(context):
        yield from storage.judge_place(facts, context.system)


def _usable(context: Context) -> Interface | None:
    """Nothing is heard by an interface that is down; what is wrong with it is said elsewhere."""
    return context.interface if context.usable else None


CHECKS: Final = (
    Check("config.file", check_config),
    Check("sender.status", check_running),
    Check("software.python", check_python),
    Check("software.gstreamer", check_gstreamer, limit_s=90.0),
    Check("software.ptp-helper", check_helper),
    Check("sound.jack", check_jack),
    Check("sound.devices", check_devices),
    Check("network.link", check_links),
    Check("network.route", check_route),
    Check("network.firewall", check_firewall),
    Check("network.dscp", check_dscp),
    Check("network.igmp", check_igmp),
    Check("ports.ptp", check_ports),
    Check("ptp.grandmaster", check_ptp),
    Check("streams.address", check_streams),
    Check("realtime.priority", check_priority),
    Check("realtime.timer", check_timer, limit_s=15.0),
    Check("storage.places", check_places),
)
