"""``configure``: what a config file may hold."""

from __future__ import annotations

import json

import click

from aes67_sender.cli.options import verbose_option


@click.command()
@click.option("--schema", is_flag=True, required=True, help="Print the JSON schema of aes67-config.json.")
@verbose_option
def configure(*, schema: bool) -> None:  # noqa: ARG001  required, so it is always given
    """Print the JSON schema of the config file, for editors that check it."""
    from aes67_sender.config.schema import json_schema

    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))
