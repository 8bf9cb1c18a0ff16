"""explore_descent: the numbers are torch's, the sentence is right, bad input is refused."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
import zlib

import numpy as np
import pytest
import torch
from descents import almost, by_hand, himmelblau, lecture, unpack
from hypothesis import given, settings
from hypothesis import strategies as st

from lecture_pkg import basin_map, compare_optimizers, explore_descent
from lecture_pkg.interactive import figure as _figure
from lecture_pkg.interactive.figure import Figure, pack


@pytest.fixture(scope="module")
def figure() -> Figure:
    return explore_descent(lecture)


def row_of(figure: Figure, step: float, start: float) -> int:
    data = figure.data
    return data["steps"].index(step) * len(data["starts"]) + data["starts"].index(start)


def sentence(figure: Figure, step: float, start: float) -> str:
    data = figure.data
    return data["sentences"][data["said"][row_of(figure, step, start)]]


@given(
    st.lists(st.lists(st.floats(-1e9, 1e9), min_size=3, max_size=3), min_size=1, max_size=4),
    st.integers(0, 5),
)
def test_packed_numbers_come_back_as_they_were_rounded(rows: list, decimals: int) -> None:
    values = np.array(rows)
    found = [unpack(row, decimals) for row in pack(values, decimals)]
    assert found == (np.rint(values * 10.0**decimals) / 10**decimals).tolist()


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=5))
def test_packed_numbers_of_any_size_come_back(row: list[float]) -> None:
    (packed,) = pack(np.array([row]), 4)
    assert unpack(packed, 4) == pytest.approx(row, rel=1e-11, abs=0.51e-4)


def test_every_path_is_the_one_that_torch_walks(figure: Figure) -> None:
    data = figure.data
    for step in data["steps"]:
        for start in data["starts"]:
            i = row_of(figure, step, start)
            points, values, slopes = by_hand(lecture, step, start, data["iterations"])
            assert almost(unpack(data["thetas"][i], 4), points)
            assert almost(unpack(data["values"][i], 4), values)
            assert almost(unpack(data["slopes"][i], 4), slopes)


def test_the_lectures_choices_are_there(figure: Figure) -> None:
    assert {0.05, 0.07, 0.15} <= set(figure.data["steps"])
    assert {0.5, -3.5} <= set(figure.data["starts"])
    assert figure.data["chosen"] == (figure.data["steps"].index(0.05), 1)


@pytest.mark.parametrize(
    ("step", "start", "said"),
    [
        (0.05, 0.5, "Rests at 0.6838, value 0.7395: the step 0.05 is below 2/f″ = 0.2905 there."),
        (0.07, 0.5, "Rests at 0.6838, value 0.7395: the step 0.07 is below 2/f″ = 0.2905 there."),
        (0.15, 0.5, "Rests at 0.6838, value 0.7395: the step 0.15 is below 2/f″ = 0.2905 there."),
        (0.05, -3.5, "Bounces around −3.1215: the step 0.05 is above 2/f″ = 0.0407 there."),
        (0.07, -3.5, "Rests at −1.5292, value 1.5503: the step 0.07 is below 2/f″ = 0.0877 there."),
        (0.15, -3.5, "Bounces around the kink at 0, up to 0.29 away: the slope jumps there"),
        (0.04, -3.5, "Closes in on −3.1215, from side to side: the step 0.04 is only just below"),
        (0.01, 0.5, "Still on its way towards 0.6838 after 100 iterations, at 0.6828"),
    ],
)
def test_what_became_of_the_lectures_paths(
    figure: Figure, step: float, start: float, said: str
) -> None:
    assert sentence(figure, step, start).startswith(said)


def test_the_sentence_names_the_valley_that_was_left(figure: Figure) -> None:
    assert sentence(figure, 0.07, -3.5).endswith(
        "It started in the valley of −3.1215 and jumped over the ridge at −2.4333."
    )
    assert sentence(figure, 0.05, 0.5).endswith(
        "The lowest value, 0, lies in another valley, at 0."
    )


@pytest.mark.parametrize(
    ("objective", "step", "start", "said"),
    [
        (torch.square, 1.5, 2.0, "Left the picture: at iteration 9 it is more than 100 times the"),
        (torch.square, 1.0, 2.0, "Bounces around 0: the step 1 is exactly 2/f″ = 1.0000 there."),
        (lambda theta: 2 * theta, 0.05, 1.0, "Still on its way after 30 iterations, at −2"),
        (lambda theta: 2 * theta, 0.2, 1.0, "Left the picture: after 30 iterations it is at −11."),
        (lambda theta: theta**4, 0.01, 1.0, "Still on its way towards 0 after 30 iterations"),
        (lambda theta: 2 * theta, 1e-6, 1.0, "Still on its way after 30 iterations, at 0.9999"),
        (torch.square, 1e-6, 1.0, "Still on its way towards 0 after 30 iterations, at 0.9999"),
        (lambda theta: 0 * theta, 0.1, 1.0, "Stays at 1, value 0, where the slope is 0: the groun"),
        (torch.abs, 0.25, 1.1, "Bounces around the kink at 0, up to 0.15 away"),
        (torch.abs, 0.25, 0.0, "Rests at 0, value 0."),
        (lambda theta: torch.exp(theta**2 / 2), 3.0, 3.0, "Diverged: at iteration 1 its point"),
        (
            lambda theta: (theta**2 - 1) ** 2,
            0.05,
            0.0,
            "Stays at 0, value 1, where the slope is 0: th",
        ),
        (torch.cos, 0.05, 0.0, "Stays at 0, value 1, where the slope is 0: this is a maximum."),
        (
            torch.cos,
            0.05,
            1e-9,
            "Still on its way towards 3.1416 after 30 iterations, at 0: it sta",
        ),
        (lambda theta: theta**4 - theta**3, 0.05, 0.0, "Stays at 0, value 0, where the slope is 0"),
        (
            torch.square,
            1.5,
            0.0,
            "Rests at 0, value 0, exactly in the minimum: beside it, the step 1",
        ),
        (
            torch.square,
            1.01,
            1e-9,
            "Rests at 0, value 0 for now: the step 1.01 is above 2/f″ = 1.0",
        ),
        (
            torch.square,
            0.96,
            3.0,
            "Closes in on 0, from side to side: the step 0.96 is only just bel",
        ),
        (lambda theta: theta**4, 1e-9, 0.02, "Still on its way towards 0 after 30 iterations"),
        (lambda theta: theta + 1e9, 1e-12, 1.0, "Still on its way after 30 iterations, at 1"),
        (
            lambda theta: theta,
            1e-20,
            1.0,
            "Does not move from 1: the step 1e−20 times the slope th",
        ),
        (lambda theta: torch.relu(theta.abs() - 1), 0.1, 2.1, "Stays at 1, value 0, where the slo"),
        (torch.sin, 0.05, -4.9, "Left the picture: after 30 iterations it is at −5."),
    ],
)
def test_what_becomes_of_other_paths(objective, step: float, start: float, said: str) -> None:
    shown = explore_descent(objective, [step], [start], 30)
    assert sentence(shown, step, start).startswith(said)


def test_a_path_that_runs_away_is_followed_as_long_as_it_can_be_shown() -> None:
    data = explore_descent(torch.square, [1.1, 3.0], [2.0], 400).data
    for i, step in enumerate((1.1, 3.0)):
        last = data["last"][i]
        points, values, _ = by_hand(torch.square, step, 2.0, last + 1)
        found = unpack(data["thetas"][i], 4)
        assert almost(found[: last + 1], points[: last + 1])
        assert almost(unpack(data["values"][i], 4)[: last + 1], values[: last + 1])
        assert set(found[last:]) == {found[last]}
        assert abs(points[last]) <= 1005 < abs(points[last + 1])


def test_the_ridge_is_where_it_is_and_not_at_the_nearest_of_401_points() -> None:
    """From 11 the valley of 7.854 would be the wrong one: its ridge lies at 10.9956."""

    def steps_down(theta: torch.Tensor) -> torch.Tensor:
        return torch.exp(-3 * theta) - torch.sin(theta) ** 3

    figure = explore_descent(steps_down, [0.05], [11.0], 400, 0, 14)
    assert "overshot" not in repr(figure)
    assert 10.9956 in figure.data["ridges"]


def test_a_valley_reaches_beyond_the_picture() -> None:
    """The start belongs to the valley of a minimum at 3π/2, of which the picture shows the rim."""
    figure = explore_descent(torch.sin, [0.1], [1.6, 2.5], 25, -4, 3)
    assert sentence(figure, 0.1, 1.6).startswith("Still on its way towards 4.7124 after 25")
    assert sentence(figure, 0.1, 2.5).startswith("Left the picture: after 25 iterations it is at 4")
    assert [m["theta"] for m in figure.data["minima"]] == [-1.5708]


@pytest.mark.parametrize("factor", [1e-9, 1.0, 1e6, 1e11, 1e30])
def test_values_of_any_size_reach_the_page(factor: float) -> None:
    figure = explore_descent(lambda t: factor * t**2, [0.4 / factor, 3 / factor], [2.0], 12, -3, 3)
    decimals = figure.data["valueDecimals"]
    for i, step in enumerate((0.4, 3.0)):
        last = figure.data["last"][i]
        _, values, slopes = by_hand(lambda t: factor * t**2, step / factor, 2.0, last)
        for key, expected in (("values", values), ("slopes", slopes)):
            found = unpack(figure.data[key][i], decimals)[: last + 1]
            unit = 10.0**-decimals
            assert found == pytest.approx(expected, abs=0.51 * unit, rel=1e-11)
    assert "Rests at 0" in sentence(figure, 0.4 / factor, 2.0)


def test_a_pole_neither_overflows_nor_takes_the_whole_picture() -> None:
    def walls(theta: torch.Tensor) -> torch.Tensor:
        return theta**2 + 1 / theta**2

    figure = explore_descent(walls, [0.01], [1e-8, 0.025, 0.5], 20, 1e-8, 5)
    data = figure.data
    assert unpack(data["values"][0], 4)[0] == pytest.approx(1e16)
    assert unpack(data["values"][1], 4)[0] == pytest.approx(1600, abs=1)
    assert unpack(data["values"][2], 4)[0] == 4.25
    assert data["bottom"] == pytest.approx(2, abs=0.01) and data["top"] < 1000
    shown_top = float(format(data["top"], ".2g"))
    assert f" The picture is cut above {shown_top:g}." in figure.caption


AT_THE_DEFAULTS = {
    "ackley": lambda t: (
        -20 * torch.exp(-0.2 * t.abs()) - torch.exp(torch.cos(2 * torch.pi * t)) + 22.7183
    ),
    "rastrigin": lambda t: 10 + t**2 - 10 * torch.cos(2 * torch.pi * t),
    "sin 100 θ": lambda t: torch.sin(100 * t),
    "tan": torch.tan,
}


@pytest.mark.parametrize("call", [explore_descent, basin_map])
@pytest.mark.parametrize("name", AT_THE_DEFAULTS)
def test_what_is_too_heavy_at_the_defaults_gets_fewer_choices_and_says_so(call, name: str) -> None:
    """The first chosen stays among them, and every path is that of its step size and start."""
    figure = call(AT_THE_DEFAULTS[name])
    data = figure.data
    assert "There are fewer choices than usual" in figure.caption
    assert "There are fewer" not in call(lecture).caption
    assert len(data["starts"]) >= 3 and len(data["steps"]) >= 3
    step, start = (data[key][i] for key, i in zip(("steps", "starts"), data["chosen"], strict=True))
    assert (
        repr(figure).splitlines()[-1].startswith(f"Step {step:g} from {start:g}".replace("-", "−"))
    )
    for i in range(0, len(data["said"]), 11):
        row, column = divmod(i, len(data["starts"]))
        points, _, _ = by_hand(AT_THE_DEFAULTS[name], data["steps"][row], data["starts"][column], 2)
        scale, decimals = (data["coarse"], 0) if call is basin_map else (1, data["decimals"])
        found = [scale * whole for whole in unpack(data["thetas"][i], decimals)[:3]]
        upto = min(2, data["last"][i]) + 1
        assert found[:upto] == pytest.approx(points[:upto], abs=0.51 * scale * 10.0**-decimals)


class Bump(torch.nn.Module):
    """A float32 module of one number, or of many."""

    def __init__(self) -> None:
        super().__init__()
        self.lift = torch.nn.Linear(1, 3)

    def forward(self, theta: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.lift(theta.unsqueeze(-1))).sum(-1)


def test_a_float32_module_is_followed_in_float64_and_left_as_it_is() -> None:
    torch.manual_seed(0)
    module = Bump()
    figure = explore_descent(module, [0.1], [1.0], 5)
    assert module.lift.weight.dtype == torch.float32 and module.lift.weight.grad is None
    points, _, _ = by_hand(module.double(), 0.1, 1.0, 5)
    assert almost(unpack(figure.data["thetas"][0], 4), points)


def test_a_function_with_float32_tensors_inside_is_told_what_to_change() -> None:
    module = Bump()
    with pytest.raises(ValueError, match=r"in float64.*Double and Float.*\.to\(torch.float64\)"):
        explore_descent(lambda theta: module(theta))


def test_infinite_numbers_on_the_way_do_not_reach_the_page() -> None:
    steep = explore_descent(lambda theta: torch.exp(theta * theta), [1.0], [4.0], 50)
    assert steep.data["last"] == [0]
    assert "Infinity" not in steep._repr_html_() and "NaN" not in steep._repr_html_()


def test_a_flat_objective_has_as_many_decimals_as_it_needs() -> None:
    figure = explore_descent(lambda theta: 1e-4 * theta**2, [0.5], [1.0], 3, -2, 2)
    assert figure.data["valueDecimals"] == 8
    assert unpack(figure.data["values"][0], 8)[:2] == [0.0001, 0.00009998]


@given(a=st.floats(0.1, 3), b=st.floats(-2, 2), step=st.floats(0.01, 0.9), start=st.floats(-4, 4))
@settings(max_examples=25, deadline=None)
def test_any_parabola_rests_exactly_below_its_limit(a, b, step, start) -> None:
    figure = explore_descent(lambda t: a * (t - b) ** 2, [step], [start], 60)
    said = sentence(figure, step, start)
    if abs(start - b) < 0.01:
        return
    if said.startswith("Rests"):
        assert step < 1 / a
    if step > 1.01 / a:
        assert said.startswith(("Bounces", "Diverged", "Left"))


def hashes() -> list[str]:
    figures = explore_descent(lecture), basin_map(lecture), compare_optimizers(himmelblau)
    return [hashlib.sha256(figure._repr_html_().encode()).hexdigest() for figure in figures]


def test_the_same_bytes_in_another_process() -> None:
    code = f"import sys; sys.path += {sys.path}; from test_explorer import hashes; print(hashes())"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == str(hashes())


def test_it_says_the_same_in_plain_text(figure: Figure) -> None:
    assert repr(figure).splitlines() == [
        "Gradient descent with 14 step sizes (0.01 to 0.3) from 10 starts (−4.5 to 4.5), "
        "100 iterations each.",
        "Step 0.05 from −3.5: bounces around −3.1215: the step 0.05 is above 2/f″ = 0.0407 there. "
        "The lowest value, 0, lies in another valley, at 0.",
    ]
    assert "Step 0.05 from −3.5: bounces around" in figure.alt
    assert figure.extra_html.count("<li>") == 14


def test_the_still_picture_is_an_svg_document(figure: Figure) -> None:
    root = ElementTree.fromstring(figure.still)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    words = " ".join(root.itertext())
    for needed in ("0.0268", "kink", "iteration", "θ", "bounces around −3.1215"):
        assert needed in words


def test_it_stays_within_its_budget(figure: Figure) -> None:
    assert len(zlib.compress(figure._repr_html_().encode(), 9)) <= 60_000


def test_first_chooses_what_is_shown() -> None:
    figure = explore_descent(torch.square, [0.1, 0.2], [1, 2], 5, first=(0.2, 1))
    assert figure.data["chosen"] == (1, 0)


def test_no_grad_and_other_peoples_gradients_are_left_alone() -> None:
    weight = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    with torch.no_grad():
        figure = explore_descent(lambda theta: weight * theta**2, [0.1], [1.0], 2)
        assert not torch.is_grad_enabled()
    assert weight.grad is None
    assert unpack(figure.data["thetas"][0], 4) == [1.0, 0.6, 0.36]


def test_other_default_devices_do_not_change_a_byte(figure: Figure) -> None:
    torch.set_default_device("cuda" if torch.cuda.is_available() else "meta")
    try:
        again = explore_descent(lecture)
    finally:
        torch.set_default_device(None)
    assert again == figure


# what is refused of every argument: each row stands for its argument, not for each wrong value
BAD = [
    ({"objective": 3}, TypeError, "objective"),
    ({"objective": lambda theta: theta.sum()}, ValueError, "element by element"),
    ({"objective": torch.log}, ValueError, "finite from low = -5 to high = 5"),
    (
        {"objective": lambda theta: theta.abs().sqrt(), "starts": [0, 1]},
        ValueError,
        "finite value and slope at every start, but at the start 0 it has not",
    ),
    ({"step_sizes": [0.2, 0.1]}, ValueError, r"step_sizes must be rising.*\[0.2, 0.1\]"),
    ({"step_sizes": [0.1, 0.1]}, ValueError, "step_sizes must be rising"),
    ({"step_sizes": [0.0, 0.1]}, ValueError, "step_sizes must be .* above 0"),
    ({"starts": [1, 0]}, ValueError, "starts must be rising"),
    ({"starts": [-6, 0]}, ValueError, "starts must be from low = -5 to high = 5"),
    ({"max_iter": 0}, ValueError, "max_iter must be a whole number, 1 or more"),
    ({"max_iter": 10**6}, ValueError, "too many for a page. Give fewer step_sizes"),
    ({"low": 5}, ValueError, "high must be above low = 5"),
    ({"low": float("nan")}, ValueError, "low"),
    ({"high": "5"}, TypeError, "high"),
    ({"first": (0.06, 0.123)}, ValueError, "first must be a step size and a start"),
    ({"first": 0.1}, ValueError, "first"),
]


@pytest.mark.parametrize("call", [explore_descent, basin_map])
@pytest.mark.parametrize(("wrong", "error", "message"), BAD)
def test_bad_input_is_refused_by_name(call, wrong: dict, error, message: str) -> None:
    with pytest.raises(error, match=message):
        call(**{"objective": lecture, **wrong})


@pytest.mark.parametrize(("call", "many"), [(explore_descent, 201), (basin_map, 301)])
def test_what_is_too_heavy_for_a_page_is_refused(call, many: int) -> None:
    with pytest.raises(ValueError, match=r"Give fewer step_sizes.*about \d+ % of these fit"):
        call(lecture, np.linspace(0.01, 0.3, 20), starts=np.linspace(-5, 5, many))


def test_the_refusal_says_how_much_would_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_figure, "BUDGET", 5_000)
    with pytest.raises(ValueError, match=r"has 42,420 numbers that take \d+ kB.*about 1\d % of"):
        explore_descent(lecture)
