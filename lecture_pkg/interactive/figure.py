"""What every moving figure shares: one piece of HTML that needs no kernel and no network.

The contract between a kind's Python and its script and style:

* **Files.** Kind `stepper` brings `static/stepper.js` and `static/stepper.css`. Both are put into
  the figure's HTML behind `figure.js` and `figure.css` and the pairs that `parts` names, so that
  an output that stands alone in an iframe (Colab) still has all it needs. Comments in them stand
  on lines of their own: those lines are left out of the page.
* **HTML.** `<figure class="lp-figure lp-KIND">` holds, in this order: the style; `.lp-still`, the
  still picture as an `<img>` (notebooks that are not trusted strip inline `<svg>`, but keep that);
  the live part, once a script has made it; `.lp-print`, which is `extra_html`; the caption; the
  data; the script.
* **Mounting.** The script calls `mount("KIND", draw)` of `figure.js` once. `draw({root, live,
  data})` fills `live`, an empty `<div class="lp-live">`; `data` is `Figure.data` as it came through
  JSON. `figure.js` finds every figure of this kind that is not alive yet, and marks it
  `data-ready` when `draw` has returned. If `draw` throws, the still picture stays.
* **What is seen when.** On screen, `.lp-still` and `.lp-print` until the figure is alive,
  `.lp-live` from then on. In print, without script, and in a notebook that is not trusted:
  `.lp-still` and `.lp-print`. The caption always.
* **Colours.** Scripts and styles take them from the custom properties at the top of `figure.css`
  (`--lp-fg`, `--lp-flow`, …), which follow the page's dark mode (the book's theme, Colab,
  JupyterLab, VS Code). The still picture is an image, and cannot: its own colours must be legible
  on white and on near-black.
* **The same bytes each time.** Nothing random, no time, no address: the id is a hash of the
  content. Whatever torch computes for a figure, it computes `on_cpu`.
* **Numbers.** Long rows of them travel as text that `pack` writes and `unpack` in plane.js reads.
* **Weight.** A figure that may grow with what it is given goes through `within_budget`.
"""

from __future__ import annotations

import hashlib
import html
import json
import urllib.parse
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ..descent.objective import with_gradients
from ..values import decimals_for

BUDGET = 50_000
"""How many bytes, compressed, a figure's numbers and its still picture may take on a page."""

_LARGEST = 2.0**50  # below it a JavaScript number holds every whole number and its half

# Percent signs, angle brackets, quotes and "#" must be escaped in a data address inside HTML.
# All else may stay: base64 would be a third longer, and twice as long after gzip.
_SAFE_IN_ADDRESS = " !$()*+,-./:;=?@[]^_`{|}~"


@dataclass(frozen=True, repr=False)
class Figure:
    """One moving figure, shown by returning it from a cell.

    Args:
        kind: Names its script and style in `static/`, and its class on the page.
        label: What a screen reader calls the figure.
        data: The numbers that the script shows: anything that JSON holds, no NaN and no infinity.
        still: An SVG document, the picture that is there before any script, and in print; "" for
            a figure that is all words, in `extra_html`.
        alt: The still picture in words.
        summary: What the figure says, in a line or two of plain text.
        extra_html: HTML for readers without the script and for print; the caller escapes it.
        caption: A line of plain text under the figure, or nothing.
        parts: Other pairs of files in `static/`, such as `plane`, that its own build on.
    """

    kind: str
    label: str
    data: Any
    still: str
    alt: str
    summary: str
    extra_html: str = ""
    caption: str = ""
    parts: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        style, script = _assets(self.kind, self.parts)
        # "dark-light" tells the book's theme to leave the picture's colours alone
        image = (
            f'<img class="dark-light" src="{svg_address(self.still)}" '
            f'alt="{html.escape(self.alt)}">'
        )
        parts = [
            f"<style>{style}</style>",
            f'<div class="lp-still">{image}</div>' if self.still else "",
            f'<div class="lp-print">{self.extra_html}</div>' if self.extra_html else "",
            f"<figcaption>{html.escape(self.caption)}</figcaption>" if self.caption else "",
            f'<script type="application/json">{as_json(self.data)}</script>',
            f"<script>{script}</script>",
        ]
        inner = "\n".join(filter(None, parts))
        name = hashlib.sha256(inner.encode()).hexdigest()[:12]
        return (
            f'<figure class="lp-figure lp-{self.kind} tex2jax_ignore mathjax_ignore" '
            f'id="lp-{name}" aria-label="{html.escape(self.label)}" data-lm-suppress-shortcuts>\n'
            f"{inner}\n</figure>"
        )

    def __repr__(self) -> str:
        """What the figure says, in words."""
        return self.summary


