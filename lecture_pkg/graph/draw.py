"""A `Graph` as a picture: SVG for the reader, DOT for other tools."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any

import torch

from .._arguments import integer, one_of, refuse
from ..values import Snapshot, format_snapshot, snapshot
from .backward import pass_back
from .data import BackwardPass, Edge, Graph, Node
from .layout import graphviz
from .operations import Lost, read_all
from .picture import LOOKS, Content, Frame, Line, Plate, cut, draw_svg, printable, text_width, title
from .trace import Traced, check_outputs, follow, names_apart

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


_STYLE = (
    "text{font:13px system-ui,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;"
    "text-anchor:middle;fill:#1f2328}.lp-name{font-weight:600}.lp-small{font-size:11px}"
    ".lp-key{text-anchor:start}"
)


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
        named: Tensors under the names that they get in the picture, as for `trace`. A tensor that
            is given for another argument of this function is also just named by it.

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
    settings, names = names_apart(
        show_graph,
        named,
        backward=backward,
        show_saved=show_saved,
        show_attrs=show_attrs,
        direction=direction,
        limit=limit,
    )
    backward, show_saved, show_attrs, direction, limit = settings
    for option, value in (("show_saved", show_saved), ("show_attrs", show_attrs)):
        if not isinstance(value, bool):
            refuse(option, value, "True or False", TypeError)
    one_of("direction", direction, ("TB", "LR"))
    limit = integer("limit", limit, at_least=1)
    outputs = check_outputs(output)
    traced = follow(outputs, names, values=True)
    _check_size(traced.graph, limit)
    recorded = pass_back(traced, outputs, None) if backward is True else _checked(backward, traced)
    graph = traced.graph if recorded is None else recorded.graph
    alt = graph.describe()
    if show_saved:
        graph, told = _with_saved(graph, traced)
        _check_size(graph, limit)
        alt += told
    if recorded is not None:
        alt += _gradients_in_words(recorded)
    lines = _all_lines(graph, recorded, _saved_numbers(traced) if show_attrs else {})
    flows = _flows(recorded)
    svg = _draw(graph, lines, flows, direction)
    return GraphPicture(
        svg, printable(alt), graph, partial(_write_dot, graph, lines, flows, direction)
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


_Lines = Sequence[Sequence[Line]]
_Flows = Mapping[int, Snapshot]


def _draw(graph: Graph, lines: _Lines, flows: _Flows, direction: str) -> str:
    """A graph as an SVG document, with a legend of the kinds of nodes that occur."""
    contents = [
        Content(
            node.kind,
            lines[node.id],
            max(text_width(t, 11 if style == "lp-small" else 13) for t, style in lines[node.id]),
            title(node),
        )
        for node in graph.nodes
    ]
    arrow = "↑" if direction == "TB" else "←"
    texts = {i: f"{arrow} {_short(value)}" for i, value in flows.items()}
    plates = {i: Plate([text], text_width(text)) for i, text in texts.items()}
    return draw_svg(graph, contents, plates, Frame(_STYLE, 6, direction, legend=True))


def _write_dot(graph: Graph, lines: _Lines, flows: _Flows, direction: str) -> str:
    """A graph in Graphviz's language, the same text in every process."""
    parts = [
        "digraph {",
        f'  rankdir={direction}; node [fontname="sans-serif" style=filled fontcolor="#1f2328"];',
        '  edge [fontname="sans-serif" color="#7d8590" fontcolor="#7d8590"];',
    ]
    for node in graph.nodes:
        label = "\\n".join(_quoted(line.text) for line in lines[node.id])
        look = LOOKS[node.kind]
        colours = f'fillcolor="{look.fill}" color="{look.stroke}"'
        parts.append(f'  n{node.id} [label="{label}" {look.dot} {colours}];')
    for i, edge in enumerate(graph.edges):
        label = f' [label="{_quoted(_short(flows[i]))}"]' if i in flows else ""
        parts.append(f"  n{edge.source} -> n{edge.target}{label};")
    return "\n".join([*parts, "}", ""])


