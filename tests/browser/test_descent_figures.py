"""The figures about descent in a real browser: by mouse and by keyboard, their numbers torch's."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
import torch
from descents import by_hand, himmelblau, lecture
from playwright.sync_api import Locator, Page, expect

from lecture_pkg import (
    basin_map,
    compare_optimizers,
    explore_descent,
    find_ridges,
    gradient_descent,
)
from lecture_pkg.interactive.figure import Figure
from lecture_pkg.interactive.optimizers import OPTIMIZERS

Show = Callable[..., Page]
NASTY = "</script><script>alert(1)</script>"


@pytest.fixture(scope="module")
def figures() -> dict[str, Figure]:
    return {
        "explorer": explore_descent(lecture),
        "basins": basin_map(lecture),
        "optimizers": compare_optimizers(himmelblau),
    }


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def written(value: float) -> str:
    return f"{round(value, 4) + 0.0:.4f}".replace("-", "−")


def handle(page: Page, name: str) -> Locator:
    return page.get_by_role("slider", name=name, exact=True)


def move(page: Page, name: str, words: str) -> None:
    """By keyboard: from the left end on, until the slider says these words."""
    slider = handle(page, name)
    slider.focus()
    page.keyboard.press("Home")
    for _ in range(200):
        if slider.get_attribute("aria-valuetext") == words:
            return
        page.keyboard.press("ArrowRight")
    raise AssertionError(f"{name} never says {words}")


def readout(page: Page) -> dict[str, str]:
    texts = page.locator("dt, dd").all_inner_texts()
    return dict(zip(texts[::2], texts[1::2], strict=True))


def descent(step: float, start: float, iterations: int = 100):
    init = torch.tensor(start, dtype=torch.float64, device="cpu")
    return gradient_descent(lecture, step, iterations, init)


# the explorer


@pytest.mark.parametrize("start", [0.5, -3.5])
@pytest.mark.parametrize("step", [0.05, 0.07, 0.15])
def test_the_lectures_paths_by_keyboard(
    show: Show, figures: dict[str, Figure], step: float, start: float
) -> None:
    page = show(figures["explorer"])
    move(page, "Step size", f"{step:g}")
    move(page, "Start", f"{start:g}".replace("-", "−"))
    thetas, values = descent(step, start)
    _, _, slopes = by_hand(lecture, step, start, 100)
    handle(page, "Iteration").focus()
    page.keyboard.press("Home")
    every = 1 if (step, start) == (0.05, -3.5) else 10
    for t in range(0, 101, every):
        theta, value, slope, following = readout(page).values()
        assert (theta, value, slope) == tuple(map(written, (thetas[t], values[t], slopes[t])))
        if t < 100:
            assert following.endswith(f"= {written(thetas[t + 1])}")
        page.keyboard.press("ArrowRight" if every == 1 else "PageUp")
    assert following == "–"


def test_the_sentence_says_what_happened(show: Show, figures: dict[str, Figure]) -> None:
    page = show(figures["explorer"])
    said = page.get_by_role("status")
    expect(said).to_have_text(re.compile("^Bounces around −3.1215: the step 0.05 is above 2/f″"))
    move(page, "Step size", "0.07")
    expect(said).to_have_text(re.compile("^Rests at −1.5292, value 1.5503: the step 0.07 is below"))
    move(page, "Start", "0.5")
    expect(said).to_have_text(re.compile("^Rests at 0.6838, value 0.7395"))


def test_scrubbing_by_mouse(show: Show, figures: dict[str, Figure]) -> None:
    page = show(figures["explorer"])
    thetas, values = descent(0.05, -3.5)
    box = handle(page, "Iteration").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert number(page.locator(".lp-live b").last.inner_text()) == 50
    assert readout(page)["θ"] == written(thetas[50])
    level = page.locator(".lp-ahead").bounding_box()
    page.mouse.move(level["x"] + 5, level["y"] + level["height"] * 0.2)
    page.mouse.down()
    page.mouse.move(level["x"] + 5, level["y"] + level["height"] * 0.3, steps=4)
    page.mouse.up()
    assert readout(page)["value"] == written(values[30])


def test_the_point_lies_on_the_curve_and_the_tangent_touches(
    show: Show, figures: dict[str, Figure]
) -> None:
    """Pixels against numbers: the current point, the tangent's slope, the next point."""
    page = show(figures["explorer"])
    handle(page, "Iteration").fill("3")
    points, values, slopes = by_hand(lecture, 0.05, -3.5, 100)
    now = page.locator(".lp-now").first
    x, y = (float(now.get_attribute(key)) for key in ("cx", "cy"))
    marks = page.locator(".lp-holds, .lp-fails")
    left, right = ([float(marks.nth(i).get_attribute(key)) for key in ("cx", "cy")] for i in (1, 5))
    per_theta = (right[0] - left[0]) / (2.3291511 + 3.1214837)
    per_value = (right[1] - left[1]) / (2.3427651 - 3.1315761)
    assert x == pytest.approx(left[0] + (points[3] + 3.1214837) * per_theta, abs=0.1)
    assert y == pytest.approx(left[1] + (values[3] - 3.1315761) * per_value, abs=0.1)
    x1, y1, x2, y2 = map(
        float, re.findall(r"-?[\d.]+", page.locator(".lp-tangent").get_attribute("d"))
    )
    assert (y2 - y1) / (x2 - x1) == pytest.approx(slopes[3] * per_value / per_theta, rel=1e-3)
    stride = re.findall(r"-?[\d.]+", page.locator(".lp-stride").get_attribute("d"))
    assert float(stride[2]) == pytest.approx(x + (points[4] - points[3]) * per_theta, abs=0.1)


