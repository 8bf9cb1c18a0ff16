"""compare_optimizers: the paths are torch.optim's, names are text, bad input is refused."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
import zlib

import numpy as np
import pytest
import torch
from descents import almost, by_optimizer, himmelblau, unpack

from lecture_pkg import compare_optimizers
from lecture_pkg.interactive import figure as _figure
from lecture_pkg.interactive.figure import Figure
from lecture_pkg.interactive.optimizers import OPTIMIZERS, bands, survey_surface

NASTY = "</script><script>alert(1)</script>"


def bowl(theta: torch.Tensor) -> torch.Tensor:
    return (theta**2).sum()


def sgd(rate: float):
    return lambda params: torch.optim.SGD(params, lr=rate)


@pytest.fixture(scope="module")
def figure() -> Figure:
    return compare_optimizers(himmelblau)


def test_every_path_is_torch_optims(figure: Figure) -> None:
    data = figure.data
    assert data["names"] == ["plain", "momentum", "RMSprop", "Adam"]
    assert data["rates"] == [0.01, 0.01, 0.05, 0.1]
    for i, factory in enumerate(OPTIMIZERS.values()):
        points, values = by_optimizer(himmelblau, factory, (0.0, -3.0), 100)
        assert almost(unpack(data["thetas"][2 * i], 4), points[:, 0])
        assert almost(unpack(data["thetas"][2 * i + 1], 4), points[:, 1])
        assert almost(unpack(data["values"][i], 4), values)


def test_they_end_in_different_valleys(figure: Figure) -> None:
    assert repr(figure).splitlines()[0] == "4 optimizers from (0, −3), 100 steps."
    assert "plain: rests at (3.5844, −1.8481), value 0." in repr(figure)
    assert "RMSprop: rests at (−3.7793, −3.2832), value 0." in repr(figure)
    assert "momentum: is still moving, at (3.01" in repr(figure)


def test_a_path_that_runs_away_says_so_and_is_cut() -> None:
    figure = compare_optimizers(bowl, {"wild": sgd(1.5), "calm": sgd(0.5)}, (2, 1), 2000)
    assert figure.data["last"] == [8, 2000]
    assert figure.data["said"] == [
        "left the picture: at iteration 9 it is more than 100 times the picture's size away, "
        "and is not followed further.",
        "rests at (0, 0), value 0.",
    ]
    assert unpack(figure.data["thetas"][0], 4)[:3] == [2, -4, 8]


def test_infinite_values_are_the_end_of_a_path() -> None:
    rates = {"infinite": sgd(10.0), "on": sgd(1.0)}
    figure = compare_optimizers(lambda theta: torch.exp(bowl(theta)), rates, (1, 1), 5, -2, 2)
    said = [f"diverged at iteration {last}: no longer a finite number." for last in (1, 2)]
    assert figure.data["said"] == said
    assert "Infinity" not in figure._repr_html_()


def test_huge_values_are_shown_as_they_are() -> None:
    figure = compare_optimizers(lambda p: 1e14 * bowl(p), {"Adam": OPTIMIZERS["Adam"]}, (1, 1), 3)
    _, values = by_optimizer(lambda p: 1e14 * bowl(p), OPTIMIZERS["Adam"], (1.0, 1.0), 3)
    assert unpack(figure.data["values"][0], figure.data["valueDecimals"]) == pytest.approx(values)
    assert "value 9.8" in repr(figure) and "e+13" in repr(figure)
    ElementTree.fromstring(figure.still)


@pytest.mark.parametrize(
    ("objective", "start", "rate", "said"),
    [
        (bowl, (1, 1), 1e-7, "hardly moves, at (1, 1), value 1.9998, but has not arrived"),
        (lambda p: p[0] ** 2 - p[1] ** 2, (1, 0), 0.3, "hardly moves, at (0, 0), value 0: the slo"),
        (lambda p: -bowl(p), (0, 0), 0.1, "hardly moves, at (0, 0), value 0: the slope is 0 ther"),
        (lambda p: p[0] ** 2 + 0 * p[1], (1, 1), 0.3, "rests at (0, 1), value 0."),
        (lambda p: p[0] ** 2 + 1e-6 * p[1], (1, 1), 0.3, "hardly moves, at (0, 0.9999), value 0,"),
    ],
)
def test_what_hardly_moves_is_not_therefore_in_a_minimum(objective, start, rate, said) -> None:
    figure = compare_optimizers(objective, {"plain": sgd(rate)}, start, 200)
    assert figure.data["said"][0].startswith(said)


def test_a_float32_network_is_followed_in_float64() -> None:
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
    figure = compare_optimizers(network, {"plain": sgd(0.1)}, (1, 1), 5)
    assert network[0].weight.dtype == torch.float32
    _, values = by_optimizer(network.double(), sgd(0.1), (1.0, 1.0), 5)
    assert almost(unpack(figure.data["values"][0], 4), values)
    with pytest.raises(ValueError, match=r"^objective must take theta in float64"):
        compare_optimizers(lambda p: network.float()(p))


@pytest.mark.parametrize("level", [1, 6, 12])
def test_the_bands_hold_what_lies_below_their_level(level: int) -> None:
    """Even-odd test of grid points against the drawn outline, for a surface with four valleys."""
    surface = survey_surface(himmelblau, -5, 5)
    outlines = bands(surface)
    assert len(outlines) == 14
    height = np.quantile(surface.values, ((14 - level) / 14) ** 2)
    rings = []
    for x, y, moves in re.findall(r"M(-?\d+) (-?\d+)l([^z]*)z", outlines[level]):
        steps = np.array(moves.split(), int).reshape(-1, 2)
        rings.append(np.vstack([[int(x), int(y)], np.array([int(x), int(y)]) + steps.cumsum(0)]))
    places = np.linspace(0, 400, 61)
    wrong = 0
    for row in range(2, 59, 3):
        for column in range(2, 59, 3):
            x, y = places[column] + 0.137, places[60 - row] + 0.071
            crossings = 0
            for ring in rings:
                for (x1, y1), (x2, y2) in zip(ring, np.roll(ring, -1, 0), strict=True):
                    if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
                        crossings += 1
            wrong += (crossings % 2 == 1) != (surface.values[row, column] < height)
    assert wrong <= 6  # of 361: those that lie on the line


def test_each_direction_may_have_its_own_range() -> None:
    figure = compare_optimizers(bowl, {"plain": sgd(0.1)}, (2, 0.5), 5, (-3, -1), (3, 1))
    assert figure.data["low"] == (-3, -1)
    assert figure.data["high"] == (3, 1)


def test_names_are_text_everywhere() -> None:
    figure = compare_optimizers(bowl, {NASTY: sgd(0.1)}, (1, 1), 5)
    html = figure._repr_html_()
    assert "<script>alert" not in html and "<b></script>" not in html
    assert figure.data["names"] == [NASTY]
    ElementTree.fromstring(figure.still)


def test_the_still_picture_and_the_list_tell_who_ended_where(figure: Figure) -> None:
    words = " ".join(ElementTree.fromstring(figure.still).itertext())
    assert "plain, lr 0.01" in words and "0 at (3.58, −1.85)" in words
    assert figure.extra_html.count("<li>") == 4
    assert "plain: rests at (3.5844, −1.8481)" in figure.alt


def test_it_stays_within_its_budget(figure: Figure) -> None:
    assert len(zlib.compress(figure._repr_html_().encode(), 9)) <= 30_000


def test_gradients_and_the_default_device_of_others_are_left_alone() -> None:
    weight = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    torch.set_default_device("cuda" if torch.cuda.is_available() else "meta")
    try:
        with torch.no_grad():
            figure = compare_optimizers(lambda p: weight * bowl(p), {"plain": sgd(0.1)}, (1, 1), 1)
    finally:
        torch.set_default_device(None)
    assert weight.grad is None
    assert unpack(figure.data["values"][0], 4) == [4, 1.44]


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ({"objective": "bowl"}, TypeError, "objective"),
        ({"objective": lambda theta: theta}, ValueError, "one floating-point number"),
        ({"objective": lambda theta: theta[2]}, ValueError, "tensor of two numbers.*IndexError"),
        ({"objective": lambda theta: theta.detach().sum()}, ValueError, "cut off"),
        ({"objective": lambda theta: theta.log().sum()}, ValueError, "finite from low = -5"),
        ({"optimizers": {}}, ValueError, "optimizers must be a dict with one to 4 entries"),
        ({"optimizers": {str(i): sgd(0.1) for i in range(5)}}, ValueError, "one to 4"),
        ({"optimizers": [sgd(0.1)]}, TypeError, "optimizers must be a dict from names"),
        ({"optimizers": {"a": 3}}, TypeError, r"optimizers\['a'\]"),
        ({"optimizers": {"a": lambda params: 3}}, TypeError, "optimizer must be"),
        ({"init": 3}, TypeError, "init must be two finite numbers"),
        ({"init": (1, float("nan"))}, ValueError, r"init\[1\]"),
        ({"init": (1, "2")}, TypeError, r"init\[1\]"),
        ({"init": (1, 9)}, ValueError, "init must be between low = -5 and high = 5"),
        ({"max_iter": 0}, ValueError, "max_iter"),
        ({"max_iter": 10**6}, ValueError, "max_iter must be at most 10,000"),
        ({"low": 5}, ValueError, "high must be above low = 5"),
        ({"low": (1, 2, 3)}, TypeError, "low"),
        ({"high": float("inf")}, ValueError, "high"),
    ],
)
def test_bad_input_is_refused_by_name(wrong: dict, error, message: str) -> None:
    with pytest.raises(error, match=message):
        compare_optimizers(**{"objective": bowl, **wrong})


def test_too_many_points_for_a_page_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_figure, "BUDGET", 5_000)
    with pytest.raises(ValueError, match=r"1,212 numbers.*Give fewer optimizers or a smaller max"):
        compare_optimizers(himmelblau)
