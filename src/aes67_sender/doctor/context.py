"""What the checks are told: the wishes of the config, the interface, and how long to listen."""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from aes67_sender.config.load import load_config
from aes67_sender.config.machine import check_machine
from aes67_sender.config.model import Config
from aes67_sender.errors import ConfigError, MachineError
from aes67_sender.logic.doctor.findings import system_of
from aes67_sender.logic.doctor.network import NAME_ANOTHER, Load
from aes67_sender.logic.doctor.settings import ConfigFacts
from aes67_sender.model.packet import IP_UDP_HEADER_BYTES, RTP_HEADER_BYTES, PacketFormat
from aes67_sender.model.problem import Problem
from aes67_sender.net.interfaces import choose_interface, list_interfaces

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from aes67_sender.logic.doctor.findings import System
    from aes67_sender.model.interface import Interface

logger = logging.getLogger(__name__)
#: Ethernet header and checksum, preamble, gap between frames.
_FRAME_BYTES = 38
#: What a stream is where the config has none: 8 channels, L24, 48 kHz, 1 ms.
_USUAL = PacketFormat("L24", 48_000, 8, 1000)


@dataclass(frozen=True, slots=True)
class Context:
    """``interface`` is ``None`` where none can be chosen; ``no_interface`` then says why."""

    system: System
    seconds: float
    config_path: Path
    config: Config
    config_facts: ConfigFacts
    interfaces: tuple[Interface, ...]
    interface: Interface | None
    no_interface: Problem | None

    @property
    def usable(self) -> bool:
        """Whether something can be sent and heard by the interface."""
        found = self.interface
        return found is not None and found.up and found.address is not None and found.multicast

    @property
    def kinds(self) -> frozenset[str]:
        """Kinds of the sources."""
        return frozenset(source.kind for source in self.config.sources)

    @property
    def load(self) -> Load:
        """What the enabled streams put on the wire."""
        formats = [stream.packet_format for stream in self.config.streams if stream.enabled]
        headers = IP_UDP_HEADER_BYTES + RTP_HEADER_BYTES
        bits = sum(
            8 * (each.payload_bytes + headers + _FRAME_BYTES) / each.exact_packet_time_ms * 1000 for each in formats
        )
        return Load(bits / 1e6, max(each.payload_bytes + headers for each in formats or [_USUAL]))


def make_context(config_path: Path, *, named: bool, interface_name: str | None, seconds: float) -> Context:
    """Read what can be read; raises nothing for what stands in the config or is wrong with the machine."""
    interfaces = _interfaces()
    config, facts = _read(config_path, interfaces, named=named)
    interface, problem = _choose(interface_name or config.interface, interfaces)
    return Context(
        system=system_of(sys.platform),
        seconds=seconds,
        config_path=config_path,
        config=config,
        config_facts=facts,
        interfaces=interfaces,
        interface=interface,
        no_interface=problem,
    )


def _interfaces() -> tuple[Interface, ...]:
    try:
        return list_interfaces()
    except Exception:
        # Whatever is the matter: without interfaces there is still much to look at.
        logger.debug("the interfaces cannot be listed", exc_info=True)
        return ()


def _choose(name: str | None, interfaces: tuple[Interface, ...]) -> tuple[Interface | None, Problem | None]:
    named = next((each for each in interfaces if each.name == name), None)
    if named is not None:
        # Also one that is down, to say so.
        return named, None
    try:
        return choose_interface(name, interfaces), None
    except (ConfigError, MachineError) as error:
        hint = error.hint or NAME_ANOTHER.on("linux")
        return None, Problem("network.interface", "error", str(error), hint)


def _read(path: Path, interfaces: tuple[Interface, ...], *, named: bool) -> tuple[Config, ConfigFacts]:
    name = path.name
    try:
        config = load_config(path)
    except ConfigError as error:
        if any(problem.code == "config.no-file" for problem in error.problems):
            return Config(), ConfigFacts(name, named, exists=False)
        problems = error.problems or (Problem("config", "error", str(error), error.hint),)
        return _as_far_as_it_goes(path), ConfigFacts(name, named, exists=True, problems=problems)
    # What is wrong with the interface is said of the network.
    found = [each for each in check_machine(config, interfaces) if not _is_of_interface(each)]
    return config, ConfigFacts(name, named, True, len(config.streams), len(config.sources), found)  # noqa: FBT003


def _is_of_interface(problem: Problem) -> bool:
    return problem.path == "interface"


def _as_far_as_it_goes(path: Path) -> Config:
    """Of a broken file, the interface and the clock's domain and mode, if these are right."""
    try:
        data = json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return Config()
    wanted = _parts(data) if isinstance(data, dict) else ()
    config = Config()
    for part in wanted:
        try:
            config = Config.model_validate({**config.model_dump(include={"interface", "clock"}), **part})
        except ValidationError:
            continue
    return config


def _parts(data: dict[str, object]) -> Iterable[dict[str, object]]:
    if "interface" in data:
        yield {"interface": data["interface"]}
    clock = data.get("clock")
    if isinstance(clock, dict):
        yield {"clock": {key: clock[key] for key in ("mode", "domain", "ptp4l_socket") if key in clock}}
