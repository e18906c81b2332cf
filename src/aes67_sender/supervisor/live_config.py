"""The config of a running sender: changes by REST and by hand, judged as a whole before anything is done."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Protocol

from aes67_sender.config.findings import show_path
from aes67_sender.config.legacy import render_config, write_config
from aes67_sender.config.machine import check_machine
from aes67_sender.errors import ConfigError, SenderError
from aes67_sender.logic.change_words import NOTHING, OFF_AIR, describe
from aes67_sender.logic.changes import Changes, changes
from aes67_sender.model.problem import Problem
from aes67_sender.net.interfaces import list_interfaces
from aes67_sender.supervisor.fit import Fitted, fit

if TYPE_CHECKING:
    from aes67_sender.config.model import Config
    from aes67_sender.model.interface import Interface
    from aes67_sender.supervisor.document import Document

_log = logging.getLogger(__name__)
#: What neither those who ask for the config are told nor the engine needs; for ``model_dump``.
WITHOUT_TOKEN: Final = {"web": {"token"}}


class Running(Protocol):
    """What is sent, and where it can be changed."""

    @property
    def config(self) -> Config:
        """The config in use, its interface named."""

    @property
    def interface(self) -> Interface:
        """The interface in use."""

    @property
    def has_stdin(self) -> bool:
        """Whether sources can read standard input."""

    async def send(self, fitted: Fitted, found: Changes) -> tuple[str, ...]:
        """Send another config; what is worth telling beyond the changes."""


class LiveConfig:
    """Owns the document that the config in use was made from. Lives in the event loop; changes wait for each other."""

    def __init__(self, document: Document, running: Running) -> None:
        self.document = document
        self._running = running
        self._lock = asyncio.Lock()
        self._written: str | None = None
        self._unwritten: tuple[Problem, ...] = ()
        self._refused: tuple[Problem, ...] = ()

    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the file, and with writing it."""
        return self._refused + self._unwritten

    def data(self) -> dict[str, Any]:
        """The config in use as JSON data: complete but for the token, its paths as they were given."""
        running = self._running.config
        update = {"interface": running.interface, "clock": running.clock}
        return self.document.given.model_copy(update=update).model_dump(mode="json", exclude=WITHOUT_TOKEN)

    async def put(self, data: Any) -> tuple[str, ...]:  # noqa: ANN401  any JSON data
        """Send the config in ``data``, and write it to the file; what was done, in sentences.

        The token stays unless ``data`` has another: nobody is told it, so nobody can send it back.

        Raises:
            ConfigError: with every problem found; nothing is changed then.
        """
        async with self._lock:
            return await self._put(self._with_token(data))

    async def patch_stream(self, stream_id: str, patch: Any) -> tuple[tuple[str, ...], dict[str, Any]]:  # noqa: ANN401
        """Change some fields of one stream, and write that to the file.

        Returns:
            What was done, in sentences; and the stream as it is now, as JSON data.

        Raises:
            KeyError: no stream has this id.
            ConfigError: with every problem found; nothing is changed then.
        """
        async with self._lock:
            number = self.document.number_of(stream_id)
            if not isinstance(patch, dict):
                raise ConfigError("The fields of a stream are an object.", hint='Send for example {"mute": true}.')
            done = await self._put(self.document.with_stream(number, patch))
            return done, self.document.given.streams[number].model_dump(mode="json")

    async def take_interface(self, interface: Interface) -> None:
        """Send from another address of the same interface; SSRC and time stamps stay."""
        async with self._lock:
            running = self._running
            warnings = tuple(check_machine(running.config, [interface]))
            await running.send(Fitted(running.config, interface, warnings), Changes(new_engine=("interface",)))

    async def take_file(self, seen: str | ConfigError) -> None:
        """Send what stands in the file now; if that cannot be, go on and say so among the problems."""
        async with self._lock:
            try:
                if isinstance(seen, ConfigError):
                    raise seen
                if seen != self.document.text:
                    document = self.document.with_text(seen, self._interfaces())
                    done = await self._change(document)
                    _log.info("%s was changed: %s", document.name, " ".join(done))
            except SenderError as error:
                self._refused = self._refusal(error)
                _log.warning("%s", " ".join(problem.text for problem in self._refused))
            else:
                self._refused = ()

    async def _put(self, data: Any) -> tuple[str, ...]:  # noqa: ANN401
        document = self.document.with_data(data, self._interfaces())
        if document.given == self.document.given or data == self._with_token(self.data()):
            return (NOTHING,)
        done = await self._change(document)
        return (*done, await self._write())

    def _with_token(self, data: Any) -> Any:  # noqa: ANN401  any JSON data
        token = self.document.given.web.token
        if token is None or not isinstance(data, dict):
            return data
        web = data.get("web", {})
        return {**data, "web": {"token": token, **web}} if isinstance(web, dict) else data

    def _interfaces(self) -> list[Interface]:
        # The one in use is taken as it was: a cable unplugged for a moment must not keep anybody from changing a gain.
        present = self._running.interface
        return [present, *(each for each in list_interfaces() if each.name != present.name)]

    async def _change(self, document: Document) -> tuple[str, ...]:
        if document.given == self.document.given:
            self.document = document
            return (NOTHING,)
        running = self._running
        fitted = fit(document, self._interfaces(), present=running.interface.name)
        if document.given.clock.mode == self.document.given.clock.mode:
            # One chosen by REST for this run stays.
            clock = fitted.config.clock.model_copy(update={"mode": running.config.clock.mode})
            fitted = replace(fitted, config=fitted.config.model_copy(update={"clock": clock}))
        self._check_stdin(fitted.config)
        found = changes(running.config, fitted.config)
        done = describe(found, running.config, fitted.config)
        more = await running.send(fitted, found)
        self.document = document
        return (*((OFF_AIR,) if done == (NOTHING,) else done), *more)

    def _check_stdin(self, config: Config) -> None:
        for index, source in enumerate(config.sources):
            if source.kind == "stdin" and not self._running.has_stdin:
                text = f'Source "{source.id}" reads standard input, which this sender was not started with.'
                hint = "Restart the sender with it, or use a source of another kind."
                problem = Problem("config.stdin", "error", text, hint, f"sources[{index}].kind")
                raise ConfigError(f"{self.document.name} cannot be sent now.", problems=(problem,))

    async def _write(self) -> str:
        """Put the document into its file; what came of it, as a sentence."""
        document = self.document
        if document.path is None:
            return "There is no config file: this counts until the end of this run."
        where = show_path(document.path)
        try:
            text = render_config(document.data)
            backup = await asyncio.to_thread(write_config, document.path, document.data, expendable=self._written)
        except (ConfigError, ValueError) as error:
            hint = error.hint if isinstance(error, ConfigError) else ""
            kept = f"{error} What was changed counts until the end of this run."
            self._unwritten = (Problem("config.not-written", "warning", kept, hint),)
            _log.warning("%s", kept)
            return kept
        self._written = text
        self.document = replace(document, text=text)
        self._unwritten = self._refused = ()
        kept = f"; what was there before is kept as {backup.name}" if backup else ""
        return f"It is written to {where}{kept}."

    def _refusal(self, error: SenderError) -> tuple[Problem, ...]:
        name = self.document.name
        problems = error.problems if isinstance(error, ConfigError) else ()
        if any(problem.code == "config.no-file" for problem in problems):
            text = f"{name} is gone. The sender goes on as it is."
            return (Problem("config.file-gone", "warning", text, "Put the file back before the next start."),)
        found = problems or (Problem("", "error", str(error), error.hint),)
        return tuple(
            Problem("config.invalid", "error", f"{name} is not taken: {problem.text}", problem.hint, problem.path)
            for problem in found
        )
