"""``verify``: receive a stream and judge it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from aes67_sender.cli.options import SENDER_URL, interface_option, json_option, token_option, verbose_option

if TYPE_CHECKING:
    from aes67_sender.logic.verify.expectation import Expectation
    from aes67_sender.supervisor.client import Door


@click.command()
@click.argument("sdp", required=False)
@click.option("--stream", "stream_id", metavar="ID", help="A stream of the running sender; instead of an SDP.")
@click.option(
    "--pcap",
    "capture",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Judge a capture instead.",
)
@click.option(
    "--seconds", type=click.FloatRange(min=0.5), default=10, show_default=True, metavar="S", help="Listen for so long."
)
@interface_option
@click.option("--url", default=SENDER_URL, show_default=True, help="Where the running sender listens.")
@token_option
@json_option
@verbose_option
def verify(  # noqa: PLR0913, PLR0917  click gives every option by itself
    sdp: str | None,
    stream_id: str | None,
    capture: Path | None,
    seconds: float,
    interface_name: str | None,
    url: str,
    token: str | None,
    *,
    as_json: bool,
) -> int:
    """Receive an AES67 stream, ours or anybody's, and judge it; exit code 1 if it fails.

    SDP is a file, an http, https or rtsp URL, or - for standard input. All its streams are judged. With
    --pcap it chooses streams of the capture; without, all are judged.
    """
    if sdp is not None and stream_id is not None:
        raise click.UsageError("Give an SDP or --stream, not both.")
    if sdp is None and stream_id is None and capture is None:
        raise click.UsageError("Give an SDP, a --stream of the running sender, or a --pcap file.")
    from aes67_sender.supervisor.client import Door
    from aes67_sender.ui.verify_view import encode_verifications, verification_lines

    door = Door(url, token)
    expected = _expectations(sdp, stream_id, door)
    if capture is not None:
        from aes67_sender.verify.captured import verify_capture

        found = verify_capture(capture, expected)
    else:
        from aes67_sender.verify.live import verify_live

        found = verify_live(
            expected,
            seconds,
            interface_name=interface_name,
            sender_url=door,
            tell=lambda what: click.echo(what, err=True),
        )
    if as_json:
        click.echo(encode_verifications(found))
    else:
        from rich.console import Console

        console = Console(highlight=False)
        for number, each in enumerate(found):
            console.print(*([""] if number else []), *verification_lines(each, console.width), sep="\n")
    return 1 if any(each.verdict == "fail" for each in found) else 0


def _expectations(sdp: str | None, stream_id: str | None, door: Door) -> tuple[Expectation, ...]:
    from aes67_sender.verify.description import expectations_of, read_sdp

    if stream_id is not None:
        from aes67_sender.errors import ConfigError, WireError
        from aes67_sender.supervisor.client import fetch_sdp

        try:
            text = fetch_sdp(door, stream_id)
        except WireError as refused:
            raise ConfigError(
                f"There is no SDP of a stream {stream_id!r}: {refused}", hint="`aes67-sender status` lists its streams."
            ) from refused
        return expectations_of(text, f"The sender's stream {stream_id}")
    if sdp is not None:
        return expectations_of(read_sdp(sdp), "Standard input" if sdp == "-" else sdp)
    return ()
