"""`step_backward`: the backward pass, one operation at a time."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape, unescape
from typing import Any

import torch

from .._arguments import one_of, refuse
from ..graph.backward import record_backward
from ..graph.data import BackwardPass, Graph
from ._contents import contents, plates
from ._picture import draw_picture
from ._positions import Position, positions
from ._words import called, is_one
from .figure import Figure

MOST_NODES = 75
"""A larger graph would be heavier on its page than a figure may be, and tedious to step through."""

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
    leaves whose `.grad` is None, whatever they hold. Names that are arguments of this function
    (`gradient`, `calls`, `title`) cannot name tensors.

    Example:
        >>> x = torch.tensor(5.0, requires_grad=True)
        >>> y = 3 * x**2
        >>> step_backward(y, x=x, y=y)
        Backward pass of y: mul, pow. y.backward() is done: x.grad = 30.0.
    """
    calls = _checked_calls(calls)
    choices = _checked_choices(gradient)
    if not isinstance(title, str):
        refuse("title", title, "a string", TypeError)
    passes = {name: record_backward(output, gradient=v, **named) for name, v in choices.items()}
    return stepper(passes, calls, title)


def stepper(
    passes: Mapping[str, BackwardPass], calls: Sequence[str] = ("backward",), title: str = ""
) -> Figure:
    """The figure of recorded passes through one graph, by the name of their v."""
    graph = next(iter(passes.values())).graph
    if len(graph.nodes) > MOST_NODES:
        raise ValueError(
            f"output must come from a graph of at most {MOST_NODES} nodes to be stepped through, "
            f"but this one has {len(graph.nodes)}. Step through a part of it: cut it with "
            "detach(), or take an intermediate result. show_graph draws larger graphs."
        )
    runs = {name: positions(p, calls, _command(p)) for name, p in passes.items()}
    told = list(runs.values())
    return Figure(
        kind="stepper",
        label=title or f"{_heading(graph)}, step by step",
        data={
            "graph": graph.describe(),
            "runs": [{"name": name, "steps": _plain(run)} for name, run in runs.items()],
        },
        still=draw_picture(graph, contents(graph, told), plates(told)),
        alt=_alt(graph, told[0]),
        summary=_summary(next(iter(passes.values())), told[0]),
        extra_html="".join(_listing(name, run) for name, run in runs.items()),
        caption=f"{title}. {_CAPTION}" if title else _CAPTION,
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


def _checked_choices(gradient: Any) -> Mapping[str, Any]:
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
    v = "" if is_one(recorded.steps[0].arriving) else "v"
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
    end = _without_tags(run[-1].words)
    return f"{graph.describe()} Gradients on the arrows, from the output back: {told}. {end}"


def _summary(recorded: BackwardPass, run: Sequence[Position]) -> str:
    graph = recorded.graph
    ran = [graph.nodes[step.node] for step in recorded.steps]
    order = ", ".join(node.label for node in ran if node.kind == "operation")
    ends = [_without_tags(position.words) for position in run[1:] if position.now is None]
    return f"{_heading(graph)}: {order}. {' '.join(ends)}"


def _without_tags(words: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", words))
