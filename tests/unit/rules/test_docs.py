"""The documentation is whole: every link leads somewhere, and what is named in it exists."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.repository import PACKAGE, ROOT, code_blocks, modules, pages

DOCS = ROOT / "docs"
CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
PATH = re.compile(r"[\w./-]+\.(?:py|toml|sh)|(?:tests|bench|fuzz|scripts|src)/[\w/-]*")
LOADED = re.compile(r"<(?:script|link|img)\b[^>]*\b(?:src|href)=\"(?:https?:)?//")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join((str(ROOT / "src"), os.environ.get("PYTHONPATH", "")))
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, timeout=100, check=False
    )


def copy_of_the_pages(folder: Path) -> Path:
    return Path(shutil.copytree(DOCS, folder / "docs"))


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    """The site as `make docs` makes it, any warning being an error."""
    site = folder.parent / "site"
    return run("-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going", str(folder), str(site))


def test_the_site_can_be_built_and_no_link_leads_nowhere(tmp_path: Path) -> None:
    done = build(copy_of_the_pages(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    site = {page.stem: page.read_text() for page in (tmp_path / "site").glob("*.html")}
    assert {page.stem for page in pages()} <= set(site)
    # Whoever reads it where there is no internet misses nothing.
    assert [name for name, text in site.items() if LOADED.search(text)] == []


def test_links_that_lead_nowhere_are_found(tmp_path: Path) -> None:
    folder = copy_of_the_pages(tmp_path)
    page = folder / "verify.md"
    broken = (
        "[a](no-page.md)",
        "[b](#no-heading-here)",
        "[c](config.md#no-heading-there)",
        "![d](images/no-picture.svg)",
    )
    page.write_text("\n\n".join((page.read_text(), *broken)))
    done = build(folder)
    assert done.returncode != 0
    for what in ("no-page", "no-heading-here", "no-heading-there", "no-picture"):
        assert re.search(rf"verify\.md.*{what}", done.stderr), done.stderr


def test_the_pages_made_from_the_code_are_current() -> None:
    done = run(str(ROOT / "scripts" / "reference.py"), "--check")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_path_that_is_named_exists(page: Path) -> None:
    named = {text for text in CODE.findall(page.read_text()) if PATH.fullmatch(text)}
    places = (ROOT, PACKAGE, DOCS)
    assert [name for name in sorted(named) if not any((place / name).exists() for place in places)] == []


def test_the_architecture_names_the_folders_of_the_package_and_no_others() -> None:
    named = {text for text in CODE.findall((DOCS / "architecture.md").read_text()) if re.fullmatch(r"\w+/", text)}
    folders = {f"{path.name}/" for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert named - {f"{path.name}/" for path in ROOT.iterdir()} == folders


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_web_address_of_the_sender_that_is_named_exists(page: Path) -> None:
    known = re.findall(r"^## \w+ `([^`]+)`", (DOCS / "rest.md").read_text(), re.MULTILINE)
    known += ["/api/openapi.json"]
    patterns = [re.sub(r"\\{\w+\\}", "[^/ ]+", re.escape(path)) for path in known]
    named = re.findall(r"/api/[\w./{}-]*[\w}]", page.read_text())
    assert [name for name in named if not any(re.fullmatch(pattern, name) for pattern in patterns)] == []


def test_every_problem_that_is_explained_can_occur() -> None:
    text = (DOCS / "troubleshooting.md").read_text()
    rows = [line.split("|")[1] for line in text.partition("## Messages of this program")[2].splitlines() if "|" in line]
    codes = {code for row in rows for code in CODE.findall(row)}
    assert len(codes) > 20
    source = "".join(path.read_text() for path in modules())
    states = re.findall(r'^    "([a-z-]+)": "', (PACKAGE / "engine" / "clock" / "report.py").read_text(), re.MULTILINE)
    told = {code for code in codes if f'"{code}"' in source} | {f"clock.{state}" for state in states}
    assert codes - told == set()


def test_the_config_for_pipewire_is_the_one_that_is_tested() -> None:
    test = (ROOT / "tests" / "peers" / "test_pipewire.py").read_text()
    tested = re.findall(r'^MODULES = """\n(.*?)"""', test, re.MULTILINE | re.DOTALL)
    shown = code_blocks((DOCS / "receivers.md").read_text(), "text")
    assert tested
    assert set(tested) <= set(shown)


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "CONTRIBUTING.md"], ids=lambda page: page.name)
def test_links_from_the_front_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    assert [link for link in links if not (ROOT / link).exists()] == []
