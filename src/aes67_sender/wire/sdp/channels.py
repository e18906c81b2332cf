"""Names of a stream's channels: lists in ``i=`` lines, and ST 2110-30's ``channel-order``."""

from __future__ import annotations

import re
from typing import Final

from aes67_sender.wire.sdp.lines import clean, legible, shown

_INFORMATION: Final = re.compile(r"\s*([0-9]{1,4})\s+channels?\s*:(.*)", re.IGNORECASE)
_ORDER: Final = re.compile(r"SMPTE2110\.\(([0-9A-Za-z, ]{1,1024})\)", re.IGNORECASE)
_UNDEFINED: Final = re.compile(r"U([0-9]{2})", re.IGNORECASE)
_MAX_UNDEFINED: Final = 64
#: ST 2110-30 table 1, by the group's symbol in capitals.
_GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "M": ("Mono",),
    "DM": ("M1", "M2"),
    "ST": ("L", "R"),
    "LTRT": ("Lt", "Rt"),
    "51": ("L", "R", "C", "LFE", "Ls", "Rs"),
    "71": ("L", "R", "C", "LFE", "Lss", "Rss", "Lrs", "Rrs"),
    "222": (
        *("FL", "FR", "FC", "LFE1", "BL", "BR", "FLc", "FRc", "BC", "LFE2", "SiL", "SiR"),
        *("TpFL", "TpFR", "TpFC", "TpC", "TpBL", "TpBR", "TpSiL", "TpSiR", "TpBC", "BtFC", "BtFL", "BtFR"),
    ),
    "SGRP": ("1", "2", "3", "4"),
    "AES3": ("1", "2"),
}


def parse_channel_order(value: str) -> tuple[str, ...]:
    """The symbols in ``SMPTE2110.(ST,51,U02)``.

    Raises:
        ValueError: it is no channel order, or of a convention that is not SMPTE's.
    """
    found = _ORDER.fullmatch(value.strip())
    if not found:
        raise ValueError(f"no channel order: {shown(value)}")
    symbols = tuple(symbol.strip() for symbol in found[1].split(","))
    for symbol in symbols:
        labels(symbol)
    return symbols


def labels(symbol: str) -> tuple[str, ...]:
    """The channels of a group, in order; those of an undefined group (``U08``) have empty names.

    Raises:
        ValueError: there is no such group.
    """
    if undefined := _UNDEFINED.fullmatch(symbol):
        count = int(undefined[1])
        if 1 <= count <= _MAX_UNDEFINED:
            return ("",) * count
    elif symbol.upper() in _GROUPS:
        return _GROUPS[symbol.upper()]
    raise ValueError(f"no group of channels: {shown(symbol)}")


def channel_group(channels: int) -> str | None:
    """The one group for so many channels of which nothing more is known, if there is one."""
    if channels > _MAX_UNDEFINED:
        return None
    return {1: "M", 2: "ST"}.get(channels, f"U{channels:02}")


def parse_names(information: str, channels: int) -> tuple[str, ...] | None:
    """The names in an ``i=`` line, one for each channel, or ``None`` if the line is about something else.

    Dante writes ``2 channels: Left, Right``, older Dante without the comma; others the bare list.
    """
    text = legible(information)
    found = _INFORMATION.fullmatch(text)
    if not found:
        names = tuple(name.strip() for name in text.split(","))
        return names if len(names) == channels > 1 else None
    if int(found[1]) != channels:
        return None
    # One name may have a comma in it, a list of them may lack it.
    commas, blanks = found[2].split(",", channels - 1), found[2].split()
    listed = blanks if len(commas) < channels == len(blanks) else commas
    return (*(name.strip() for name in listed), *("",) * channels)[:channels]


def render_names(names: tuple[str, ...], channels: int) -> str:
    """``2 channels: Left, Right``, which Dante reads; a comma within a name would make two of it."""
    known = [clean(name.replace(",", " ")) for name in names[:channels]]
    known += [""] * (channels - len(known))
    numbered = (name or f"{number:02}" for number, name in enumerate(known, start=1))
    return f"{channels} channels: {', '.join(numbered)}"
