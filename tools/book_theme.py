"""Sphinx extension: the theme without what no page uses, with a foot that says what pages ran on.

The build passes the two settings `ran_on` (in words) and `revision`; without them there is no foot.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config

_TEMPLATES = Path(__file__).resolve().parent / "templates"


def _prefer_own_templates(app: Sphinx, config: Config) -> None:
    config.templates_path = [str(_TEMPLATES), *config.templates_path]


def _foot(
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


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_config_value("ran_on", "", "html", str)
    app.add_config_value("revision", "", "html", str)
    app.connect("config-inited", _prefer_own_templates)
    app.connect("html-page-context", _foot)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
