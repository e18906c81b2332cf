"""What a capture tells its owner when it stops delivering. Importable without GStreamer."""

from __future__ import annotations

from aes67_sender.errors import SenderError


class SourceError(SenderError):
    """A source failed. ``retryable`` is false when only a change of the config or the machine can help."""

    def __init__(self, sentence: str, *, hint: str = "", retryable: bool = True) -> None:
        super().__init__(sentence, hint=hint)
        self.retryable = retryable


class DeviceError(SourceError):
    """A sentence that says which device failed; those of GStreamer do not."""


class SourceEnded(SenderError):  # noqa: N818  an end is no error, but it leaves pull() the same way
    """The source has played to its end: a file without loop, or standard input closed by its writer."""
