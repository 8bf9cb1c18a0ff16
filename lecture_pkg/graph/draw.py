"""A `Graph` as a picture: SVG for the reader, DOT for other tools."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any

import torch

from .._arguments import integer, one_of, refuse
from ..values import Snapshot, format_snapshot
from ._saved_nodes import saved_numbers, with_saved
from .backward import record_backward
from .data import BackwardPass, Graph, Node
from .layout import graphviz
from .picture import LOOKS, Line, cut, draw_svg, printable
from .trace import follow

_MOST_NUMBERS = 3
"""Of a tensor with more numbers only the first stand in the picture."""


@dataclass(frozen=True, repr=False)
class Picture:
    """A picture that a notebook shows when a cell returns it.

    Attributes:
        svg: The picture, a whole SVG document.
        alt: The picture in words.
    """

    svg: str
    alt: str

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        address = base64.b64encode(self.svg.encode()).decode()
        # "dark-light" tells the book's theme to leave the picture's colours alone
        image = (
            f'<img class="dark-light" alt="{escape(self.alt)}" '
            f'src="data:image/svg+xml;base64,{address}" style="max-width:100%;height:auto">'
        )
        return {
            "text/html": f'<figure class="tex2jax_ignore mathjax_ignore">{image}</figure>',
            "image/svg+xml": self.svg,
            "text/plain": self.alt,
        }

    def __repr__(self) -> str:
        """The picture in words."""
        return self.alt


@dataclass(frozen=True, repr=False)
class GraphPicture(Picture):
    """A picture of a graph that `trace` read.

    Attributes:
        graph: What is drawn.
    """

    graph: Graph
    _write_dot: Callable[[], str]

    @property
    def dot(self) -> str:
        """The same graph for Graphviz and other tools."""
        return self._write_dot()


def show_graph(
    output: Any,
    /,
    *,
    backward: BackwardPass | bool | None = None,
    show_saved: bool = False,
    show_attrs: bool = False,
    direction: str = "TB",
    limit: int = 300,
    **named: torch.Tensor,
) -> GraphPicture:
    """Draw the computation graph behind `output`.

    Kinds of nodes differ in shape and colour; values are shown as far as they are known (all of
    them inside `with record():`). It works before and after `backward()`, and the picture is the
    same on every run and every machine.

    Args:
        output: A tensor that requires a gradient, or a list, tuple or dict of such tensors.
        backward: True to write gradients on the edges, or what `record_backward` returned, which
            for an output that is not a single number takes a `gradient`.
        show_saved: Whether to show the tensors that autograd keeps for the backward pass.
        show_attrs: Whether to show the plain numbers that it keeps.
        direction: "TB" draws from top to bottom, "LR" from left to right.
        limit: The largest number of nodes to draw.
        named: Tensors under the names that they get in the picture, as for `trace`. Names that
            are arguments of this function cannot name tensors.

    Returns:
        A picture that a notebook shows; its `svg`, `dot` and `alt` are text.

    Raises:
        TypeError: An argument is of the wrong type.
        ValueError: `output` has no graph, or one with more nodes than `limit`.

    Example:
        >>> x = torch.tensor(5.0, requires_grad=True)
        >>> print(show_graph(torch.sin(x), x=x).alt[:48])
        Computation graph of output = −0.9589. Leaf: x =
    """
    for name, value in (("show_saved", show_saved), ("show_attrs", show_attrs)):
        if not isinstance(value, bool):
            refuse(name, value, "True or False", TypeError)
    one_of("direction", direction, ("TB", "LR"))
    limit = integer("limit", limit, at_least=1)
    traced = follow(output, named, values=True)
    _check_size(traced.graph, limit)
    recorded = _recorded(backward, output, named, traced.graph)
    graph = traced.graph if recorded is None else recorded.graph
    alt = graph.describe()
    if show_saved:
        graph, told = with_saved(graph, traced, _MOST_NUMBERS)
        _check_size(graph, limit)
        alt += told
    attributes = saved_numbers(traced) if show_attrs else {}
    if recorded is not None:
        alt += _gradients_in_words(recorded)
    settings: Any = {"backward": recorded, "attributes": attributes, "direction": direction}
    return GraphPicture(
        to_svg(graph, **settings), printable(alt), graph, partial(to_dot, graph, **settings)
    )


def show_dot(source: Any, /, *, alt: str | None = None) -> Picture:
    """Draw what another tool wrote in Graphviz's language, where no Graphviz is installed too.

    Args:
        source: The graph's source, or an object that has it as `source`, such as what torchviz's
            `make_dot` returns.
        alt: The picture in words, for those who do not see it.

    Returns:
        A picture that a notebook shows, the same on every machine.

    Raises:
        TypeError: `source` is neither, or `alt` is no string.
        ValueError: Graphviz found no places within 10 seconds.
        RuntimeError: There is no Graphviz, or `source` is not in its language.

    Example:
        >>> show_dot("digraph { x -> sin -> y }")
        A graph of 3 nodes and 2 arrows, drawn by Graphviz.
    """
    text = source if isinstance(source, str) else getattr(source, "source", None)
    if not isinstance(text, str):
        refuse("source", source, "text in Graphviz's language, or have it as .source", TypeError)
    if not isinstance(alt, str | None):
        refuse("alt", alt, "a string", TypeError)
    svg = graphviz(text, "svg")
    nodes, arrows = (svg.count(f'class="{kind}"') for kind in ("node", "edge"))
    # titles and comments hold the names of nodes: torchviz's are addresses, others on every run
    svg = re.sub(r"<title>.*?</title>\n|<!--.*?-->\n|^<\?xml.*?(?=<svg)", "", svg, flags=re.S)
    words = f"A graph of {nodes} nodes and {arrows} arrows, drawn by Graphviz."
    return Picture(svg, printable(words if alt is None else alt))


def to_svg(
    graph: Graph,
    *,
    backward: BackwardPass | None = None,
    attributes: Mapping[int, Sequence[str]] | None = None,
    direction: str = "TB",
) -> str:
    """A graph as an SVG document, with a legend of the kinds of nodes that occur.

    Args:
        graph: What is drawn.
        backward: A pass through this graph, whose gradients stand on the edges.
        attributes: Further lines for nodes, by id.
        direction: "TB" draws from top to bottom, "LR" from left to right.
    """
    more = attributes or {}
    ends = backward.gradients if backward is not None else {}
    texts = [
        [
            *_lines(node),
            *(Line(cut(text, 40), "small") for text in more.get(node.id, ())),
            *([Line(f"grad = {_short(ends[node.id])}", "gradient")] if node.id in ends else []),
        ]
        for node in graph.nodes
    ]
    arrow = "↑" if direction == "TB" else "←"
    plates = {i: f"{arrow} {_short(value)}" for i, value in _flows(backward).items()}
    return draw_svg(graph, texts, plates, direction)


def to_dot(
    graph: Graph,
    *,
    backward: BackwardPass | None = None,
    attributes: Mapping[int, Sequence[str]] | None = None,
    direction: str = "TB",
) -> str:
    r"""A graph in Graphviz's language, the same text in every process.

    Args:
        graph: What is drawn.
        backward: A pass through this graph, whose gradients stand on the edges.
        attributes: Further lines for nodes, by id.
        direction: "TB" draws from top to bottom, "LR" from left to right.

    Example:
        >>> from lecture_pkg import trace
        >>> x = torch.tensor(5.0, requires_grad=True)
        >>> print(to_dot(trace(torch.sin(x), x=x)).splitlines()[4])
          n1 [label="x\n5.0" shape=ellipse fillcolor="#d8f3e3" color="#0b7055"];
    """
    more = attributes or {}
    ends = backward.gradients if backward is not None else {}
    lines = [
        "digraph {",
        f'  rankdir={direction}; node [fontname="sans-serif" style=filled fontcolor="#1f2328"];',
        '  edge [fontname="sans-serif" color="#7d8590" fontcolor="#7d8590"];',
    ]
    for node in graph.nodes:
        texts = [line.text for line in _lines(node)] + list(more.get(node.id, ()))
        texts += [f"grad = {_short(ends[node.id])}"] if node.id in ends else []
        label = "\\n".join(map(_quoted, texts))
        look = LOOKS[node.kind]
        colours = f'fillcolor="{look.fill}" color="{look.stroke}"'
        lines.append(f'  n{node.id} [label="{label}" {look.dot} {colours}];')
    flows = _flows(backward)
    for i, edge in enumerate(graph.edges):
        label = f' [label="{_quoted(_short(flows[i]))}"]' if i in flows else ""
        lines.append(f"  n{edge.source} -> n{edge.target}{label};")
    return "\n".join([*lines, "}", ""])


def _quoted(text: str) -> str:
    """Text inside a DOT label: Graphviz reads backslashes, quotes and entities there."""
    text = " ".join(printable(text).split())
    for character, escaped in (("&", "&amp;"), ("\\", "\\\\"), ('"', '\\"')):
        text = text.replace(character, escaped)
    return text


def _short(value: Snapshot) -> str:
    return format_snapshot(value, _MOST_NUMBERS)


def _lines(node: Node) -> list[Line]:
    value = _short(node.snapshot) if node.snapshot is not None else ""
    title = cut(node.label if node.kind == "operation" or node.name else value or node.label)
    if node.kind in ("saved", "output"):
        title = cut(node.label)
    return [Line(title, "name"), *([Line(value)] if value and value != title else [])]


def _flows(backward: BackwardPass | None) -> dict[int, Snapshot]:
    steps = backward.steps if backward is not None else ()
    return {flow.edge: flow.gradient for step in steps for flow in step.leaving}


def _check_size(graph: Graph, limit: int) -> None:
    if len(graph.nodes) > limit:
        raise ValueError(
            f"limit must be at least {len(graph.nodes)} to draw this graph, because it has so many "
            f"nodes, but it is {limit}. A picture of that size can hardly be read: draw a part of "
            "the computation, or print trace(output).describe()."
        )


def _recorded(
    backward: Any, output: Any, named: Mapping[str, torch.Tensor], graph: Graph
) -> BackwardPass | None:
    if backward is None or backward is False:
        return None
    if backward is True:
        return record_backward(output, **named)
    if not isinstance(backward, BackwardPass):
        refuse("backward", backward, "True, or what record_backward returned", TypeError)
    if [n.grad_fn for n in backward.graph.nodes] != [n.grad_fn for n in graph.nodes]:
        refuse("backward", backward, "a pass recorded from the same output with the same names")
    return backward


def _gradients_in_words(backward: BackwardPass) -> str:
    nodes = backward.graph.nodes
    told = [f"{nodes[i].label} {_short(value)}" for i, value in backward.gradients.items()]
    return f" Gradients: {', '.join(told)}." if told else ""
