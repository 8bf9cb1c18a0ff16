"""The picture of a graph: golden DOT, an SVG that is well formed, the same everywhere."""

from __future__ import annotations

import base64
import itertools
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
import torch

from lecture_pkg import record, record_backward, show_dot, show_graph, trace
from lecture_pkg.graph.draw import GraphPicture
from lecture_pkg.graph.layout import graphviz
from lecture_pkg.graph.picture import GRADIENT, LOOKS, cut, text_width

GOLDEN = Path(__file__).parent / "golden"
SVG = "{http://www.w3.org/2000/svg}"


def lecture(row: str) -> GraphPicture:
    """The pictures of the lecture's rows L4 to L7."""
    if row in ("l4", "l5"):
        x = torch.tensor(5.0, requires_grad=True)
        c = torch.tensor(3.0, requires_grad=row == "l5")
        with record():
            y = c * torch.sin(x) + x + c
        return show_graph(y, x=x, c=c, y=y, show_saved=row == "l4", show_attrs=row == "l4")
    torch.manual_seed(42)
    inputs = torch.randn(100, 5, device="cpu")
    target = inputs.mean(dim=1)
    theta = torch.randn(5, device="cpu", requires_grad=True)
    inputs.requires_grad_(row == "l7")
    with record():
        error = torch.mean((inputs @ theta - target) ** 2)
    return show_graph(error, backward=row == "l7", X=inputs, target=target, theta=theta)


def small() -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.tensor(5.0, requires_grad=True)
    return x, torch.sin(x) * x


def texts(picture: GraphPicture) -> list[str]:
    return [element.text or "" for element in ET.fromstring(picture.svg).iter(f"{SVG}text")]


@pytest.mark.parametrize("row", ["l4", "l5", "l6", "l7"])
def test_golden_dot(row: str) -> None:
    """Set GOLDEN=write to accept what is drawn now."""
    path = GOLDEN / f"{row}.dot"
    dot = lecture(row).dot
    if os.environ.get("GOLDEN") == "write":
        path.write_text(dot, "utf-8")
    assert dot == path.read_text("utf-8")


def test_the_picture_is_the_same_in_every_process_whatever_its_fonts(tmp_path: Path) -> None:
    program = (
        "import sys, torch; from lecture_pkg import record, show_graph\n"
        "x = torch.ones(3, requires_grad=True); c = torch.ones(3)\n"
        "with record(): y = (x * c).sum() + 1\n"
        "picture = show_graph(y, x=x, c=c, backward=True, show_saved=True)\n"
        "sys.stdout.buffer.write((picture.dot + picture.svg + picture.alt).encode())"
    )
    none = tmp_path / "fonts.conf"
    none.write_text("<fontconfig><dir>/nowhere</dir></fontconfig>", "utf-8")
    runs = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, env=os.environ | more)
        for more in ({}, {"FONTCONFIG_FILE": str(none), "PATH": "", "LANG": "C"})
    ]
    assert runs[0].stdout == runs[1].stdout != b""
    assert [run.stderr for run in runs] == [b"", b""]


def test_what_a_notebook_gets() -> None:
    x, y = small()
    picture = show_graph(y, x=x)
    bundle = picture._repr_mimebundle_()
    assert set(bundle) == {"text/html", "image/svg+xml", "text/plain"}
    assert bundle["text/plain"] == picture.alt == repr(picture) == trace(y, x=x).describe()
    address = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', bundle["text/html"])
    assert address and base64.b64decode(address[1]).decode() == picture.svg
    assert f'alt="{picture.alt}"' in bundle["text/html"]


def test_the_graph_is_that_of_trace() -> None:
    x = torch.tensor(5.0, requires_grad=True)
    with record():
        y = 3 * x
    assert show_graph(y, x=x).graph == trace(y, x=x)


