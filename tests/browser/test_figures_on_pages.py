"""Each moving figure on the page where it stands: to its last step, its numbers against torch's."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import built_site
import pytest
import torch
from chapters import chapters, stem
from descents import by_hand, lecture
from playwright.sync_api import Locator, Page, expect

from lecture_pkg.exercises.questions import load

Open = Callable[[str], Page]
KINDS = ("stepper", "explorer", "basins", "optimizers", "training", "quiz")


def counted(notebook: Path) -> dict[str, int]:
    """How many figures of each kind the outputs of a notebook hold."""
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    outputs = (output for cell in cells for output in cell.get("outputs", []))
    html = "".join("".join(output.get("data", {}).get("text/html", "")) for output in outputs)
    found = {kind: html.count(f'class="lp-figure lp-{kind}') for kind in KINDS}
    return {kind: count for kind, count in found.items() if count}


COUNTS = {subject: counted(path) for subject, path in chapters().items()}


@pytest.fixture
def chapter(blank: Callable[..., Page]) -> Open:
    def go(name: str) -> Page:
        root = built_site.HTML.as_uri()
        page = blank(lambda url: url.startswith(root))
        page.goto(f"{root}/book/{stem(name)}.html")
        return page

    return go


def numbers(text: str) -> list[float]:
    found = re.findall(r"[-−]?\d+(?:\.\d+)?", text)
    return [float(number.replace("−", "-")) for number in found]


def slopes() -> dict[str, list[list[float]]]:
    """For each stepper, in order: what bare torch leaves in x.grad."""
    x, two = (torch.tensor(value, requires_grad=True, device="cpu") for value in (5.0, 2.0))
    first = 3 * torch.sin(x) + x + 3
    twice = two**2 * torch.sin(two**2)

    def of(y: torch.Tensor, leaf: torch.Tensor) -> list[float]:
        return torch.autograd.grad(y, leaf)[0].reshape(-1).tolist()

    return {
        "backward": [of(first, x), of(twice, two)],
        "accumulation": [of(3 * x**2, x)],  # twice, set to zero, and once more
    }


def at_the_end(figure: Locator) -> list[float]:
    leaf = figure.locator(".lp-graph .lp-leaf").filter(has_text=re.compile(r"\bx = "))
    return numbers(" ".join(leaf.locator(".lp-sub").all_text_contents()).split("=")[-1])


@pytest.mark.parametrize(("name", "expected"), slopes().items())
def test_steppers(chapter: Open, name: str, expected: list[list[float]]) -> None:
    figures = chapter(name).locator(".lp-stepper").all()
    for figure, slope in zip(figures, expected, strict=True):
        on = figure.get_by_role("button", name="One step on")
        while on.is_enabled():
            on.click()
        assert at_the_end(figure) == pytest.approx(slope, abs=6e-5)
        handle = figure.get_by_role("slider")
        handle.press("Home")
        expect(figure.get_by_role("status")).to_contain_text("Step 0 of")
        for _ in range(int(handle.get_attribute("max"))):
            handle.press("ArrowRight")
        assert on.is_disabled()
        assert at_the_end(figure) == pytest.approx(slope, abs=6e-5)


@pytest.mark.parametrize(("name", "kinds"), COUNTS.items())
def test_every_figure_stands_and_is_alive(chapter: Open, name: str, kinds: dict[str, int]) -> None:
    page = chapter(name)
    for kind, count in kinds.items():
        assert page.locator(f".lp-{kind}[data-ready]").count() == count
    assert page.locator(".lp-figure").count() == sum(kinds.values())
    texts = {question.text.replace("`", ""): question for question in load().values()}
    for quiz in page.locator(".lp-quiz").all():
        question = texts[" ".join(quiz.locator("legend").inner_text().split())]
        right = next(choice for choice in question.choices if choice.right)
        quiz.get_by_role("radio", name=right.text.replace("`", ""), exact=True).press("Space")
        quiz.get_by_role("button", name="Check").click()
        expect(quiz.get_by_role("status")).to_contain_text("✓ Right.")


def test_explorer_and_map(chapter: Open) -> None:
    page = chapter("descent")
    points, values, _ = by_hand(lecture, 0.07, -3.5, 100)
    explorer = page.locator(".lp-explorer")
    handle = explorer.get_by_role("slider", name="Iteration", exact=True)
    handle.press("Home")
    assert numbers(explorer.locator("dd").first.inner_text()) == [-3.5]
    box = handle.bounding_box()
    handle.click(position={"x": box["width"] - 2, "y": box["height"] / 2})
    shown = explorer.locator("dd").all_inner_texts()
    assert numbers(shown[0]) == pytest.approx([points[-1]], abs=6e-5)
    assert numbers(shown[1]) == pytest.approx([values[-1]], abs=6e-5)
    basins = page.locator(".lp-basins")
    basins.get_by_role("application").press("ArrowRight")
    shown = dict(
        zip(
            basins.locator("dt").all_inner_texts(),
            basins.locator("dd").all_inner_texts(),
            strict=True,
        )
    )
    start, step = numbers(shown["start"])[0], numbers(shown["step size"])[0]
    _, values, _ = by_hand(lecture, step, start, 100)
    assert numbers(shown["value reached"]) == pytest.approx([values[-1]], abs=6e-5)


def rippled(theta: torch.Tensor) -> torch.Tensor:
    flat, steep = theta
    return 3 * steep**2 + 0.03 * flat**2 - 0.04 * torch.cos(3 * flat)


def ravine(theta: torch.Tensor) -> torch.Tensor:
    flat, steep = theta
    return (flat**2 + 20 * steep**2) / 2


def plain(step: float) -> Callable[[list[torch.Tensor]], torch.optim.Optimizer]:
    return lambda p: torch.optim.SGD(p, lr=step)


RACES = {
    "nn_and_optim": (
        rippled,
        [-4.0, 1.5],
        120,
        {
            "SGD": plain(0.05),
            "momentum": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9),
            "RMSprop": lambda p: torch.optim.RMSprop(p, lr=0.05),
            "Adam": lambda p: torch.optim.Adam(p, lr=0.05),
        },
    ),
    "descent": (ravine, [-9.0, 3.0], 25, {f"step {s}": plain(s) for s in (0.02, 0.095, 0.103)}),
}


@pytest.mark.parametrize("name", RACES)
def test_optimizers(chapter: Open, name: str) -> None:
    height, start, steps, makers = RACES[name]
    figure = chapter(name).locator(".lp-optimizers")
    handle = figure.get_by_role("slider", name="Iteration", exact=True)
    handle.press("Home")
    handle.press("End")
    for label, maker in makers.items():
        theta = torch.tensor(start, dtype=torch.float64, device="cpu", requires_grad=True)
        optimizer = maker([theta])
        for _ in range(steps):
            optimizer.zero_grad()
            height(theta).backward()
            optimizer.step()
        row = figure.locator("tbody tr", has_text=label).locator("td").all_inner_texts()
        expected = [*theta.tolist(), height(theta).item()]
        assert [numbers(text)[0] for text in row] == pytest.approx(expected, abs=6e-5)


def test_jacobians(chapter: Open) -> None:
    figure = chapter("jacobians").locator(".lp-stepper")
    jacobian = torch.tensor([[2.0, 1.0, 0.0], [0.0, 4.0, 1.0]], device="cpu")  # by hand
    for index, v in enumerate(([1.0, 10.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0])):
        figure.locator("select").select_option(index=index)
        figure.get_by_role("slider").press("End")
        expected = torch.tensor(v, device="cpu") @ jacobian
        assert at_the_end(figure) == pytest.approx(expected.tolist(), abs=6e-5)