def test_minima_are_filled_where_the_step_can_rest(show: Show, figures: dict[str, Figure]) -> None:
    page = show(figures["explorer"])
    for step, holding in (("0.02", 6), ("0.05", 3), ("0.07", 2), ("0.15", 1), ("0.3", 0)):
        move(page, "Step size", step)
        assert page.locator(".lp-canvas .lp-holds").count() == holding
        assert page.locator(".lp-canvas .lp-fails").count() == 7 - holding


def test_ridges_are_drawn_where_they_are(show: Show, figures: dict[str, Figure]) -> None:
    page = show(figures["explorer"])
    lines = page.locator(".lp-canvas .lp-ridge").evaluate_all("all => all.map(e => e.getBBox().x)")
    marks = page.locator(".lp-canvas .lp-holds, .lp-canvas .lp-fails")
    left, right = (float(marks.nth(i).get_attribute("cx")) for i in (1, 5))
    per_theta = (right - left) / (2.3291511 + 3.1214837)
    found = [(x - left) / per_theta - 3.1214837 for x in lines]
    expected = [ridge.theta for ridge in find_ridges(lecture, -5, 5)]
    assert found == pytest.approx(expected, abs=0.01)


def test_numbers_beside_a_pole_are_decoded_as_they_are(show: Show) -> None:
    def walls(theta: torch.Tensor) -> torch.Tensor:
        return theta**2 + 1 / theta**2

    page = show(explore_descent(walls, [0.01], [1e-6, 0.025, 2], 20, 1e-6, 5, first=(0.01, 0.025)))
    handle(page, "Iteration").fill("0")
    assert number(readout(page)["value"]) == pytest.approx(1600, abs=0.01)
    move(page, "Start", "0.000001")
    assert readout(page)["value"] == "1.0000e+12"
    move(page, "Start", "2")
    handle(page, "Iteration").fill("0")
    assert readout(page)["value"] == "4.2500"