def test_names_values_and_operations_stand_in_the_picture() -> None:
    shown = texts(lecture("l5"))
    assert {"x", "5.0", "c", "3.0", "sin", "−0.9589", "mul", "add", "y", "5.1232"} <= set(shown)


def test_the_legend_has_the_kinds_that_occur_and_no_other() -> None:
    x = torch.tensor(5.0, requires_grad=True)
    z = x * 2
    y = torch.sin(z)

    def kinds(picture: GraphPicture) -> list[str]:
        return re.findall(r'class="lp-small lp-key"[^>]*>([^<]+)<', picture.svg)

    assert kinds(show_graph(y, x=x)) == ["leaf", "constant", "operation", "output"]
    assert kinds(show_graph(y, z=z, backward=True, show_saved=True)) == [*LOOKS, "gradient"]
    assert kinds(show_graph(x, x=x)) == ["leaf"]


def test_kinds_differ_in_shape_and_in_colour() -> None:
    for a, b in itertools.combinations(LOOKS.values(), 2):
        assert a.shape != b.shape and a.fill != b.fill and a.dot != b.dot


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def test_the_picture_is_legible_on_white_and_on_near_black() -> None:
    for look in LOOKS.values():
        assert contrast("#1f2328", look.fill) >= 7
        assert contrast(GRADIENT.stroke, look.fill) >= 4.5
        assert contrast(look.stroke, look.fill) >= 3
    assert contrast(GRADIENT.stroke, GRADIENT.fill) >= 4.5
    lines = re.search(r"stroke:(#\w+)", lecture("l5").svg)
    assert lines
    assert min(contrast(lines[1], "#ffffff"), contrast(lines[1], "#121212")) >= 3


def test_gradients_stand_on_the_edges_and_in_the_leaves() -> None:
    x = torch.tensor(5.0, requires_grad=True)
    y = 3 * torch.sin(x) + x
    picture = show_graph(y, x=x, backward=True)
    assert sorted(t for t in texts(picture) if "↑" in t) == ["↑ 0.8510", *["↑ 1.0"] * 3, "↑ 3.0"]
    assert "grad = 1.8510" in texts(picture)
    assert picture.alt.endswith(" Gradients: x 1.8510.")
    assert '[label="3.0"]' in picture.dot
    assert x.grad is None
    left = texts(show_graph(y, x=x, backward=True, direction="LR"))
    assert any("←" in text for text in left) and not any("↑" in text for text in left)


def test_a_recorded_pass_can_be_drawn() -> None:
    x = torch.ones(3, requires_grad=True)
    y = x**2
    recorded = record_backward(y, gradient=torch.tensor([1.0, 0.0, 2.0]), x=x, y=y)
    assert "grad = [2.0, 0.0, 4.0]" in texts(show_graph(y, backward=recorded, x=x, y=y))
    assert show_graph(y, backward=recorded, x=x, y=y).graph is recorded.graph
    assert show_graph(y, backward=False, x=x, y=y).graph == recorded.graph


@pytest.mark.parametrize("after_backward", [False, True])
def test_saved_tensors_are_nodes_of_their_own(after_backward: bool) -> None:
    x, c = torch.tensor(5.0, requires_grad=True), torch.tensor(3.0)
    y = c * torch.sin(x)
    if after_backward:
        y.backward()
    picture = show_graph(y, x=x, c=c, show_saved=True)
    saved = [node for node in picture.graph.nodes if node.kind == "saved"]
    end = ": freed" if after_backward else ""
    assert [node.label for node in saved] == [f"saved self{end}"] * 2
    assert [n.snapshot and n.snapshot.numbers for n in saved] == (
        [None, None] if after_backward else [(3.0,), (5.0,)]
    )
    kinds = [picture.graph.nodes[i].kind for n in saved for i in picture.graph.consumers(n.id)]
    assert kinds == ["operation", "operation"]
    assert picture.graph.leaves()[0].label == "x"
    words = "mul: saved self: freed" if after_backward else "mul: saved self = 3.0"
    assert words in picture.alt


