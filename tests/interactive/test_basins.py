"""basin_map: ends and paths are torch's, limits are where they belong.

What it refuses stands in test_explorer.py, since both ask for the same.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
import zlib

import numpy as np
import pytest
import torch
from descents import almost, by_hand, lecture, unpack

from lecture_pkg import basin_map
from lecture_pkg.interactive.basins import COLOURS
from lecture_pkg.interactive.figure import Figure

LIMITS = {
    -4.6991: "0.0268",
    -3.1215: "0.0407",
    -1.5292: "0.0877",
    0.0: "kink",
    0.6838: "0.2905",
    2.3292: "0.0553",
    3.911: "0.0323",
}


@pytest.fixture(scope="module")
def figure() -> Figure:
    return basin_map(lecture)


def ends_of(figure: Figure) -> tuple[np.ndarray, np.ndarray]:
    data = figure.data
    return tuple(np.array([unpack(row, 4) for row in data[key]]) for key in ("endThetas", "ends"))


def test_ends_and_paths_are_those_that_torch_walks(figure: Figure) -> None:
    data = figure.data
    thetas, values = ends_of(figure)
    generator = np.random.default_rng(0)
    for cell in generator.choice(thetas.size, 150, replace=False):
        s, k = divmod(int(cell), len(data["starts"]))
        points, heights, _ = by_hand(lecture, data["steps"][s], data["starts"][k], 100)
        assert almost([thetas[s, k], values[s, k]], [points[-1], heights[-1]])
        drawn = np.array(unpack(data["thetas"][cell], 0)) * data["coarse"]
        assert np.abs(drawn - points).max() <= data["coarse"] / 2 + 1e-9


def test_the_lectures_choices_are_there_as_they_are_written(figure: Figure) -> None:
    assert {0.05, 0.07, 0.15} <= set(figure.data["steps"])
    assert {0.5, -3.5, -5.0, 5.0} <= set(figure.data["starts"])


def test_the_rows_of_the_lecture(figure: Figure) -> None:
    """From 0.5 all three rest at 0.6838; from −3.5 they do not."""
    thetas, values = ends_of(figure)
    rows = [figure.data["steps"].index(step) for step in (0.05, 0.07, 0.15)]
    near, far = (figure.data["starts"].index(start) for start in (0.5, -3.5))
    assert thetas[rows, near].tolist() == [0.6838] * 3
    assert values[rows, near].tolist() == [0.7395] * 3
    assert thetas[rows, far].round(2).tolist() == [-3.30, -1.53, 0.11]
    assert values[rows, far].round(2).tolist() == [3.90, 1.55, 0.32]


def test_every_minimum_has_its_limit(figure: Figure) -> None:
    assert {m["theta"]: m["name"] for m in figure.data["minima"]} == LIMITS
    for theta, name in LIMITS.items():
        assert (f"<td>{theta:.4f}</td>".replace("-", "−") in figure.extra_html) or theta == 0
        assert f"<td>{name}</td>" in figure.extra_html
    words = list(ElementTree.fromstring(figure.still).itertext())
    assert all(words.count(name) == 2 for name in LIMITS.values() if name != "kink")


def test_below_its_limit_a_valley_holds_and_above_it_does_not(figure: Figure) -> None:
    """The claim of the picture: near each minimum, rest and limit agree for every step size."""
    data = figure.data
    rests = np.array(list(data["rests"])).reshape(len(data["steps"]), -1)
    thetas, _ = ends_of(figure)
    for minimum in data["minima"]:
        start = int(np.abs(np.array(data["starts"]) - minimum["theta"]).argmin())
        for s, step in enumerate(data["steps"]):
            stayed = rests[s, start] == "1" and abs(thetas[s, start] - minimum["theta"]) < 1e-3
            if step > minimum["limit"] and minimum["name"] != "kink":
                assert not stayed
            if step < 0.9 * minimum["limit"]:
                assert stayed


def test_the_colours_are_ordered_and_can_be_told_apart_without_hue() -> None:
    """Their lightness falls from the lowest value to the highest, as a colour-blind reader sees."""
    channels = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in COLOURS])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    light = linear @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(light) < 0).all()


def test_bounds_rise_and_cover_what_is_reached(figure: Figure) -> None:
    bounds = figure.data["bounds"]
    assert len(bounds) == len(COLOURS) - 1
    assert bounds == sorted(set(bounds))
    _, values = ends_of(figure)
    assert set(np.digitize(values, bounds).ravel()) == set(range(len(COLOURS)))


def test_the_still_picture_shows_the_same_cells(figure: Figure) -> None:
    """The areas of the colours in the still picture are those of the numbers."""
    root = ElementTree.fromstring(figure.still)
    _, values = ends_of(figure)
    shade = np.digitize(values, figure.data["bounds"])
    share = np.bincount(shade.ravel(), minlength=len(COLOURS)) / shade.size
    found = {}
    for path in root.iter("{http://www.w3.org/2000/svg}path"):
        if path.get("fill") in COLOURS:
            runs = re.findall(r"M(\S+) (\S+)H(\S+)V(\S+)H", path.get("d"))
            sizes = [(float(x2) - float(x1)) * (float(y2) - float(y1)) for x1, y1, x2, y2 in runs]
            found[path.get("fill")] = sum(sizes)
    whole = sum(found.values())
    assert len(found) == len(COLOURS)
    for colour, expected in zip(COLOURS, share, strict=True):
        assert found[colour] / whole == pytest.approx(expected, abs=0.02)


def test_plain_text_and_caption_say_what_is_kept(figure: Figure) -> None:
    assert repr(figure).splitlines()[0] == (
        "Gradient descent with 20 step sizes (0.01 to 0.3) from 101 starts (−5 to 5), "
        "100 iterations each."
    )
    assert re.fullmatch(
        r"Of the 2020 paths \d+ come to rest; the lowest value reached is 0\.",
        repr(figure).splitlines()[1],
    )
    assert "to a 500th of the picture's width" in figure.caption


def test_paths_that_diverge_are_marked() -> None:
    figure = basin_map(torch.square, [0.5, 2.0], [-1.0, 1.0], 30)
    assert figure.data["last"] == [30, 30, 6, 6]
    assert figure.data["rests"] == "1100"
    assert max(figure.data["bounds"]) <= 25
    assert "#9aa2ab" in figure.still


def test_it_stays_within_its_budget(figure: Figure) -> None:
    assert len(zlib.compress(figure._repr_html_().encode(), 9)) <= 60_000
