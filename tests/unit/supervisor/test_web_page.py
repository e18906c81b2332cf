"""The files of the page: whole, from here only, and texts only as text."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest

from aes67_sender.supervisor.web_page import read_page
from unit.supervisor.webserver import MadeUpSender, visiting

if TYPE_CHECKING:
    from pathlib import Path

FILES = {name: file.content.decode() for name, file in read_page().items()}
MODULES = {name: text for name, text in FILES.items() if name.endswith(".js")}
#: What makes elements, or programs, out of texts.
MAKES_MARKUP = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|setHTML|srcdoc"
    r"|\beval\b|new Function|setTimeout\(\s*[\"'`]"
)


@pytest.mark.parametrize("name", MODULES)
def test_no_text_can_become_markup(name: str) -> None:
    assert MAKES_MARKUP.findall(MODULES[name]) == []


@pytest.mark.parametrize("name", FILES)
def test_a_file_names_no_other_host(name: str) -> None:
    found = re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"']*", FILES[name])
    assert [each for each in found if "www.w3.org/2000/svg" not in each] == []


def test_the_page_has_no_script_and_no_style_of_its_own() -> None:
    index = FILES["index.html"]
    assert re.findall(r"<script(?![^>]*\bsrc=)", index) == []
    assert re.findall(r"<style|\bstyle=|\bon\w+=", index) == []


def test_what_files_load_is_there_and_nothing_is_there_in_vain() -> None:
    loaded = {each for text in FILES.values() for each in re.findall(r"/ui/([\w.-]+)", text)}
    assert loaded == set(FILES) - {"index.html"}


def test_what_modules_take_from_each_other_exists() -> None:
    for text in MODULES.values():
        for names, module in re.findall(r"import \{ ([^}]+) \} from \"/ui/([\w.]+)\"", text):
            for each in names.split(", "):
                assert re.search(rf"export (?:const|class|(?:async )?function) {each}\b", MODULES[module]), each


def test_every_element_that_modules_look_for_is_on_the_page() -> None:
    wanted = {each for text in MODULES.values() for each in re.findall(r"byId\(\"([\w-]+)\"\)", text)}
    assert len(wanted) > 15
    assert wanted <= set(re.findall(r"\bid=\"([\w-]+)\"", FILES["index.html"]))


def test_every_control_of_the_page_has_a_label() -> None:
    index = FILES["index.html"]
    controls = re.findall(r"<(?:input|select)\b(?![^>]*\bhidden\b)[^>]*\bid=\"([\w-]+)\"", index)
    assert len(controls) >= 2
    assert set(controls) <= set(re.findall(r"<label[^>]*\bfor=\"([\w-]+)\"", index))


def test_files_are_asked_about_every_time_and_sent_once(tmp_path: Path) -> None:
    async def visit() -> None:
        async with visiting(MadeUpSender(tmp_path)) as client:
            index = await client.get("/")
            assert index.headers["content-type"] == "text/html; charset=utf-8"
            for name, text in FILES.items():
                if name == "index.html":
                    continue
                answer = await client.get(f"/ui/{name}")
                assert answer.text == text
                assert answer.headers["cache-control"] == "no-cache"
                again = await client.get(f"/ui/{name}", headers={"If-None-Match": answer.headers["etag"]})
                assert (again.status_code, again.content) == (304, b"")

    asyncio.run(visit())


@pytest.mark.parametrize("path", ["/ui/index.html", "/ui/none.js", "/ui/..%2Fweb.py", "/ui/../web.py", "/ui/", "/ui"])
def test_nothing_else_is_served(tmp_path: Path, path: str) -> None:
    async def visit() -> None:
        async with visiting(MadeUpSender(tmp_path)) as client:
            assert (await client.get(path)).status_code == 404

    asyncio.run(visit())