def test_a_saved_tensor_that_was_overwritten_is_called_so() -> None:
    x = torch.tensor(5.0, requires_grad=True)
    z = x * 2
    y = torch.sin(z)
    z.add_(1)
    assert "saved self: overwritten" in texts(show_graph(y, x=x, show_saved=True))


def test_saved_tensors_of_custom_functions_and_in_lists() -> None:
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
            return 2 * gradient * ctx.saved_tensors[0]

    x = torch.arange(3.0, requires_grad=True)
    y = Square.apply(x)[torch.tensor([0, 2])].sum()
    assert {"saved 0", "saved indices[0]"} <= set(texts(show_graph(y, x=x, show_saved=True)))
    y.backward()
    assert "saved 0: freed" in texts(show_graph(y, x=x, show_saved=True))


def test_saved_numbers_are_further_lines() -> None:
    x = torch.arange(6.0, requires_grad=True)
    y = torch.nn.functional.nll_loss(x.reshape(2, 3)[:, :2], torch.tensor([0, 1]))
    shown = texts(show_graph(y, x=x, show_attrs=True))
    assert {"ignore_index = −100", "end = 2", "self sizes = (2, 3)"} <= {
        text.replace("-", "−") for text in shown
    }
    y.backward()
    assert "end = 2" in texts(show_graph(y, x=x, show_attrs=True))


def test_long_names_are_cut_and_whole_in_the_title() -> None:
    x, _ = small()
    picture = show_graph(torch.sin(x), **{"a" * 100: x})
    assert "a" * 23 + "…" in texts(picture)
    assert f"<title>{'a' * 100} (leaf)" in picture.svg


@pytest.mark.parametrize(
    "name",
    [
        "</script>",
        'a"b\n<x>&',
        "\\n\\",
        "\0\x1b",
        "&lt;",
        "-->",
        "𝛉̂",
        " ",
        "]]>",
        "\ud800",
        "%",
    ],
)
def test_a_name_is_a_label_and_nothing_else(name: str) -> None:
    x, y = small()
    picture = show_graph(y, **{name: x}, backward=True)
    plain = show_graph(y, x=x, backward=True)
    root, other = ET.fromstring(picture.svg), ET.fromstring(plain.svg)
    assert [e.tag for e in root.iter()] == [e.tag for e in other.iter()]
    html = picture._repr_mimebundle_()["text/html"]
    assert html.count("<") == plain._repr_mimebundle_()["text/html"].count("<")
    assert len(picture.dot.splitlines()) == len(plain.dot.splitlines())
    places = graphviz(picture.dot, "plain")
    assert len(re.findall(r"^node ", places, re.MULTILINE)) == len(plain.graph.nodes)


def test_both_directions() -> None:
    x, y = small()
    tall, wide = (ET.fromstring(show_graph(y, x=x, direction=d).svg) for d in ("TB", "LR"))
    assert float(tall.get("height", 0)) > float(wide.get("height", 0))
    assert "rankdir=LR" in show_graph(y, x=x, direction="LR").dot


def test_nothing_shrinks_and_nothing_overlaps() -> None:
    x = torch.tensor(0.5, requires_grad=True)
    y = x
    for _ in range(100):
        y = torch.sin(y)
    root = ET.fromstring(show_graph(y, x=x).svg)
    assert float(root.get("height", 0)) > 100 * 30
    assert (root.get("viewBox") or "").split()[2:] == [root.get("width"), root.get("height")]


def test_text_gets_room() -> None:
    assert text_width("") == 0
    assert text_width("漢字") > text_width("ab") > text_width("il")
    assert text_width("e\u0301") == text_width("e")
    assert cut("short") == "short" and cut(" a\n b ") == "a b" and cut("   ") == ""