def as_json(data: Any) -> str:
    r"""`data` as JSON that may stand inside a `<script>`, whatever its strings hold.

    >>> as_json(["</script>"])
    '["\\u003c/script>"]'
    """
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # in JSON "<" stands in strings only; without it neither "</script" nor "<!--" can be formed
    return text.replace("<", "\\u003c")


def svg_address(svg: str) -> str:
    """An SVG document as a `data:` address that may stand between double quotes in HTML.

    >>> svg_address("<svg/>")
    'data:image/svg+xml,%3Csvg/%3E'
    """
    return "data:image/svg+xml," + urllib.parse.quote(svg, safe=_SAFE_IN_ADDRESS)


@contextmanager
def on_cpu() -> Iterator[None]:
    """On the CPU and with gradients, whatever the caller has set: the same bytes everywhere."""
    with torch.device("cpu"), with_gradients():
        yield


def spread(values: npt.NDArray[Any]) -> float:
    """How far apart most of the values lie: of 100, the 10 highest and the 10 lowest left out.

    >>> spread(np.array([1e30, *range(9)]))
    7.0
    """
    tenth = len(values) // 10
    inner = np.sort(values)[tenth : len(values) - tenth]
    return float(np.ptp(inner)) or float(np.ptp(values))


def figure_decimals(width: float) -> int:
    """How many decimals a figure keeps of numbers spread over `width`.

    Four, or more where the numbers lie close; none where that would make more than 12 digits.

    >>> [figure_decimals(width) for width in (10.0, 0.02, 1e10, 1e40)]
    [4, 6, 2, 0]
    """
    return min(max(4, decimals_for(width, 10_000)), decimals_for(width, 1e12) if width else 4)


def pack(values: npt.NDArray[Any], decimals: int) -> list[str | list[float]]:
    """Write finite numbers, rounded to `decimals`, as their differences; one text for each row.

    Each difference becomes groups of five bits, the lowest first, a letter a group ("encoded
    polyline"): a path at rest is a row of one letter, which gzip makes vanish, and each number
    comes back exactly as it was rounded. A row with a number too large for that is written as
    numbers of twelve digits.

    >>> pack(np.array([[0.5, 0.25, 0.25], [-1.0, -1.0, 1e30]]), 2)
    ['cBp@?', [-1.0, -1.0, 1e+30]]
    """
    rows = np.asarray(values, float).reshape(-1, values.shape[-1])
    large = (np.abs(rows) >= _LARGEST / 10.0**decimals).any(-1)
    whole = np.rint(np.where(large[:, None], 0, rows) * 10.0**decimals).astype(np.int64)
    moves = np.diff(whole, axis=-1, prepend=0)
    unsigned = (moves << 1) ^ (moves >> 63)
    groups = unsigned[..., None] >> np.arange(0, 60, 5)
    letters = (np.where(groups >= 32, 32 | (groups & 31), groups) + 63).astype(np.uint8)
    written = groups > 0
    written[..., 0] = True
    return [
        [float(f"{number:.12g}") for number in row] if plain else text[mask].tobytes().decode()
        for row, plain, text, mask in zip(rows, large, letters, written, strict=True)
    ]


def within_budget(figures: Iterable[Figure], numbers: int, thin: str) -> Figure:
    """The first figure light enough for a page; if none is, a ValueError: how to thin the first."""
    sizes = []
    for figure in figures:
        sizes.append(len(zlib.compress((as_json(figure.data) + figure.still).encode(), 9)))
        if sizes[-1] <= BUDGET:
            return figure
    raise ValueError(
        f"a figure may put {BUDGET // 1000} kB (compressed) on its page, but this one has "
        f"{numbers:,} numbers that take {sizes[0] // 1000} kB. {thin}: about "
        f"{100 * BUDGET // sizes[0]} % of these fit."
    )


@cache
def _assets(kind: str, parts: tuple[str, ...]) -> tuple[str, str]:
    """The style and the script of a kind, each with what it shares with others before it."""
    names = ("figure", *parts, kind)
    style = "".join(_read(f"{name}.css") for name in names)
    script = "".join(_read(f"{name}.js") for name in names)
    # a scope of its own: figures of several kinds, or of several versions, share one page
    return style, f'(() => {{\n"use strict";\n{script}}})();'


def _read(name: str) -> str:
    text = (files(__package__) / "static" / name).read_text(encoding="utf-8")
    lines = (line.strip() for line in text.splitlines())
    kept = [line for line in lines if line and not line.startswith(("//", "/*"))]
    return "".join(f"{line}\n" for line in kept)
