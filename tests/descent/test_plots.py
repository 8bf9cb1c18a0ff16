"""Still pictures: what the artists show, and that nothing else is changed."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.text import Text

from lecture_pkg.descent.grid import GridDescent, descend_grid
from lecture_pkg.descent.minima import find_minima
from lecture_pkg.descent.path import gradient_descent
from lecture_pkg.descent.plots import (
    plot_basins,
    plot_losses,
    plot_objective,
    plot_path,
    plot_paths,
    visualize_results,
)


def lecture(theta: torch.Tensor) -> torch.Tensor:
    return theta * torch.cos(4 * theta) + 2 * torch.abs(theta)


def bowl(theta: torch.Tensor) -> torch.Tensor:
    return theta**2


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    """Every test leaves the global settings as they were; it meets and leaves no figures."""
    matplotlib.use("agg")
    plt.close("all")
    before = dict(matplotlib.rcParams)
    yield
    plt.close("all")
    assert dict(matplotlib.rcParams) == before


def line(ax: Axes, label: str) -> Any:
    (found,) = (each for each in ax.lines if each.get_label() == label)
    return found


def labels(ax: Axes) -> list[str]:
    legend = ax.get_legend()
    return [text.get_text() for text in legend.get_texts()] if legend else []


def small_grid(keep: str = "path") -> GridDescent:
    return descend_grid(lecture, [0.05, 0.07, 0.15], [-3.5, 0.5], keep=keep)


def basin_grid() -> GridDescent:
    return descend_grid(lecture, np.linspace(0.01, 0.2, 20), np.linspace(-5, 5, 31), keep="final")


PICTURES = {
    "objective": lambda ax: plot_objective(lecture, ax=ax),
    "path": lambda ax: plot_path(gradient_descent(lecture, 0.15, init=-3.5), lecture, ax=ax),
    "paths": lambda ax: plot_paths(small_grid(), lecture, ax=ax),
    "losses": lambda ax: plot_losses({"a": [3.0, 2.0, 1.0], "b": [3.0, 0.1, 0.001]}, ax=ax),
    "basins": lambda ax: plot_basins(basin_grid(), find_minima(lecture, -5, 5), ax=ax),
}


@pytest.mark.parametrize("package", ["matplotlib", "seaborn"])
def test_a_missing_package_says_how_to_install_it(package: str) -> None:
    code = f"import sys; sys.modules['{package}'] = None; from lecture_pkg import plot_losses"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    said = done.stderr.splitlines()[-1]
    assert said.endswith(f"draws with {package}, which is missing: pip install {package}")


@pytest.mark.parametrize("name", PICTURES)
def test_axes_go_in_and_come_out(name: str) -> None:
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    assert PICTURES[name](right) is right
    assert not left.has_data() and right.has_data()
    assert plt.get_fignums() == [figure.number]
    figure.canvas.draw()
    assert right.get_window_extent().width > 200, "squeezed by what stands around it"


@pytest.mark.parametrize("name", PICTURES)
def test_a_figure_of_its_own_fits_the_page(name: str) -> None:
    ax = PICTURES[name](None)
    assert len(plt.get_fignums()) == 1 and plt.figure(1) is ax.figure
    ax.figure.canvas.draw()
    assert ax.figure.get_size_inches()[0] == 8
    assert ax.get_xlabel() and ax.get_ylabel()
    # at 700 pixels' width a point is 700 / 8 / 72 pixels: no text below 11 pixels
    texts = [
        *ax.get_xticklabels(),
        *ax.get_yticklabels(),
        ax.xaxis.label,
        ax.yaxis.label,
        *ax.texts,
    ]
    assert all(text.get_fontsize() * 700 / 8 / 72 >= 11 for text in texts)


@pytest.mark.parametrize("name", PICTURES)
def test_nothing_is_cut_off_or_covered(name: str) -> None:
    ax = PICTURES[name](None)
    figure = ax.figure
    figure.canvas.draw()
    page, frame = figure.bbox, ax.get_window_extent()
    legend = ax.get_legend()
    if legend is not None:
        box = legend.get_window_extent()
        assert box.y0 >= frame.y1 and page.contains(box.x0, box.y0), "legend over the data"
        assert page.contains(box.x1, box.y1), "legend cut off"
    notes = [Text.get_window_extent(each) for each in ax.texts]  # without its leader line
    assert all(page.contains(*corner) for box in notes for corner in (box.p0, box.p1))
    for index, one in enumerate(notes):
        assert not any(one.overlaps(other) for other in notes[index + 1 :]), "labels overlap"


def test_smooth_minima_and_kinks_are_told_apart() -> None:
    ax = plot_objective(lecture)
    assert labels(ax) == ["objective", "minimum", "kink: the slope jumps"]
    smooth, kink = line(ax, "minimum"), line(ax, "kink: the slope jumps")
    np.testing.assert_allclose(kink.get_xydata(), [[0, 0]])
    assert [f"{x:.4f}" for x in smooth.get_xdata()] == [
        "-4.6991",
        "-3.1215",
        "-1.5292",
        "0.6838",
        "2.3292",
        "3.9110",
    ]
    assert smooth.get_marker() != kink.get_marker() and smooth.get_color() != kink.get_color()
    assert sorted(text.get_text() for text in ax.texts) == sorted(
        ["−4.70", "−3.12", "−1.53", "0.00", "0.68", "2.33", "3.91"]
    )


def test_the_curve_is_the_objective() -> None:
    curve = line(plot_objective(lecture, -2, 3, mark_minima=False), "objective")
    thetas = curve.get_xdata()
    assert (thetas[0], thetas[-1]) == (-2, 3) and len(thetas) > 1000
    expected = thetas * np.cos(4 * thetas) + 2 * np.abs(thetas)
    np.testing.assert_allclose(curve.get_ydata(), expected, atol=1e-12)


def test_an_objective_for_one_number_at_a_time_is_drawn_too() -> None:
    def branch(theta: torch.Tensor) -> torch.Tensor:
        return theta**2 if theta > 0 else -theta

    curve = line(plot_objective(branch, mark_minima=False), "objective")
    thetas = curve.get_xdata()
    np.testing.assert_allclose(curve.get_ydata(), np.where(thetas > 0, thetas**2, -thetas))


def test_a_path_has_its_start_best_and_final_point() -> None:
    path = gradient_descent(lecture, 0.15, init=-3.5)
    ax = plot_path(path, lecture)
    assert labels(ax) == ["objective", "path", "start −3.50", "best 0.09", "final 0.11"]
    np.testing.assert_array_equal(line(ax, "path").get_xydata(), np.stack(path, axis=1))
    assert line(ax, "start −3.50").get_xydata().tolist() == [[-3.5, path.objectives[0]]]
    best = path.objectives.argmin()
    assert line(ax, "best 0.09").get_xydata()[0, 0] == path.thetas[best]
    assert line(ax, "final 0.11").get_xydata()[0, 0] == path.thetas[-1]
    markers = {each.get_marker() for each in ax.lines[1:]}
    assert len(markers) == 4


def test_a_path_that_stands_still_has_air_around_it() -> None:
    ax = plot_path(gradient_descent(bowl, 0.1, 3), bowl)
    assert ax.get_xlim() == (-1, 1)


def test_the_lectures_function_takes_what_the_lecture_gave_it() -> None:
    """Row L14: its arguments, in its order, from the descent that starts at 0.5."""
    thetas, objectives = gradient_descent(lecture, step_size=0.05, init=0.5, max_iter=100)
    grid = np.linspace(-5, 5, 300)
    ax = visualize_results(thetas, objectives, lecture, 0.0, grid)
    np.testing.assert_array_equal(line(ax, "objective").get_xdata(), grid)
    assert labels(ax)[-1] == "true minimum 0.00" and "final 0.68" in labels(ax)
    assert line(ax, "true minimum 0.00").get_xdata() == [0, 0]
    own = visualize_results(thetas, objectives, lecture, theta_true=0.0)
    low, high = own.get_xlim()
    assert low < 0 and high > thetas.max() and labels(own)[-1] == "true minimum 0.000"
    assert len(labels(visualize_results(list(thetas), torch.tensor(objectives), lecture))) == 5


def test_paths_differ_in_colour_and_dash_and_minima_are_named() -> None:
    grid = small_grid()
    ax = plot_paths(grid, lecture)
    assert labels(ax) == ["step size 0.05", "step size 0.07", "step size 0.15"]
    drawn = [line(ax, label) for label in labels(ax)]
    assert len({each.get_color() for each in drawn}) == len({each.get_ls() for each in drawn}) == 3
    np.testing.assert_array_equal(drawn[1].get_ydata(), grid.thetas[1, 0])
    assert {text.get_text() for text in ax.texts} == {
        "minimum −3.12",
        "minimum −1.53",
        "kink 0.00",
        "minimum 0.68",
    }


def test_a_diverging_path_leaves_the_picture_and_the_legend_says_so() -> None:
    grid = descend_grid(bowl, [0.1, 0.9, 3.0], [-3.0, 2.0], 1000)
    ax = plot_paths(grid, bowl)
    assert labels(ax)[-1] == "step size 3 (diverges)"
    drawn = line(ax, labels(ax)[-1]).get_ydata()
    assert np.isnan(drawn[2:]).all() and np.isfinite(drawn[:2]).all()
    assert ax.get_ylim()[1] < 5
    lost = descend_grid(bowl, [3.0], [1.0], 1000)
    assert plot_paths(lost, bowl).get_ylim() == (0, 2)


def test_what_runs_away_but_stays_finite_has_not_diverged() -> None:
    grid = descend_grid(bowl, [0.1, 1.5], [-3.0, 2.0], 20)
    assert labels(plot_paths(grid, bowl))[-1] == "step size 1.5 (leaves the picture)"
    assert labels(plot_basins(grid)) == ["leaves the picture"]
    mixed = descend_grid(bowl, [0.1, 1.5, 1e30], [-3.0, 2.0], 20)
    assert labels(plot_basins(mixed)) == ["diverges or leaves the picture"]


def test_losses_that_span_decades_get_a_logarithmic_scale() -> None:
    assert plot_losses({"a": [3.0, 2.0, 1.0]}).get_yscale() == "linear"
    assert plot_losses({"a": [3.0, 0.02, 0.001]}).get_yscale() == "log"
    assert plot_losses({"a": [3.0, 0.02, 0.0]}).get_yscale() == "linear"
    tensor = torch.tensor([3.0, 2.0], requires_grad=True)
    ax = plot_losses({"SGD": tensor, 3: (1, 2, 3), "kept": [*tensor]})
    assert labels(ax) == ["SGD", "3", "kept"]
    assert all(line(ax, name).get_ydata().tolist() == [3, 2] for name in ("SGD", "kept"))


def test_a_loss_that_is_not_finite_leaves_a_gap_and_is_named() -> None:
    ax = plot_losses({"SGD": [1.0, 10.0, math.inf, math.nan]})
    assert labels(ax) == ["SGD (not finite from iteration 2)"]
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [1, 10, np.nan, np.nan])
    ax.figure.canvas.draw()


def mesh(ax: Axes) -> QuadMesh:
    (found,) = (each for each in ax.collections if isinstance(each, QuadMesh))
    return found


def test_the_map_shows_the_value_reached_and_every_limit() -> None:
    grid, minima = basin_grid(), find_minima(lecture, -5, 5)
    ax = plot_basins(grid, minima)
    np.testing.assert_array_equal(mesh(ax).get_array(), grid.final_objectives)
    limits = {each.step_limit for each in minima if 0.01 < each.step_limit < 0.2}
    assert {each.get_ydata()[0] for each in ax.lines if len(each.get_ydata()) == 2} == limits
    dots = {(x.get_xdata()[0], x.get_ydata()[0]) for x in ax.lines if len(x.get_ydata()) == 1}
    assert dots == {(m.theta, m.step_limit) for m in minima if m.step_limit in limits}
    assert [text.get_text() for text in ax.texts] == [
        "2/f″ at −4.70: 0.0268",
        "2/f″ at 3.91: 0.0323",
        "2/f″ at −3.12: 0.0407",
        "2/f″ at 2.33: 0.0553",
        "2/f″ at −1.53: 0.0877",
    ]
    heights = [text.get_position()[1] for text in ax.texts]
    assert heights == sorted(heights)
    bar = ax.figure.axes[-1]
    assert bar.get_ylabel() == "value after 100 iterations"


def test_the_map_puts_starts_and_steps_in_order() -> None:
    ordered = descend_grid(lecture, [0.02, 0.05, 0.15], [-3.0, 0.5, 2.0])
    mixed = descend_grid(lecture, [0.15, 0.02, 0.05], [0.5, 2.0, -3.0, 0.5], keep="final")
    expected = mesh(plot_basins(ordered)).get_array()
    np.testing.assert_array_equal(mesh(plot_basins(mixed)).get_array(), expected)


def test_equal_limits_share_a_label() -> None:
    def waves(theta: torch.Tensor) -> torch.Tensor:
        return torch.cos(3 * theta)

    grid = descend_grid(waves, np.linspace(0.1, 0.4, 9), np.linspace(-6, 6, 9), keep="final")
    ax = plot_basins(grid, find_minima(waves, -6, 6))
    assert [text.get_text() for text in ax.texts] == ["2/f″ at 6 minima: 0.222"]


def test_what_diverges_is_grey_and_named() -> None:
    grid = descend_grid(bowl, [0.1, 0.5, 1.4, 3.0], [-3.0, 1.0, 2.0], 1000, keep="final")
    ax = plot_basins(grid, find_minima(bowl, -5, 5))
    assert np.ma.getmaskarray(mesh(ax).get_array()).tolist() == [[False] * 3] * 2 + [[True] * 3] * 2
    assert labels(ax) == ["diverges"]
    assert labels(plot_basins(basin_grid())) == []
    lost = plot_basins(descend_grid(bowl, [3.0, 4.0], [1.0, 2.0], 1000))
    lost.figure.canvas.draw()


def test_a_few_high_values_do_not_take_the_colours() -> None:
    grid = basin_grid()
    grid.objectives[0, 0] = 1e6
    assert mesh(plot_basins(grid)).get_clim()[1] < 20


def test_a_figure_half_drawn_is_closed() -> None:
    calls = []

    def moody(theta: torch.Tensor) -> torch.Tensor:
        calls.append(theta)
        return theta**2

    with pytest.raises(TypeError):
        plot_objective(moody, ax="axes")
    with pytest.raises(ZeroDivisionError):
        plot_losses({"a": [1.0], "b": Explosive()})
    assert plt.get_fignums() == []


class Explosive:
    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        raise ZeroDivisionError


grid_of_ends = descend_grid(bowl, [0.1, 0.2], [1.0, 2.0], keep="final")
good_path = gradient_descent(bowl, 0.1, 3, 1)
BAD: dict[str, tuple[Any, type[Exception], str]] = {
    "objective": (lambda: plot_objective(3), TypeError, "objective must be a function"),
    "objective, one": (lambda: plot_objective(3, mark_minima=False), TypeError, "must be a func"),
    "objective float": (
        lambda: plot_objective(lambda t: 1.0, mark_minima=False),
        TypeError,
        "torch functions",
    ),
    "objective math": (
        lambda: visualize_results([1.0, 2.0], [0.8, 0.9], math.sin),
        TypeError,
        "objective.theta. must be.*torch functions, without math",
    ),
    "objective vector": (
        lambda: plot_objective(lambda t: torch.ones(2), mark_minima=False),
        ValueError,
        r"shape is \(2,\)",
    ),
    "low": (lambda: plot_objective(bowl, "a"), TypeError, "low must be a finite number"),
    "high": (lambda: plot_objective(bowl, 1, 0), ValueError, "high must be.*above 1"),
    "ax": (lambda: plot_objective(bowl, ax=plt.figure()), TypeError, "ax must be matplotlib axes"),
    "descent": (lambda: plot_path(None, bowl), TypeError, "descent must be.*None"),
    "descent of three": (lambda: plot_path((1, 2, 3), bowl), TypeError, "descent must be"),
    "path in a plane": (
        lambda: plot_path(gradient_descent(lambda t: (t**2).sum(), init=[1.0, 2.0]), bowl),
        ValueError,
        r"theta_arr must be a row of numbers.*\(101, 2\)",
    ),
    "thetas text": (lambda: visualize_results("abc", [1], bowl), TypeError, "theta_arr must be"),
    "thetas none": (lambda: visualize_results([], [], bowl), ValueError, "theta_arr must be a row"),
    "values nan": (
        lambda: visualize_results([1.0], [math.nan], bowl),
        ValueError,
        "obj_arr must be finite.*nan",
    ),
    "lengths": (lambda: visualize_results([1.0, 2], [1.0], bowl), ValueError, "hold 2 and 1"),
    "true theta": (
        lambda: visualize_results(*good_path, bowl, "0"),
        TypeError,
        "theta_true must be a finite number",
    ),
    "where to look": (
        lambda: visualize_results(*good_path, bowl, None, 3.0),
        ValueError,
        r"vis_arr must be a row of numbers.*\(\)",
    ),
    "where not to look": (
        lambda: visualize_results(*good_path, bowl, None, [1.0, math.nan]),
        ValueError,
        "vis_arr must be finite",
    ),
    "no grid": (lambda: plot_paths(good_path, bowl), TypeError, "grid must be what descend_grid"),
    "only ends": (lambda: plot_paths(grid_of_ends, bowl), ValueError, 'keep="path"'),
    "too many steps": (
        lambda: plot_paths(descend_grid(bowl, np.linspace(0.1, 1, 9), [1.0], 1), bowl),
        ValueError,
        "at most 8 step sizes.*it has 9 and 1",
    ),
    "losses row": (lambda: plot_losses([1.0, 2.0]), TypeError, "losses must be a dict"),
    "losses none": (lambda: plot_losses({}), TypeError, "losses must be a dict"),
    "losses number": (lambda: plot_losses({"a": 1.0}), ValueError, r"losses\['a'\] must be a row"),
    "losses text": (lambda: plot_losses({"a": ["x"]}), TypeError, r"losses\['a'\] must be a row"),
    "basins of none": (lambda: plot_basins(None), TypeError, "grid must be what descend_grid"),
    "basins of a row": (
        lambda: plot_basins(descend_grid(bowl, [0.1], [1.0, 2.0])),
        ValueError,
        "at least two different starts and step sizes, but it has 2 and 1",
    ),
    "minima numbers": (lambda: plot_basins(grid_of_ends, [0.3]), TypeError, "minima must be what"),
    "minima number": (lambda: plot_basins(grid_of_ends, 0.3), TypeError, "minima must be what"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_in_words_and_leaves_no_figure(case: str) -> None:
    call, error, words = BAD[case]
    with pytest.raises(error, match=words):
        call()
    if case != "ax":
        assert plt.get_fignums() == []
