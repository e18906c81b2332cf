"""``import``: the Node.js tool's config."""

from __future__ import annotations

from pathlib import Path

import click

from aes67_sender.cli.options import verbose_option


@click.command("import")
@click.argument("old", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("aes67-config.json"),
    show_default=True,
    help="File to write; one that is there is kept as a backup.",
)
@verbose_option
def import_(old: Path, output: Path) -> None:
    """Convert OLD, the aes67-config.json of the Node.js tool, into a config of this program."""
    from aes67_sender.config.legacy import import_legacy

    notes = import_legacy(old, output)
    click.echo(f"Wrote {output}. Send with `aes67-sender run -c {output}`.")
    for note in notes:
        click.echo(f"  {note.path + ': ' if note.path else ''}{note.text} {note.hint}".rstrip())
