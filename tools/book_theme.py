"""Sphinx extension: the theme without what no page uses, and pictures that do not hold pages up.

A chapter says under its title how long it takes to read. Pages get a foot that says what they ran
on; the build passes the two settings `ran_on` (in words) and `revision`, without which there is no
foot. Pictures keep their place free while they load, and all but a page's first load when the
reader comes near them.
"""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from docutils import nodes
from sphinx.util.docutils import SphinxDirective
from sphinx.util.images import get_image_size

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config

_PICTURE = re.compile(r'<img (?P<rest>[^>]*src="(?:\.\./)*_images/(?P<name>[^"]+)")')
_WORDS_A_MINUTE = 150  # of text, code and outputs alike: code is read more slowly than prose
_CHAPTER = re.compile(r"/\d\d_\w+$")
_UNREAD = re.compile(r"<(script|style|svg|details)\b.*?</\1>|<(?!/?span\b)[^>]*>", re.S)
_WITHIN_WORDS = re.compile(r"<[^>]*>")  # of code: a colour for each piece of it
_TEMPLATES = Path(__file__).resolve().parent / "templates"


def _prefer_own_templates(app: Sphinx, config: Config) -> None:
    config.templates_path = [str(_TEMPLATES), *config.templates_path]


def _finish(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    containers = doctree.findall(nodes.container) if doctree else ()
    context["has_outputs"] = any(c.get("nb_element") == "cell_code_output" for c in containers)
    if pagename == "search":
        context["messages"] = _messages(app)
    if context["has_outputs"]:
        app.add_js_file("ask_first.js", loading_method="defer")
    context["ran_on"] = app.config.ran_on
    context["revision"] = app.config.revision
    files = {name: app.srcdir / place for place, name in app.builder.images.items()}
    body = _load_late(context.get("body", ""), files)
    if _CHAPTER.search(pagename):
        words = _WITHIN_WORDS.sub("", _UNREAD.sub(" ", body)).split()
        minutes = math.ceil(len(words) / _WORDS_A_MINUTE)
        told = f'<p class="book-time">About {minutes} minutes to read.</p>'
        body = body.replace("</h1>", f"</h1>\n{told}", 1)
    context["body"] = body


def _load_late(body: str, files: Mapping[str, Path]) -> str:
    """A page's body whose pictures name their size, and come late unless they are the first."""
    count = itertools.count()

    def tag(match: re.Match[str]) -> str:
        size = get_image_size(str(files[unquote(match["name"])]))
        room = f'width="{size[0]}" height="{size[1]}" ' if size else ""
        late = 'loading="lazy" ' if next(count) else ""
        return f"<img {late}{room}{match['rest']}"

    return _PICTURE.sub(tag, body)


def _messages(app: Sphinx) -> str:
    """What the search page must know of the page of error messages, as JSON for a script."""
    page = "book/errors"
    if page not in app.env.found_docs:
        return "[]"
    found = []
    for section in app.env.get_doctree(page).findall(nodes.section):
        if any(isinstance(child, nodes.section) for child in section):
            continue
        title = section[0].astext()
        printed = "\n".join(block.astext() for block in section.findall(nodes.literal_block))
        texts = [title, *re.findall(r"^\w+(?:Error|Warning): (.+)$", printed, re.MULTILINE)]
        address = f"{app.builder.get_relative_uri('search', page)}#{section['ids'][0]}"
        found.append({"title": title, "address": address, "texts": texts})
    return json.dumps(found).replace("<", "\\u003c")


class Exercises(SphinxDirective):
    """The book's exercises, a list for each chapter: their names, and what they ask."""

    def run(self) -> list[nodes.Node]:
        from lecture_pkg import exercises
        from lecture_pkg.exercises import EXERCISES

        for module in Path(exercises.__path__[0]).glob("*.py"):
            self.env.note_dependency(str(module))
        lines: list[str] = []
        for page in sorted(filter(_CHAPTER.search, self.env.found_docs)):
            name = page.rpartition("/")[2]
            own = [task for task in EXERCISES.values() if task.chapter == name[3:]]
            lines += [f"- [](/{page}.ipynb)" for _ in own[:1]]
            lines += [f"  - `{task.name}`: {task.statement.splitlines()[0]}" for task in own]
        return self.parse_text_to_nodes("\n".join(lines))


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_config_value("ran_on", "", "html", str)
    app.add_config_value("revision", "", "html", str)
    app.add_directive("exercises", Exercises)
    app.connect("config-inited", _prefer_own_templates)
    app.connect("html-page-context", _finish)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
