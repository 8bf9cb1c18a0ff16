"""`step_backward`: the backward pass, one operation at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import chain
from typing import Any
from unicodedata import east_asian_width

import torch

from .._arguments import one_of, refuse
from ..graph.backward import follow_from, pass_back
from ..graph.data import BackwardPass, Graph, Node
from ..graph.picture import Content, Frame, Line, Plate, cut, draw_svg
from ..graph.picture import title as tooltip
from ..graph.trace import check_outputs, names_apart
from ..values import format_snapshot
from .figure import Figure
from .positions import Position, broken, called, grad_lines, in_plain, is_one, positions

MOST_NODES = 75
"""A larger graph would be heavier on its page than a figure may be, and tedious to step through."""

_FRAME = Frame(
    "text{font:500 13px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;"
    "text-anchor:middle;fill:#1f2328}.lp-name{font-weight:700}.lp-value{fill:#0a5fb0}",
    margin=16,
    gap=12,
    upright=True,
)

_CAPTION = (
    "Values run down the arrows, gradients run back up (orange). "
    "Ellipses are leaves, which keep their gradient; dashed boxes are constants, which get none."
)


def step_backward(
    output: Any,
    /,
    *,
    gradient: torch.Tensor | Sequence[Any] | Mapping[str, Any] | None = None,
    calls: Sequence[str] = ("backward",),
    title: str = "",
    **named: torch.Tensor,
) -> Figure:
    """Show a backward pass as a figure to step through, forward and back.

    Args:
        output: The tensor on which `backward()` would be called.
        gradient: The v of `backward(v)`, of the output's shape. Not needed for a single number.
            A dict from names to such tensors lets the reader choose one of them.
        calls: What the code does, in order: "backward" for a call of `backward()`, "zero" for
            setting every `.grad` to zero. Gradients add up over the calls, as they do in `.grad`.
        title: A line above the usual caption.
        named: Tensors of the graph, under the names that they get in the picture.

    Returns:
        A figure that a notebook shows, and that works on a static page.

    Raises:
        TypeError, ValueError: For what `record_backward` refuses, an unknown word in `calls`,
            an empty dict, or a graph of more than 75 nodes.

    Neither a `.grad` nor the graph is touched: the pass is run apart, and always starts from
    leaves whose `.grad` is None, whatever they hold. A tensor of the graph that is given for
    another argument of this function, such as `title` or `gradient`, is just named by it.

    Example:
        >>> x = torch.tensor(5.0, requires_grad=True)
        >>> y = 3 * x**2
        >>> step_backward(y, x=x, y=y)
        Backward pass of y: mul, pow. y.backward() is done: x.grad = 30.0.
    """
    settings, names = names_apart(step_backward, named, calls=calls, title=title)
    calls, title = _checked_calls(settings[0]), settings[1]
    if not isinstance(title, str):
        refuse("title", title, "a string", TypeError)
    outputs = check_outputs(output)
    traced, gradient = follow_from(outputs, gradient, names)
    _check_size(traced.graph)
    passes = {name: pass_back(traced, outputs, v) for name, v in _choices(gradient).items()}
    return _figure(passes, calls, title)


def _figure(passes: Mapping[str, BackwardPass], calls: Sequence[str], title: str) -> Figure:
    """The figure of recorded passes through one graph, by the name of their v."""
    first = next(iter(passes.values()))
    graph = first.graph
    runs = {name: positions(p, calls, _command(p)) for name, p in passes.items()}
    told = list(runs.values())
    plain = positions(first, calls, _command(first), in_plain)
    return Figure(
        kind="stepper",
        label=title or f"{_heading(graph)}, step by step",
        data={
            "graph": graph.describe(),
            "runs": [{"name": name, "steps": _plain(run)} for name, run in runs.items()],
        },
        still=draw_svg(graph, _contents(graph, told), _plates(told), _FRAME),
        alt=_alt(graph, plain),
        summary=_summary(first, plain),
        extra_html="".join(_listing(name, run) for name, run in runs.items()),
        caption=f"{title}. {_CAPTION}" if title else _CAPTION,
    )


def _check_size(graph: Graph) -> None:
    if len(graph.nodes) > MOST_NODES:
        raise ValueError(
            f"output must come from a graph of at most {MOST_NODES} nodes to be stepped through, "
            f"but this one has {len(graph.nodes)}. Step through a part of it: cut it with "
            "detach(), or take an intermediate result. show_graph draws larger graphs."
        )


def _checked_calls(calls: Any) -> tuple[str, ...]:
    allowed = 'a list of "backward" and "zero", with at least one "backward"'
    if isinstance(calls, str) or not isinstance(calls, Sequence):
        refuse("calls", calls, allowed, TypeError)
    for call in calls:
        one_of("calls", call, ("backward", "zero"))
    if "backward" not in calls:
        refuse("calls", calls, allowed)
    return tuple(calls)


def _choices(gradient: Any) -> Mapping[str, Any]:
    """Each v by its name; one that is given alone has none."""
    if not isinstance(gradient, Mapping):
        return {"": gradient}
    allowed = "a tensor, or a dict from at least one name to a tensor"
    if not all(isinstance(name, str) for name in gradient):
        refuse("gradient", gradient, allowed, TypeError)
    if not gradient:
        refuse("gradient", gradient, allowed)
    return gradient


def _command(recorded: BackwardPass) -> str:
    """How the call reads in code: with a v, unless the output is one number and v is 1."""
    names = _results(recorded.graph)
    first = recorded.steps[0]
    v = "" if is_one(first.unhooked or first.arriving) else "v"
    return f"{names}.backward({v})" if names else f"backward({v})"


def _results(graph: Graph) -> str:
    return ", ".join(node.name for node in graph.nodes if node.kind == "output" and node.name)


def _heading(graph: Graph) -> str:
    names = _results(graph)
    return f"Backward pass of {names}" if names else "Backward pass"


def _plain(run: Sequence[Position]) -> list[dict[str, Any]]:
    """Positions as the script reads them: without the words, which stand in the list."""
    return [
        {
            key: value
            for key, value in position._asdict().items()
            if key != "words" and value != Position._field_defaults[key]
        }
        for position in run
    ]


def _listing(name: str, run: Sequence[Position]) -> str:
    """All positions in words, for print and for a page without the script."""
    items = "".join(f'<li value="{i}">{position.words}</li>' for i, position in enumerate(run))
    heading = f"<p><b>{escape(name)}</b></p>" if name else ""
    return f'{heading}<ol class="lp-steps" start="0">{items}</ol>'


def _alt(graph: Graph, run: Sequence[Position]) -> str:
    """The still picture in words: the graph, and which gradient stands on which edge."""
    flows = {edge: " ".join(lines) for p in run for edge, lines in p.leaving.items()}
    ends = {edge: (graph.edges[edge].target, graph.edges[edge].source) for edge in flows}
    told = ", ".join(
        f"{called(graph.nodes[ends[edge][0]])} to {called(graph.nodes[ends[edge][1]])} {text}"
        for edge, text in flows.items()
    )
    gradients = f"Gradients on the arrows, from the output back: {told}."
    return f"{graph.describe()} {gradients} {run[-1].words}"


def _summary(recorded: BackwardPass, run: Sequence[Position]) -> str:
    graph = recorded.graph
    ran = [graph.nodes[step.node] for step in recorded.steps]
    order = ", ".join(node.label for node in ran if node.kind == "operation")
    ends = [position.words for position in run[1:] if position.now is None]
    return f"{_heading(graph)}: {order}. {' '.join(ends)}"


def _contents(graph: Graph, runs: Sequence[Sequence[Position]]) -> list[Content]:
    """What stands in each node at the end of the first run, with room for all runs."""
    found = []
    waiting = {node for run in runs for position in run for node in position.waiting}
    for node in graph.nodes:
        grads = [position.leaves[node.id] for position in runs[0] if node.id in position.leaves]
        all_ = [p.leaves[node.id] for run in runs for p in run if node.id in p.leaves]
        spare = [lines for pair in all_ for lines in pair]
        if all_:
            spare.append(grad_lines(None))
        rows = max(map(len, spare), default=0)
        shown = [*(grads[-1][1] if grads else ()), *[""] * rows][:rows]
        lines = [*_lines(node), *(Line(line, "lp-sub") for line in shown)]
        wide = _room([*(line.text for line in lines), *chain(*spare)])
        # two lines lie near the middle of an ellipse, where it is wide enough without a margin
        wide -= 16 if node.kind == "leaf" and len(lines) == 2 else 0
        found.append(Content(node.kind, lines, wide, tooltip(node), node.id in waiting))
    return found


def _lines(node: Node) -> list[Line]:
    """The lines of a node that never change: its name and its value, each with its class."""
    value = format_snapshot(node.snapshot) if node.snapshot else ""
    if node.kind == "operation":
        values = [Line(text, "lp-value") for text in broken(value) if text]
        return [Line(node.label, "lp-name"), *values]
    name = cut(node.name)
    text = f"{name} = {value}" if name and value else name or value or cut(node.label)
    return [Line(line, "lp-name") for line in broken(text)]


def _plates(runs: Sequence[Sequence[Position]]) -> dict[int, Plate]:
    """What stands on each edge at the end of the first run, with room for all runs."""
    spare: dict[int, list[Sequence[str]]] = {}
    for position in (p for run in runs for p in run):
        for edge, lines in position.leaving.items():
            spare.setdefault(edge, []).append(lines)
    last = {edge: lines for position in runs[0] for edge, lines in position.leaving.items()}
    return {
        edge: Plate(last.get(edge, ()), _room(chain(*all_)), max(map(len, all_)))
        for edge, all_ in sorted(spare.items())
    }


def _room(texts: Iterable[str]) -> float:
    """How wide the longest of some texts is, in a font whose characters are all as wide."""
    columns = (sum(2 if east_asian_width(c) in "WF" else 1 for c in text) for text in texts)
    return 7.9 * max(3, *columns)
