"""The places where a figure is shown, each as a small page that does to its HTML what they do."""

from __future__ import annotations

import json
import re

# What Colab and JupyterLab do: set the HTML (scripts do not run then), then make each script anew.
_INSERT = """
const host = document.getElementById("host");
host.innerHTML = OUTPUT;
for (const old of host.querySelectorAll("script")) {
  const fresh = document.createElement("script");
  for (const { name, value } of old.attributes) fresh.setAttribute(name, value);
  fresh.textContent = old.textContent;
  old.replaceWith(fresh);
}
"""

# JupyterLab moves between cells with the arrow keys, unless a figure keeps them to itself.
_TAKE_ARROWS = """
window.taken = [];
document.addEventListener("keydown", (event) => {
  window.taken.push(event.key);
  if (event.key.startsWith("Arrow")) event.preventDefault();
});
"""

_BACKGROUND = {"light": "#ffffff", "dark": "#14181e"}


def page(html: str, theme: str = "light", attributes: str = "") -> str:
    """A bare page that names its theme as the book's does."""
    style = f"background:{_BACKGROUND[theme]};margin:16px auto;max-width:720px;padding:0 16px"
    return (
        f'<!doctype html><html lang="en" data-theme="{theme}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>figure</title>'
        # an icon of its own, or the browser asks the server for one
        f'<link rel="icon" href="data:,"><body style="{style}" {attributes}>{html}</body></html>'
    )


def sandboxed(html: str, theme: str = "light") -> str:
    """A page with one frame of opaque origin, whose own script inserts the HTML, as in Colab."""
    inner = f'<div id="host"></div><script>{_inserting(html)}</script>'
    frame = page(inner, theme).replace("data-theme", "theme")
    escaped = frame.replace("&", "&amp;").replace('"', "&quot;")
    return page(
        '<iframe sandbox="allow-scripts" width="100%" height="900" title="output" '
        f'srcdoc="{escaped}"></iframe>'
    )


def jupyterlab(html: str, theme: str = "light") -> str:
    """A page that inserts the HTML and takes the arrow keys, as JupyterLab does."""
    script = f"<script>{_TAKE_ARROWS}{_inserting(html)}</script>"
    attributes = f'data-jp-theme-light="{str(theme == "light").lower()}"'
    return page(f'<div id="host"></div>{script}', theme, attributes).replace("data-theme", "data-x")


def untrusted(html: str, theme: str = "light") -> str:
    """A page whose figure lost its script, style and inline SVG, as in an untrusted notebook."""
    for tag in ("script", "style", "svg"):
        html = re.sub(rf"<{tag}\b.*?</{tag}>", "", html, flags=re.S)
    return page(html, theme)


def _inserting(html: str) -> str:
    return _INSERT.replace("OUTPUT", json.dumps(html).replace("<", "\\u003c"))
