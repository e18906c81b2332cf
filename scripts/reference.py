"""Writes the pages of the documentation that are made from the code: config, command line, REST.

python scripts/reference.py            writes them
python scripts/reference.py --check    says which are not current; exit code 1 if there are any
"""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from aes67_sender.cli.app import cli
from aes67_sender.cli.options import State
from aes67_sender.config.schema import render_reference
from aes67_sender.supervisor.web import make_app

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS: Final = Path(__file__).resolve().parents[1] / "docs"

_CLI_HEAD: Final = """\
# The command line

Made from the program's own help: `aes67-sender COMMAND --help` says the same.

`-h` or `--help` goes with every command, and so does `-v`: it logs more to standard error, `-vv` everything.
Standard output carries what was asked for, and nothing else.

| exit code | means |
|---|---|
| 0 | done; Ctrl-C is the proper end of what runs until Ctrl-C |
| 1 | what was checked has failed |
| 2 | wrong usage, or a config that cannot be used; all its problems are listed |
| 3 | this computer lacks something: GStreamer, a port, an interface |
| 4 | an error of the program itself; please report it with the output of `-vv` |
"""

#: What FastAPI says where nobody else does.
_SAID: Final = {
    "Successful Response": "",
    "Validation Error": "The request is not as described here; `detail` says why",
}

_REST_HEAD: Final = """\
# REST

A running sender answers at `http://127.0.0.1:8067`, or where `web.listen` in [the config](config.md#web) says. It
answers no web page of another site, and requests must name as their host `127.0.0.1`, `localhost`, the address at
which they come in, or one of `web.names`. From elsewhere, use a tunnel (`ssh -L 8067:127.0.0.1:8067 HOST`), or listen
on another address, which needs a token. The same port has [the page](page.md).

```sh
curl http://127.0.0.1:8067/api/v1/snapshot
curl -X PATCH http://127.0.0.1:8067/api/v1/streams/s1 -d '{"gain_db": -6}'
curl -X PATCH http://127.0.0.1:8067/api/v1/clock -d '{"mode": "builtin"}' -H 'Content-Type: application/json'
```

Where there is a token, every request shows it: `-H "Authorization: Bearer $AES67_SENDER_TOKEN"`. Without it the answer
is 401. No answer holds it: the config is told without it, and stays with the one it has if it is sent back so. Wrong
tokens are answered after half a second, one after the other.

```sh
curl -N http://127.0.0.1:8067/api/v1/events   # a line `data: …` with a snapshot every 80 ms
curl http://127.0.0.1:8067/metrics            # for Prometheus
```

Whoever reads events too slowly is cut off when two seconds of them wait; 24 may read at once. Prometheus is told where
the sender is, and its token if there is one (`authorization: {credentials: …}`); names end in their unit.

Changes of config and streams are written to the config file; a change of the clock lasts until the end of the run. A
request is judged as a whole: if anything is wrong, nothing is changed, and the answer says everything that is.

Keys and values are those of [the config](config.md). The OpenAPI description is at `/api/openapi.json`; this page is
made from it.
"""


def pages() -> dict[str, str]:
    """Name and text of each page."""
    return {"config.md": render_reference(), "cli.md": "\n".join(_cli()), "rest.md": "\n".join(_rest())}


def _cli() -> Iterator[str]:
    yield _CLI_HEAD
    context = click.Context(cli, info_name="aes67-sender", obj=State())
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        if command is not None:
            yield from _command(command, context, name)


def _command(command: click.Command, parent: click.Context, name: str) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=parent)
    usage = " ".join((context.command_path, *command.collect_usage_pieces(context)))
    about = inspect.cleandoc(command.help or "").split("\f")[0]
    yield from (f"## `{context.command_path.partition(' ')[2]}`", "", "```text", usage, "```", "", about, "")
    records = [
        record
        for parameter in command.get_params(context)
        if not {"--help", "--verbose"} & set(parameter.opts)
        if (record := parameter.get_help_record(context)) is not None
    ]
    if records:
        yield from ("| option | meaning | default, range |", "|---|---|---|")
        yield from (_option(*record) for record in records)
        yield ""
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            inner = command.get_command(context, each)
            if inner is not None:
                yield from _command(inner, context, each)


