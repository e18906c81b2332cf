"""A config as its user wrote it, kept beside the one in use so that what is written back is what was given."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from aes67_sender.config.legacy import load_or_import
from aes67_sender.config.load import config_error, judge
from aes67_sender.config.read import parse_json, read_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from aes67_sender.config.model import Config
    from aes67_sender.model.interface import Interface
    from aes67_sender.model.problem import Problem


@dataclass(frozen=True, slots=True)
class Document:
    """JSON data and the ``given`` config in it, its paths as they were written.

    ``base_dir`` is where relative paths start, ``name`` what errors call it. ``path`` is the file it is kept in, if
    any, and ``text`` what stood there.
    """

    name: str
    base_dir: Path
    data: dict[str, Any]
    given: Config
    path: Path | None = None
    text: str = ""

    def with_data(self, data: Any, interfaces: Sequence[Interface] | None = None) -> Document:  # noqa: ANN401
        """The same document with other data.

        Raises:
            ConfigError: with every problem found.
        """
        return replace(self, data=data, given=judge(data, name=self.name, interfaces=interfaces))

    def with_text(self, text: str, interfaces: Sequence[Interface] | None = None) -> Document:
        """The same document with another text of its file.

        Raises:
            ConfigError: with every problem found.
        """
        data, findings = parse_json(text)
        if findings:
            raise config_error(self.name, findings)
        return replace(self.with_data(data, interfaces), text=text)

    def number_of(self, stream_id: str) -> int:
        """Where in the list a stream stands, from 0 on.

        Raises:
            KeyError: no stream has this id.
        """
        for number, stream in enumerate(self.given.streams):
            if stream.id == stream_id:
                return number
        raise KeyError(stream_id)

    def with_stream(self, number: int, patch: dict[str, Any]) -> dict[str, Any]:
        """The data, with some fields of one stream changed; it may be wrong."""
        # Left out, they would follow the width of the new source: another stream for its receivers.
        kept = {"channels": list(self.given.streams[number].channels)} if "source" in patch else {}
        streams = list(self.data["streams"])
        streams[number] = {**kept, **streams[number], **patch}
        return {**self.data, "streams": streams}


def open_document(path: Path, interfaces: Sequence[Interface]) -> tuple[Document, list[Problem]]:
    """The document in a file, and what was changed if the Node.js tool had written it.

    Raises:
        ConfigError: with every problem found.
    """
    config, notes = load_or_import(path, interfaces)
    text = read_text(path)
    # Read again, since a file just converted has another text; what counts is this one.
    return Document(path.name, path.absolute().parent, {}, config, path, text).with_text(text, interfaces), notes


def document_of(data: dict[str, Any], *, base_dir: Path, name: str) -> Document:
    """A document that is kept in no file.

    Raises:
        ConfigError: with every problem found.
    """
    return Document(name, base_dir, data, judge(data, name=name))