def test_the_limit_can_be_raised() -> None:
    x = torch.tensor(0.5, requires_grad=True)
    y = x
    for _ in range(310):
        y = torch.sin(y)
    with pytest.raises(ValueError, match=r"limit must be at least 312 .* it is 300\. .*describe"):
        show_graph(y, x=x)
    assert len(show_graph(y, x=x, limit=312).graph.nodes) == 312
    with pytest.raises(ValueError, match="limit must be at least 622"):
        show_graph(y, x=x, limit=312, show_saved=True)


X, Y = small()
BAD: dict[str, tuple[Any, dict[str, Any], type[Exception], str]] = {
    "direction": (Y, {"direction": "BT"}, ValueError, "direction must be one of 'TB', 'LR'"),
    "direction None": (Y, {"direction": None}, ValueError, "direction must be one of"),
    "limit 0": (Y, {"limit": 0}, ValueError, "limit must be a whole number, 1 or more"),
    "limit fractional": (Y, {"limit": 2.5}, ValueError, "limit must be a whole number"),
    "limit a string": (Y, {"limit": "many"}, TypeError, "limit must be a whole number"),
    "limit True": (Y, {"limit": True}, TypeError, "limit must be a whole number"),
    "limit too low": (Y, {"limit": 3}, ValueError, r"limit must be at least 4.*it is 3"),
    "show_saved": (Y, {"show_saved": 1}, TypeError, r"show_saved must be True or False.*1 \(int\)"),
    "show_attrs": (Y, {"show_attrs": "yes"}, TypeError, "show_attrs must be True or False"),
    "backward a string": (Y, {"backward": "yes"}, TypeError, "backward must be True, or what"),
    "backward of another graph": (
        Y,
        {"backward": record_backward(X * 2)},
        ValueError,
        "backward must be a pass recorded from the same output",
    ),
    "a vector with backward": (X * torch.ones(3), {"backward": True}, ValueError, "gradient must"),
}


@pytest.mark.parametrize(("output", "arguments", "error", "message"), BAD.values(), ids=BAD)
def test_bad_input(output: Any, arguments: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        show_graph(output, **arguments)
    assert X.grad is None


def test_what_torchviz_writes_is_drawn_the_same_in_every_process() -> None:
    program = (
        "import sys, torch, torchviz; from lecture_pkg import show_dot\n"
        "x = torch.ones(3, requires_grad=True)\n"
        "picture = show_dot(torchviz.make_dot((x * x).sum(), params={'x': x}))\n"
        "sys.stdout.buffer.write((picture.svg + picture.alt).encode())"
    )
    command = [sys.executable, "-W", "ignore", "-c", program]
    runs = [subprocess.run(command, capture_output=True) for _ in range(2)]
    assert runs[0].stdout == runs[1].stdout
    assert [run.stderr for run in runs] == [b"", b""]
    svg, alt = runs[0].stdout.decode().split("</svg>\n")
    root = ET.fromstring(f"{svg}</svg>")
    assert "MulBackward0" in [element.text for element in root.iter(f"{SVG}text")]
    assert alt == "A graph of 5 nodes and 5 arrows, drawn by Graphviz."


def test_a_dot_picture_can_be_given_words() -> None:
    picture = show_dot("digraph { x -> y }", alt="x leads to <y>.")
    assert repr(picture) == picture._repr_mimebundle_()["text/plain"] == "x leads to <y>."
    assert 'alt="x leads to &lt;y&gt;."' in picture._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize(
    ("source", "alt", "error", "message"),
    [
        (3, None, TypeError, r"source must be text in Graphviz's language.*3 \(int\)"),
        (None, None, TypeError, "source must be text"),
        ("digraph {}", 3, TypeError, r"alt must be a string, but it is 3 \(int\)"),
        ("digraph { x ->", None, RuntimeError, "could not draw this graph: .*syntax error"),
    ],
)
def test_bad_dot(source: Any, alt: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        show_dot(source, alt=alt)