def _option(names: str, meaning: str) -> str:
    """One row: click puts defaults and bounds behind the meaning, in brackets."""
    found = re.fullmatch(r"(.*?)(?:\s*\[([^][]*)\])?", meaning, re.DOTALL)
    said, more = found.groups() if found else (meaning, None)
    cells = (f"`{names}`", said.replace("<", "&lt;"), more or "")
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


class _NoSender:
    """Stands for the sender: routes are made for one, but none is asked."""

    live = None

    def snapshot(self) -> None:
        """Never asked."""


def _rest() -> Iterator[str]:
    described = make_app(_NoSender()).openapi()  # type: ignore[arg-type]  # routes are only described
    yield _REST_HEAD
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield from (f"## {method.upper()} `{path}`", "", f"{operation['summary']}.", "")
            yield from _body(operation)
            yield from ("| answer | |", "|---|---|")
            yield from (_answer(code, answer) for code, answer in operation["responses"].items())
            yield ""
    yield from ("## What the answers hold", "", "`| null`: may be missing. Units stand in the names.", "")
    for name, schema in described["components"]["schemas"].items():
        if name not in {"HTTPValidationError", "ValidationError"}:
            yield from _schema(name, schema)


def _body(operation: dict[str, Any]) -> Iterator[str]:
    if body := operation.get("requestBody"):
        what = body.get("description") or _type(body["content"]["application/json"]["schema"])
        yield from (f"The request's body, in JSON: {what}.", "")


def _answer(code: str, answer: dict[str, Any]) -> str:
    kinds = [
        _type(content["schema"]) if content.get("schema") else f"`{kind}`"
        for kind, content in answer.get("content", {}).items()
        if "HTTPValidationError" not in str(content)
    ]
    said = _SAID.get(answer["description"], answer["description"])
    return f"| {code} | {'; '.join(part for part in (said, *kinds) if part)} |"


def _schema(name: str, schema: dict[str, Any]) -> Iterator[str]:
    yield from (f"### {name}", "", schema.get("description", "").strip(), "")
    yield from ("| key | value |", "|---|---|")
    for key, value in schema["properties"].items():
        yield f"| `{key}` | {_type(value)} |"
    yield ""


def _type(schema: dict[str, Any]) -> str:  # noqa: PLR0911  a return for each kind of schema
    """A type in words, with a link to what it consists of."""
    match schema:
        case {"$ref": str(reference)}:
            name = reference.rpartition("/")[2]
            return f"[{name}](#{name.lower()})"
        case {"anyOf": list(branches)}:
            return " \\| ".join(_type(branch) for branch in branches)
        case {"const": value}:
            return f"`{value}`"
        case {"enum": list(values)}:
            return ", ".join(f"`{value}`" for value in values)
        case {"type": "array", "items": dict(items)}:
            return f"list of {_type(items)}"
        case {"type": "object", "additionalProperties": dict(values)}:
            return f"object of {_type(values)}"
        case {"type": str(kind)}:
            return kind
    return "any JSON"


def main(arguments: list[str]) -> int:
    """Write the pages, or say which are not current; the exit code."""
    if arguments not in ([], ["--check"]):
        print("usage: reference.py [--check]", file=sys.stderr)
        return 2
    stale = 0
    for name, text in pages().items():
        path = DOCS / name
        # Exactly one newline at the end.
        wanted = text.rstrip("\n") + "\n"
        if path.exists() and path.read_text(encoding="utf-8") == wanted:
            continue
        stale += 1
        if arguments:
            print(f"docs/{name} is not current. Write it again: make docs")
        else:
            path.write_text(wanted, encoding="utf-8")
            print(f"docs/{name} written")
    return 1 if arguments and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
