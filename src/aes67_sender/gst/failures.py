"""Error messages on the bus, as records, and as sentences for the user."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import Final

from aes67_sender.gst.binding import Gst
from aes67_sender.gst.errors import SourceError

MORE_DECODERS: Final = (
    "Install more decoders with: sudo apt install gstreamer1.0-plugins-good gstreamer1.0-plugins-bad "
    "gstreamer1.0-libav; or convert it to WAV or FLAC."
    if sys.platform == "linux"
    else "Convert it to WAV or FLAC."
)
#: How the debug text of a missing-plugin error names what is missing; only for display.
_MISSING: Final = re.compile(r"Missing decoder: (.*) \((audio|video|text|image|application)/")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a pipeline failed: a sentence, its remedy, and whether trying again can help."""

    sentence: str
    hint: str = ""
    retryable: bool = True

    def to_error(self) -> SourceError:
        """A new exception each time, because one instance must not be raised in two threads."""
        return SourceError(self.sentence, hint=self.hint, retryable=self.retryable)


def read_failure(message: Gst.Message) -> Failure:
    """The failure an error message on the bus stands for."""
    error, debug = message.parse_error()
    element = message.src.get_name() or "GStreamer"
    return explain(error.domain, error.code, error.message, element=element, debug=debug or "")


def explain(domain: str, code: int, text: str, *, element: str, debug: str) -> Failure:
    """Translate GStreamer's error; those without a better sentence keep GStreamer's own words."""
    text = text.strip().rstrip(".")
    match domain:
        case "gst-core-error-quark" if code == Gst.CoreError.MISSING_PLUGIN:
            return _explain_missing(_MISSING.findall(debug))
        case "gst-core-error-quark" if code == Gst.CoreError.NEGOTIATION:
            return _mismatch(element)
        case "gst-stream-error-quark":
            return _explain_stream(code, text, element, debug)
        case "gst-resource-error-quark":
            return _explain_resource(code, text, element, debug)
        case _:
            return Failure(f"{element}: {text}.", debug)


def _explain_missing(missing: list[tuple[str, str]]) -> Failure:
    """``missing``: names of formats, and what kind of stream each is."""
    sound = [name for name, kind in missing if kind not in ("video", "image", "text")]
    if missing and not sound:
        return Failure("The file holds pictures but no sound.", "Choose another file.", retryable=False)
    what = f"{' and '.join(sound)} needs a decoder that is not installed" if sound else "a decoder is missing"
    return Failure(f"GStreamer cannot play this file: {what}.", MORE_DECODERS, retryable=False)


def _explain_stream(code: int, text: str, element: str, debug: str) -> Failure:
    if code in (Gst.StreamError.TYPE_NOT_FOUND, Gst.StreamError.WRONG_TYPE):
        return Failure("This is not audio in any format that GStreamer knows.", MORE_DECODERS, retryable=False)
    if code == Gst.StreamError.CODEC_NOT_FOUND:
        return Failure("GStreamer has no decoder for this audio.", MORE_DECODERS, retryable=False)
    if code == Gst.StreamError.FAILED and "not-negotiated" in debug:
        return _mismatch(element)
    if code in (Gst.StreamError.DECODE, Gst.StreamError.DEMUX) or "GstDecodeBin" in debug:
        return Failure("The file is damaged and cannot be decoded.", "Choose another file.", retryable=False)
    return Failure(f"{element}: {text}.", debug)


def _explain_resource(code: int, text: str, element: str, debug: str) -> Failure:
    if "Jack server shutdown" in debug:
        return Failure("The JACK server has ended.", "Start it again; the sender then connects by itself.")
    if code in (Gst.ResourceError.NOT_FOUND, Gst.ResourceError.OPEN_READ, Gst.ResourceError.BUSY):
        # A device or file that is not there now may come.
        return Failure(f"{text}.", "It is tried again; check that the device or file is there and may be read.")
    return Failure(f"{element}: {text}.")


def _mismatch(element: str) -> Failure:
    return Failure(
        f"{element} cannot give the number of channels or the format that was asked for.",
        "Set the source's channels to what it really has.",
        retryable=False,
    )
