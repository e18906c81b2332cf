"""How Sphinx makes a site of these pages: `make docs`. They are plain Markdown; the list of pages is here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sphinx.application import Sphinx

#: Parts of the site, and their pages, in the order of reading; some with a shorter title for the list.
PAGES: Final = {
    "Begin": ("start-linux", "start-windows", "start-macos", "A small network <tutorial>"),
    "Use": (
        "The wizard <configure>",
        "clock-modes",
        "Receivers <receivers>",
        "The web page <page>",
        "status",
        "The service <service>",
        "windows",
    ),
    "When something is wrong": ("troubleshooting", "The doctor <doctor>", "Judging a stream <verify>"),
    "Reference": ("config", "cli", "rest"),
    "Inside": ("architecture", "Dependencies <dependencies>"),
}

project = "aes67-sender"
html_title = "aes67-sender"
extensions = ["myst_parser"]
# Links to headings, named as GitHub names them.
myst_heading_anchors = 3
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_use_index = False
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b6e75", "color-brand-content": "#0b6e75"},
    "dark_css_variables": {"color-brand-primary": "#5ec4cb", "color-brand-content": "#5ec4cb"},
}


def add_contents(_app: Sphinx, page: str, text: list[str]) -> None:
    """Give the first page its table of contents, which would be clutter where the Markdown is read as it is."""
    if page == "index":
        for part, names in PAGES.items():
            text[0] += "\n".join(("", "```{toctree}", ":hidden:", f":caption: {part}", "", *names, "```", ""))


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", add_contents)
