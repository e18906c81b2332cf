"""Judges answers by the config's own rules, and by what the receivers can take. Pure but for a look at files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from aes67_sender.config.load import parse_data
from aes67_sender.config.machine import check_machine
from aes67_sender.errors import ConfigError
from aes67_sender.model.problem import Problem
from aes67_sender.wizard.addresses import is_allowed, is_group
from aes67_sender.wizard.families import FAMILIES
from aes67_sender.wizard.plan import build
from aes67_sender.wizard.propose import propose
from aes67_sender.wizard.sound import device_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aes67_sender.wizard.facts import Answers, Facts, Given


def problems_of(facts: Facts, given: Given) -> list[Problem]:
    """All that is wrong, or worth a warning, with the answers given, completed by proposals."""
    answers = propose(facts, given)
    data = build(facts, answers)
    return [*_numbers(facts, answers), *_limits(facts, answers, data), *judged(facts, data)]


def judged(facts: Facts, data: dict[str, Any]) -> list[Problem]:
    """What the config's rules and this machine say of data."""
    try:
        config = parse_data(data, base_dir=facts.base_dir, interfaces=facts.interfaces)
    except ConfigError as error:
        return list(error.problems)
    return check_machine(config, facts.interfaces)


def about(problems: list[Problem], paths: str, *, strict: bool = False) -> list[Problem]:
    """Those whose path matches; errors only, unless ``strict``."""
    return [
        each
        for each in problems
        if (strict or each.severity == "error") and each.severity != "info" and re.fullmatch(paths, each.path)
    ]


def _numbers(facts: Facts, answers: Answers) -> Iterator[Problem]:
    size = answers.per_stream
    if size is not None and (not isinstance(size, int) or size < 1):
        text = f"{size!r} is no number of channels." if isinstance(size, str) else f"{size} channels make no stream."
        yield Problem("wizard.per-stream", "error", text, "Write a whole number, for example 8.", "per_stream")
    for index, (source, channels) in enumerate(zip(answers.sources or (), answers.channels, strict=False)):
        device = device_for(source, facts.devices)
        if device is not None and isinstance(channels, int) and channels > device.channels:
            text = f"{device.name} lists {device.channels} channel{'s' * (device.channels != 1)}, not {channels}."
            hint = "Some sound servers list fewer than they give; otherwise the source fails when it is started."
            yield Problem("wizard.device-channels", "warning", text, hint, f"sources[{index}].channels")
    if answers.sources is not None and len(answers.channels) > len(answers.sources):
        text = f"There are {len(answers.channels)} numbers of channels for {len(answers.sources)} sources."
        yield Problem("wizard.channels", "error", text, "Give one number for each source.", "sources")


def _limits(facts: Facts, answers: Answers, data: dict[str, Any]) -> Iterator[Problem]:
    family = FAMILIES[answers.profile]
    base = answers.base_address
    if base is not None and is_allowed(base) and not is_group(base):
        text = f"{base} is no multicast address, but streams for several receivers need one."
        hint = 'Choose from 239.0.0.0/8. To send to one receiver, write its address into the file as "address".'
        yield Problem("wizard.base-address", "error", text, hint, "streams[0].address")
    widths = {len(entry.get("channels", ())) for entry in data["streams"]}
    if facts.existing is not None and answers.per_stream is None:
        widths = {len(stream.channels) for stream in facts.existing.config.streams}
    if family.most_channels is not None and max(widths) > family.most_channels:
        text = f"{family.title} takes at most {family.most_channels} channels per stream."
        hint = f"Write {family.most_channels} or less."
        yield Problem("wizard.per-stream", "error", text, hint, "per_stream")
