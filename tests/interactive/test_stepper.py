"""What `step_backward` embeds, refuses and leaves alone."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
import xml.etree.ElementTree
from collections.abc import Callable

import pytest
import torch

from lecture_pkg import record, record_backward, step_backward
from lecture_pkg.interactive.figure import Figure, _assets
from lecture_pkg.interactive.positions import broken
from lecture_pkg.interactive.stepper import MOST_NODES

LECTURE = """
import torch
from lecture_pkg import record, record_backward, step_backward
x, c = torch.tensor(5.0, requires_grad=True), torch.tensor(3.0)
with record():
    y = c * torch.sin(x) + x + c
figure = step_backward(y, x=x, c=c, y=y)
"""


def lecture() -> Figure:
    scope: dict[str, Figure] = {}
    exec(LECTURE, scope)
    return scope["figure"]


def square(value: float = 5.0) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.tensor(value, requires_grad=True)
    with record():
        y = 3 * x**2
    return x, y


def added_bytes(figure: Figure) -> int:
    return len(gzip.compress(figure._repr_html_().encode(), mtime=0))


def chain(length: int) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.tensor(0.5, requires_grad=True)
    with record():
        y = x
        for _ in range(length):
            y = torch.sin(y)
    return x, y


def test_every_position_has_its_sentence() -> None:
    figure = lecture()
    steps = figure.data["runs"][0]["steps"]
    assert len(steps) == figure.extra_html.count("<li ")
    assert [step.get("fresh", False) for step in steps] == [False, True] + [False] * (
        len(steps) - 2
    )


def test_the_text_form_says_what_came_out() -> None:
    assert repr(lecture()).endswith("y.backward() is done: x.grad = 1.8510.")
    assert "add, add, mul, sin" in repr(lecture())


def test_the_picture_has_words() -> None:
    alt = lecture().alt
    for part in ("x = 5.0", "c = 3.0", "sin of x = −0.9589", "y = 5.1232", "sin to x 0.8510"):
        assert part in alt


def test_same_bytes_each_time_and_in_each_process() -> None:
    here = lecture()._repr_html_()
    assert lecture()._repr_html_() == here
    program = LECTURE + "import sys\nsys.stdout.buffer.write(figure._repr_html_().encode())"
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert other.stdout.decode() == here


def test_a_stepper_is_light() -> None:
    assert added_bytes(lecture()) <= 9_000


def test_the_largest_stepper_keeps_to_the_budget() -> None:
    x, y = chain(MOST_NODES - 2)
    figure = step_backward(y, x=x)
    assert len(figure.data["runs"][0]["steps"]) > MOST_NODES
    assert added_bytes(figure) <= 15_000


def test_no_grad_is_touched_and_the_graph_lives_on() -> None:
    x, y = square()
    step_backward(y, x=x, calls=("backward", "backward"))
    assert x.grad is None
    y.backward()
    assert x.grad is not None
    assert x.grad.item() == 30


def test_what_a_leaf_holds_already_is_left_out_and_left_alone() -> None:
    x, y = square()
    y.backward(retain_graph=True)
    figure = step_backward(y, x=x)
    assert "x.grad = 30.0" in repr(figure)
    assert x.grad.item() == 30


def test_calls_add_up_and_zeroing_forgets() -> None:
    x, y = square()
    ends = re.findall(
        r"x\.grad = (\d+\.\d)",
        repr(step_backward(y, x=x, calls=["backward", "backward", "zero", "backward"])),
    )
    assert ends == ["30.0", "60.0", "30.0"]


def test_zeroing_before_anything_says_so() -> None:
    x, y = square()
    assert "There is no .grad to zero" in repr(step_backward(y, x=x, calls=["zero", "backward"]))


def test_the_sum_over_calls_is_torchs() -> None:
    x = torch.tensor([0.1, 0.2], requires_grad=True)
    with record():
        y = (x**3).sum()
    for _ in range(3):
        y.backward(retain_graph=True)
    text = repr(step_backward(y, x=x, calls=["backward"] * 3))
    shown = [float(n) for n in re.findall(r"\d\.\d+", text.rpartition("x.grad")[2])]
    assert shown == pytest.approx(x.grad.tolist(), abs=5e-5)


def test_each_named_v_is_a_run_of_its_own() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with record():
        y = x**2
    rows = {"left": torch.tensor([1.0, 0.0]), "right": torch.tensor([0.0, 1.0])}
    figure = step_backward(y, gradient=rows, x=x, y=y)
    assert [run["name"] for run in figure.data["runs"]] == ["left", "right"]
    assert "y.backward(v)" in figure.extra_html
    assert figure.extra_html.count("<ol") == 2


def test_large_tensors_show_their_shape() -> None:
    x = torch.ones(100, 5, requires_grad=True)
    with record():
        y = (2 * x).sum()
    figure = step_backward(y, x=x, calls=["backward", "backward"])
    assert "x = (100, 5)" in figure.alt
    assert "x.grad = (100, 5)" in repr(figure)


def test_one_leaf_used_twice_by_one_operation() -> None:
    x = torch.tensor(3.0, requires_grad=True)
    with record():
        y = x * x
    figure = step_backward(y, x=x, y=y)
    assert "3.0 + 3.0 = 6.0" in figure.extra_html
    assert "x.grad = 6.0" in repr(figure)


def test_an_operation_waits_for_all_its_gradients() -> None:
    x = torch.tensor(2.0, requires_grad=True)
    with record():
        a = x * 3
        y = torch.sin(a) * a
    figure = step_backward(y, x=x, y=y)
    shown = [set(step.get("waiting", {})) for step in figure.data["runs"][0]["steps"]]
    recorded = [set(step.waiting) for step in record_backward(y, x=x, y=y).steps]
    assert shown == [set(), *recorded, set()]
    assert any(shown)
    assert "has all its 2 gradients" in figure.extra_html


def test_hooks_of_the_caller_are_told() -> None:
    x = torch.tensor(3.0, requires_grad=True)
    h = x * 2
    y = h * 5
    for tensor in (x, h, y):
        tensor.register_hook(lambda g: g * 10)
    figure = step_backward(y, x=x, y=y, calls=["backward", "backward"])
    for words in (
        "starts with 1.0, which a hook changes to <em>10.0</em>",
        "A hook changes 50.0 to 500.0 before <b>mul</b> runs.",
        "<code>x.grad</code>: 1000.0, which a hook changes to 10000.0.",
        "<b>x</b> gets 1000.0, which a hook changes to 10000.0.",
    ):
        assert words in figure.extra_html
    assert "y.backward() is done: x.grad = 20000.0" in repr(figure)


def test_without_record_the_gradients_are_still_right() -> None:
    x = torch.tensor(5.0, requires_grad=True)
    y = 3 * torch.sin(x) + x
    assert "x.grad = 1.8510" in repr(step_backward(y, x=x))


def test_names_are_escaped() -> None:
    x, y = square()
    name = "</script><script>alert(1)</script>"
    page = step_backward(y, **{name: x}, title=name)._repr_html_()
    assert page.count("</script>") == 2
    assert "<script>alert" not in page


def test_names_may_hold_what_xml_may_not() -> None:
    x, y = square()
    figure = step_backward(y, **{'a"&\x00\x1b<b>': x}, y=y)
    xml.etree.ElementTree.fromstring(figure.still)
    assert "<b>" not in figure.still


def test_rows_of_numbers_break_after_commas_and_evenly() -> None:
    assert broken("1.8510") == ("1.8510",)
    assert broken("[1.0000, 1.2000, 1.1600, 1.1200, 1.0941]") == (
        "[1.0000, 1.2000, 1.1600,",
        "1.1200, 1.0941]",
    )
    assert all(len(line) <= 27 for line in broken(str([0.25] * 30)))


def test_assets_stand_in_a_script() -> None:
    style, script = _assets("stepper", ())
    assert "</" not in script and "<!--" not in script
    assert "/*" not in style


BAD: dict[str, tuple[type[Exception], str, Callable[[torch.Tensor, torch.Tensor], object]]] = {
    "calls a word": (TypeError, "calls", lambda x, y: step_backward(y, x=x, calls="backward")),
    "calls a number": (TypeError, "calls", lambda x, y: step_backward(y, x=x, calls=2)),
    "calls empty": (ValueError, "calls", lambda x, y: step_backward(y, x=x, calls=[])),
    "calls only zero": (ValueError, "calls", lambda x, y: step_backward(y, x=x, calls=["zero"])),
    "calls misspelt": (ValueError, "zero", lambda x, y: step_backward(y, x=x, calls=["zeros"])),
    "no v at all": (ValueError, "gradient", lambda x, y: step_backward(y, x=x, gradient={})),
    "v of a wrong shape": (
        ValueError,
        "gradient",
        lambda x, y: step_backward(y, x=x, gradient=torch.ones(2)),
    ),
    "v with a number for a name": (
        TypeError,
        "gradient",
        lambda x, y: step_backward(y, x=x, gradient={1: torch.tensor(1.0)}),
    ),
    "title a number": (TypeError, "title", lambda x, y: step_backward(y, x=x, title=3)),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_by_name(case: str) -> None:
    error, name, call = BAD[case]
    x, y = square()
    with pytest.raises(error, match=name):
        call(x, y)
    assert x.grad is None


def test_a_graph_too_large_to_step_through_is_refused() -> None:
    x, y = chain(300)
    with pytest.raises(ValueError, match=r"at most 75 nodes.*has 30\d.*show_graph"):
        step_backward(y, x=x)