def test_a_path_that_runs_away_ends_early(show: Show) -> None:
    page = show(explore_descent(torch.square, [0.5, 1.5], [2.0], 30, first=(1.5, 2.0)))
    expect(page.get_by_role("status")).to_contain_text("Left the picture: at iteration 9")
    assert handle(page, "Iteration").get_attribute("max") == "8"
    assert readout(page)["θ"] == "512.0000"
    assert page.locator(".lp-outside").count() == 2
    move(page, "Step size", "0.5")
    assert handle(page, "Iteration").input_value() == "30"


def test_a_flat_objective_is_drawn_as_well(show: Show) -> None:
    def flat(theta: torch.Tensor) -> torch.Tensor:
        return 0 * theta

    page = show(
        explore_descent(flat, [0.1], [1.0], 5),
        basin_map(flat, [0.1], [1.0], 5),
        compare_optimizers(lambda theta: flat(theta).sum(), max_iter=5),
    )
    assert page.locator("figure[data-ready]").count() == 3
    assert page.evaluate("document.querySelector('.lp-live').innerHTML.includes('NaN')") is False


def test_playing_goes_to_the_end_and_can_be_paused(show: Show) -> None:
    figure = explore_descent(torch.square, [0.1], [2.0], 12)
    page = show(figure, reduced_motion="no-preference")
    iteration = handle(page, "Iteration")
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.wait_for_function("document.querySelectorAll('input')[2].value > 2")
    page.get_by_role("button", name="Pause").press("Enter")
    paused = iteration.input_value()
    assert 2 < int(paused) < 12
    page.wait_for_timeout(600)
    assert iteration.input_value() == paused
    page.get_by_role("button", name="Play").press(" ")
    expect(iteration).to_have_value("12", timeout=30_000)
    expect(page.get_by_role("button", name="Play")).to_be_visible()


@pytest.mark.parametrize("kind", ["explorer", "optimizers"])
def test_play_does_not_move_for_those_who_ask_for_calm(
    show: Show, figures: dict[str, Figure], kind: str
) -> None:
    page = show(figures[kind])
    handle(page, "Iteration").fill("3")
    page.get_by_role("button", name="Play").click()
    assert handle(page, "Iteration").input_value() == "100"


# the map


def cell(page: Page, figure: Figure, step: float, start: float) -> tuple[float, float]:
    """Pixels of the middle of a cell, from the axis' marks."""
    data = figure.data
    box = page.locator(".lp-cells").bounding_box()
    width = (start - data["low"]) / (data["high"] - data["low"])
    row = (data["steps"].index(step) + 0.5) / len(data["steps"])
    return box["x"] + box["width"] * width, box["y"] + box["height"] * (1 - row)


@pytest.mark.parametrize(
    ("step", "start"), [(0.05, -3.5), (0.07, -3.5), (0.15, -3.5), (0.15, 0.5), (0.01, 4.9)]
)
def test_a_click_on_the_map_shows_the_path_from_there(
    show: Show, figures: dict[str, Figure], step: float, start: float
) -> None:
    figure = figures["basins"]
    page = show(figure)
    page.mouse.click(*cell(page, figure, 0.3, 3.0))
    page.mouse.click(*cell(page, figure, step, start))
    thetas, values = descent(step, start)
    shown = readout(page)
    assert (number(shown["start"]), number(shown["step size"])) == (start, step)
    assert shown["θ at the end"] == written(thetas[-1])
    assert shown["value reached"] == written(values[-1])
    assert number(handle(page, "Start").get_attribute("aria-valuetext")) == start
    index = figure.data["steps"].index(step) * 101 + figure.data["starts"].index(start)
    sentence = figure.data["sentences"][figure.data["said"][index]]
    expect(page.get_by_role("status")).to_contain_text(sentence)
    drawn = re.findall(r"(-?[\d.]+) (-?[\d.]+)", page.locator(".lp-behind").get_attribute("d"))
    xs = np.array([float(x) for x, _ in drawn])
    plot = page.locator(".lp-canvas").last.locator("svg").first
    per_theta = (float(plot.get_attribute("width")) - 44 - 14) / 10
    coarse = figure.data["coarse"] * per_theta / 2 + 0.1
    assert xs == pytest.approx(44 + (thetas + 5) * per_theta, abs=coarse)