def _quoted(text: str) -> str:
    """Text inside a DOT label: Graphviz reads backslashes, quotes and entities there."""
    text = " ".join(printable(text).split())
    for character, escaped in (("&", "&amp;"), ("\\", "\\\\"), ('"', '\\"')):
        text = text.replace(character, escaped)
    return text


def _short(value: Snapshot) -> str:
    return format_snapshot(value, _MOST_NUMBERS)


def _all_lines(
    graph: Graph, backward: BackwardPass | None, more: Mapping[int, Sequence[str]]
) -> list[list[Line]]:
    """What stands in each node: its name, its value, `more` and its gradient."""
    ends = backward.gradients if backward is not None else {}
    found = []
    for node in graph.nodes:
        value = _short(node.snapshot) if node.snapshot is not None else ""
        named = node.name or node.kind in ("operation", "output", "saved")
        first = cut(node.label if named else value or node.label)
        lines = [Line(first, "lp-name"), *([Line(value)] if value and value != first else [])]
        lines += [Line(cut(text, 40), "lp-small") for text in more.get(node.id, ())]
        if node.id in ends:
            lines.append(Line(f"grad = {_short(ends[node.id])}", "lp-sub"))
        found.append(lines)
    return found


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


def _checked(backward: Any, traced: Traced) -> BackwardPass | None:
    """A pass that was recorded before, if it is one through this graph."""
    if backward is None or backward is False:
        return None
    if not isinstance(backward, BackwardPass):
        refuse("backward", backward, "True, or what record_backward returned", TypeError)
    if [n.grad_fn for n in backward.graph.nodes] != [n.grad_fn for n in traced.graph.nodes]:
        refuse("backward", backward, "a pass recorded from the same output with the same names")
    return backward


def _gradients_in_words(backward: BackwardPass) -> str:
    nodes = backward.graph.nodes
    told = [f"{nodes[i].label} {_short(value)}" for i, value in backward.gradients.items()]
    return f" Gradients: {', '.join(told)}." if told else ""


def _saved(traced: Traced) -> Iterator[tuple[Node, str, Any]]:
    """What operations saved, tensors in tuples one by one: the node, the name and the value."""
    for node in traced.graph.nodes:
        if node.kind == "operation":
            for name, value in read_all(traced.functions[node.id]).items():
                if isinstance(value, list | tuple) and any(
                    isinstance(item, torch.Tensor) for item in value
                ):
                    yield from ((node, f"{name}[{i}]", item) for i, item in enumerate(value))
                else:
                    yield node, name, value


def _with_saved(graph: Graph, traced: Traced) -> tuple[Graph, str]:
    """The graph with a node for each saved tensor, and what they are in words."""
    nodes, edges, told = list(graph.nodes), list(graph.edges), []
    for operation, name, value in _saved(traced):
        if not isinstance(value, torch.Tensor | Lost):
            continue
        held = snapshot(value) if isinstance(value, torch.Tensor) else None
        lost = f": {value.why}" if isinstance(value, Lost) else ""
        label = f"saved {name}{lost}"
        edges.append(Edge(len(nodes), operation.id, -1))
        nodes.append(Node(len(nodes), "saved", label, "", "", held))
        equals = f" = {_short(held)}" if held is not None else ""
        told.append(f"{operation.label}: {label}{equals}")
    words = f" Saved for the backward pass: {'; '.join(told)}." if told else ""
    return Graph(tuple(nodes), tuple(edges)), words


def _saved_numbers(traced: Traced) -> dict[int, list[str]]:
    """The plain numbers that operations saved, by id of the node."""
    found: dict[int, list[str]] = {}
    for node, name, value in _saved(traced):
        if value is not None and not isinstance(value, torch.Tensor | Lost):
            text = f"{name.replace('_sym_', ' ')} = {_plain(value)}"
            found.setdefault(node.id, []).append(text)
    return found


def _plain(value: Any) -> str:
    """A saved number; negative ones come out of C++ as huge ones."""
    if isinstance(value, int) and value >= 2**63:
        return str(value - 2**64)
    return "end" if value == 2**63 - 1 else str(value)
