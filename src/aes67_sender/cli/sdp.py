"""``sdp``: the session descriptions of a config, with the clock of the running sender if there is one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from aes67_sender.cli.options import config_option, verbose_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aes67_sender.config.model import Config, StreamSettings
    from aes67_sender.model.snapshot import Snapshot

_PROFILES = ("dante", "ravenna", "st2110", "generic")


@click.command()
@config_option
@click.option("--stream", "stream_id", metavar="ID", help="This stream only.")
@click.option("--profile", type=click.Choice(_PROFILES), help="Write for these receivers, whatever the config says.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), help="Write <stream id>.sdp into this folder."
)
@verbose_option
def sdp(config_path: Path, stream_id: str | None, profile: str | None, output: Path | None) -> None:
    """Print or write the SDP of each stream.

    The grandmaster in it is the one the running sender follows; without a running sender the SDP names none.
    """
    from aes67_sender.config.load import load_config
    from aes67_sender.errors import ConfigError
    from aes67_sender.supervisor.sdp_files import write_atomically

    config = load_config(config_path)
    streams = [stream for stream in config.streams if stream_id in {None, stream.id}]
    if not streams:
        known = ", ".join(stream.id for stream in config.streams)
        raise ConfigError(f"There is no stream {stream_id!r}.", hint=f"The config has {known}.")
    for each_id, text in _texts(config, streams, profile).items():
        if output is None:
            click.echo(text, nl=False)
            continue
        path = output / f"{each_id}.sdp"
        try:
            write_atomically(path, text)
        except OSError as error:
            raise click.FileError(str(path), error.strerror) from None
        click.echo(f"Wrote {path}")


def _texts(config: Config, streams: Sequence[StreamSettings], profile: str | None) -> dict[str, str]:
    """The SDP of each stream: the running sender's own, or one that says the same of the clock."""
    from aes67_sender.logic.session import ClockReference, Origin, SdpBook
    from aes67_sender.net.interfaces import choose_interface, list_interfaces
    from aes67_sender.supervisor.client import door_of, fetch_sdp
    from aes67_sender.wire.sdp import SdpProfile

    running = _running(config)
    interface = choose_interface(config.interface, list_interfaces())
    book = SdpBook()
    wanted = next((each for each in get_args(SdpProfile) if each == profile), config.announce.sdp_profile)
    locked = running is not None and running.clock.state in {"locked", "holdover"}
    book.update(
        streams,
        Origin(interface.address or "", interface.mac, wanted),
        ClockReference(running.clock.grandmaster if running and locked else None, config.clock.domain),
        unix_s=time.time(),
    )
    texts = {stream_id: session.text for stream_id, session in book.sessions.items()}
    if running is not None and profile is None:
        # Its o= line has the version that receivers know.
        described = {stream.id for stream in running.streams if stream.sdp_version}
        for stream_id in described & texts.keys():
            texts[stream_id] = fetch_sdp(door_of(config.web), stream_id)
    return texts


def _running(config: Config) -> Snapshot | None:
    """The sender that runs with this config, if there is one."""
    from aes67_sender.errors import SenderError
    from aes67_sender.supervisor.client import door_of, fetch_snapshot

    try:
        snapshot = fetch_snapshot(door_of(config.web))
    except SenderError:
        snapshot = None
    if snapshot is not None:
        ours = {(stream.id, stream.address, stream.port) for stream in config.streams}
        if ours == {(stream.id, stream.address, stream.port) for stream in snapshot.streams}:
            return snapshot
    click.echo("This config is not being sent: its SDPs name no grandmaster.", err=True)
    return None