def test_the_map_by_arrow_keys(show: Show, figures: dict[str, Figure]) -> None:
    page = show(figures["basins"])
    page.get_by_role("application").focus()
    moves = [
        ("ArrowRight", -3.4, 0.05),
        ("ArrowUp", -3.4, 0.055),
        ("ArrowLeft", -3.5, 0.055),
        ("ArrowDown", -3.5, 0.05),
        ("Shift+ArrowRight", -3.0, 0.05),
        ("Home", -5.0, 0.05),
        ("ArrowLeft", -5.0, 0.05),
        ("End", 5.0, 0.05),
        ("PageUp", 5.0, 0.3),
        ("PageDown", 5.0, 0.01),
    ]
    for key, start, step in moves:
        page.keyboard.press(key)
        shown = readout(page)
        assert (number(shown["start"]), number(shown["step size"])) == (start, step)
        said = page.get_by_role("status").text_content()
        assert said.startswith(f"Start {start:g}, step size {step:g}. ".replace("-", "−"))
        assert shown["value reached"] == written(descent(step, start).objectives[-1])


def test_the_map_by_its_sliders(show: Show, figures: dict[str, Figure]) -> None:
    page = show(figures["basins"])
    move(page, "Start", "0.5")
    move(page, "Step size", "0.15")
    assert readout(page)["θ at the end"] == "0.6838"
    expect(page.get_by_role("status")).to_have_text(re.compile("^Rests at 0.6838"))


def test_the_cells_have_the_colours_of_their_values(show: Show, figures: dict[str, Figure]) -> None:
    figure = figures["basins"]
    page = show(figure)
    generator = np.random.default_rng(1)
    box = page.locator(".lp-cells").bounding_box()
    plot = page.locator(".lp-plot").first.bounding_box()
    for s, k in generator.integers((20, 101), size=(40, 2)):
        step, start = figure.data["steps"][s], figure.data["starts"][k]
        value = descent(step, start).objectives[-1]
        x, y = cell(page, figure, step, min(max(start, -4.98), 4.98))
        found = page.locator(".lp-cells path").evaluate_all(
            """(paths, [x, y]) => paths.map((path) => {
                const point = path.ownerSVGElement.createSVGPoint();
                [point.x, point.y] = [x, y];
                return path.isPointInFill(point);
            })""",
            [x - plot["x"], y - plot["y"]],
        )
        expected = int(np.digitize(round(value, 4), figure.data["bounds"]))
        assert [i for i, inside in enumerate(found[:11]) if inside] == [expected]
        assert found[11] == (figure.data["rests"][s * 101 + k] == "0")
    assert box["width"] > 600


# the optimizers


def rows(page: Page) -> list[list[str]]:
    cells = page.locator("tbody td").all_inner_texts()
    return [cells[i : i + 3] for i in range(0, len(cells), 3)]


def test_every_step_of_every_optimizer_by_keyboard(show: Show, figures: dict[str, Figure]) -> None:
    page = show(figures["optimizers"])
    init = torch.tensor([0.0, -3.0], dtype=torch.float64, device="cpu")
    paths = [
        gradient_descent(himmelblau, max_iter=100, init=init, optimizer=factory)
        for factory in OPTIMIZERS.values()
    ]
    handle(page, "Iteration").focus()
    page.keyboard.press("Home")
    for t in range(101):
        expected = [[*map(written, p.thetas[t]), written(p.objectives[t])] for p in paths]
        assert rows(page) == expected
        best = min(number(row[2]) for row in expected)
        marked = page.locator(".lp-best td:last-child").all_inner_texts()
        assert {number(value) for value in marked} == {best}
        page.keyboard.press("ArrowRight")


