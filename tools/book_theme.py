"""Sphinx extension: the theme without what no page uses, and pictures that do not hold pages up.

A chapter says under its title how long it takes to read. Pages get a foot that says what they ran
on. The build passes the two settings `ran_on` (in words)
and `revision`; without them there is no foot. Pictures keep their place free while they load, and
all but a page's first load when the reader comes near them.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from docutils import nodes
from sphinx.util.images import get_image_size

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config

_PICTURE = re.compile(r'<img (?P<rest>[^>]*src="(?:\.\./)*_images/(?P<name>[^"]+)")')
_WORDS_A_MINUTE = 150  # of text, code and outputs alike: code is read more slowly than prose
_UNREAD = re.compile(r"<(script|style|svg|details)\b.*?</\1>|<[^>]*>", re.S)
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
    context["ran_on"] = app.config.ran_on
    context["revision"] = app.config.revision
    files = {name: app.srcdir / place for place, name in app.builder.images.items()}
    body = _load_late(context.get("body", ""), files)
    if context["has_outputs"]:
        minutes = math.ceil(len(_UNREAD.sub(" ", body).split()) / _WORDS_A_MINUTE)
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


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_config_value("ran_on", "", "html", str)
    app.add_config_value("revision", "", "html", str)
    app.connect("config-inited", _prefer_own_templates)
    app.connect("html-page-context", _finish)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