def test_the_badges_are_where_the_numbers_are(show: Show, figures: dict[str, Figure]) -> None:
    page = show(figures["optimizers"])
    handle(page, "Iteration").fill("12")
    picture = page.locator(".lp-canvas").first
    frame = picture.locator(".lp-surface").bounding_box()
    plot = picture.locator("svg").first.bounding_box()
    for i, row in enumerate(rows(page)):
        place = picture.locator(f".lp-badge-{i + 1}").get_attribute("transform")
        x, y = map(float, re.findall(r"-?[\d.]+", place))
        assert x == pytest.approx(
            frame["x"] - plot["x"] + (number(row[0]) + 5) / 10 * frame["width"], abs=1
        )
        assert y == pytest.approx(
            frame["y"] - plot["y"] + (5 - number(row[1])) / 10 * frame["height"], abs=1
        )


def test_optimizers_can_be_told_apart_without_colour(
    show: Show, figures: dict[str, Figure]
) -> None:
    page = show(figures["optimizers"])
    heads = page.locator("tbody th")
    dashes = heads.locator(".lp-lane").evaluate_all(
        "all => all.map(e => getComputedStyle(e).strokeDasharray)"
    )
    shapes = heads.locator(".lp-badge").evaluate_all("all => all.map(e => e.getAttribute('d'))")
    assert len(set(dashes)) == len(set(shapes)) == 4


def test_optimizers_play_together_and_pause(show: Show, figures: dict[str, Figure]) -> None:
    page = show(figures["optimizers"], reduced_motion="no-preference")
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("document.querySelector('input').value > 3")
    page.get_by_role("button", name="Pause").click()
    t = int(handle(page, "Iteration").input_value())
    init = torch.tensor([0.0, -3.0], dtype=torch.float64, device="cpu")
    for row, factory in zip(rows(page), OPTIMIZERS.values(), strict=True):
        path = gradient_descent(himmelblau, max_iter=t, init=init, optimizer=factory)
        assert row == [*map(written, path.thetas[t]), written(path.objectives[t])]


def test_a_nasty_name_is_text(show: Show) -> None:
    figure = compare_optimizers(
        lambda theta: (theta**2).sum(), {NASTY: lambda p: torch.optim.SGD(p, lr=0.1)}, (1, 1), 5
    )
    page = show(figure)
    assert page.locator("tbody th span").inner_text().splitlines() == [NASTY, "lr 0.1"]
    assert NASTY in page.get_by_role("status").inner_text()


# all of them


KINDS = ["explorer", "basins", "optimizers"]


@pytest.mark.parametrize("kind", KINDS)
def test_one_status_line_that_changes_once_for_a_change(
    show: Show, figures: dict[str, Figure], kind: str
) -> None:
    page = show(figures[kind])
    assert page.get_by_role("status").count() == 1
    page.evaluate(
        """() => {
          window.changes = 0;
          new MutationObserver(() => { window.changes += 1; })
            .observe(document.querySelector("[role=status]"), { childList: true, subtree: true });
        }"""
    )
    slider = page.get_by_role("slider").first
    slider.press("ArrowLeft")
    page.wait_for_timeout(50)
    assert page.evaluate("window.changes") == (0 if kind == "optimizers" else 1)


@pytest.mark.parametrize("kind", KINDS)
def test_controls_have_names_and_words_for_their_values(
    show: Show, figures: dict[str, Figure], kind: str
) -> None:
    page = show(figures[kind])
    names = {"explorer": ["Step size", "Start", "Iteration"], "basins": ["Step size", "Start"]}
    for name in names.get(kind, ["Iteration"]):
        slider = handle(page, name)
        before = slider.get_attribute("aria-valuetext")
        slider.press("ArrowLeft")
        assert before and slider.get_attribute("aria-valuetext") not in ("", before)
    for element in page.locator("[tabindex='0'], button").all():
        assert element.get_attribute("aria-label")


def test_the_iteration_tells_its_numbers_to_a_screen_reader(
    show: Show, figures: dict[str, Figure]
) -> None:
    page = show(figures["explorer"])
    said = handle(page, "Iteration").get_attribute("aria-valuetext")
    assert said == "100: θ −3.2960, value 3.9046, slope −8.8177"
    page = show(figures["optimizers"])
    said = handle(page, "Iteration").get_attribute("aria-valuetext")
    assert said.startswith("100. plain: 0.0000; momentum: 0.00")


@pytest.mark.parametrize("place", ["sandbox", "jupyterlab"])
@pytest.mark.parametrize("kind", KINDS)
def test_alive_and_worked_by_keys_where_scripts_are_made_anew(
    show: Show, figures: dict[str, Figure], kind: str, place: str
) -> None:
    frame = show(figures[kind], place=place)
    slider = frame.get_by_role("slider").first
    before = slider.input_value()
    slider.press("ArrowLeft")
    assert int(slider.input_value()) == int(before) - 1
    if place == "jupyterlab":
        assert frame.evaluate("window.taken") == []
    if kind == "basins":
        start = frame.locator("dd").first.inner_text()
        frame.get_by_role("application").press("ArrowRight")
        assert frame.locator("dd").first.inner_text() != start


@pytest.mark.parametrize("kind", KINDS)
def test_the_still_picture_and_its_words_stay_without_script(
    show: Show, figures: dict[str, Figure], kind: str
) -> None:
    for page in (
        show(figures[kind], java_script_enabled=False),
        show(figures[kind], place="untrusted"),
    ):
        image = page.locator(".lp-still img")
        assert image.is_visible()
        assert image.bounding_box()["width"] > 600
        assert image.get_attribute("alt") == figures[kind].alt
        assert page.locator(".lp-print").is_visible()
        assert page.locator(".lp-live").count() == 0


@pytest.mark.parametrize("kind", KINDS)
def test_print_keeps_the_still_picture_and_its_words(
    show: Show, figures: dict[str, Figure], kind: str
) -> None:
    page = show(figures[kind])
    assert not page.locator(".lp-still").is_visible()
    page.emulate_media(media="print")
    assert page.locator(".lp-still").is_visible()
    assert page.locator(".lp-print").is_visible()
    assert not page.locator(".lp-live").is_visible()


CONTRAST = """(root) => {
  const channel = (v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) =>
    0.2126 * channel(r / 255) + 0.7152 * channel(g / 255) + 0.0722 * channel(b / 255);
  const parse = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
  const behind = (node) => {
    for (let e = node; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const failures = [];
  for (const node of root.querySelectorAll("text, dt, dd, b, th, td, span, small, button, p")) {
    if (!node.textContent.trim() || node.classList.contains("lp-bound")) continue;
    if (node.classList.contains("lp-unseen")) continue;
    const style = getComputedStyle(node);
    const front = light(parse(node.matches("text") ? style.fill : style.color));
    const back = light(behind(node));
    const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
    if (ratio < 4.5) failures.push([node.tagName, node.textContent, ratio]);
  }
  return failures;
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("kind", KINDS)
def test_words_stand_out_in_light_and_in_dark(
    show: Show, shot: Callable[..., None], figures: dict[str, Figure], kind: str, theme: str
) -> None:
    for width in (1280, 375):
        page = show(figures[kind], theme=theme, width=width)
        assert page.locator(".lp-live").evaluate(CONTRAST) == []
        shot(page, f"{width}")


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_scrolls_sideways_on_a_small_phone(
    show: Show, figures: dict[str, Figure], kind: str
) -> None:
    page = show(figures[kind], width=320)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.set_viewport_size({"width": 900, "height": 700})
    expect(page.locator(".lp-plot").first).to_have_attribute("width", re.compile(r"^[3-9]\d\d"))


def test_all_three_live_on_one_page(show: Show, figures: dict[str, Figure]) -> None:
    page = show(*figures.values())
    assert page.locator("figure[data-ready]").count() == 3
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((e) => e.id)")
    assert len(ids) == len(set(ids))
