"""`step_backward` in a real browser: each step by mouse and keyboard, its numbers against torch."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import torch
from expressions import finite_differences, random_expression
from playwright.sync_api import Frame, Page, expect

from lecture_pkg import record, step_backward
from lecture_pkg.interactive.figure import Figure

Show = Callable[..., Page]


def scalar(value: float, **options: object) -> torch.Tensor:
    return torch.tensor(value, device="cpu", **options)


def lecture(**options: object) -> Figure:
    """Rows L4 and L8: y = c·sin x + x + c at x = 5, c = 3."""
    x, c = scalar(5.0, requires_grad=True), scalar(3.0)
    with record():
        y = c * torch.sin(x) + x + c
    return step_backward(y, x=x, c=c, y=y, **options)


SLOPE = (3 * torch.cos(scalar(5.0))).item()
"""The gradient that sin hands to x."""
PLATES = [[], [1], [1, 1], [1, 1, 1, 1], [1, 1, 1, 1, 3], [SLOPE, 1, 1, 1, 1, 3]]
"""The gradients on the edges at each position, sorted; the last position adds none."""


def numbers(text: str) -> list[float]:
    """All numbers of a text, in order."""
    found = re.findall(r"[-−]?\d+(?:\.\d+)?(?:e[+−-]?\d+)?", text)
    return [float(number.replace("−", "-")) for number in found]


def near(values: list[float] | torch.Tensor) -> object:
    """What four decimals can tell."""
    return pytest.approx([float(v) for v in values], abs=6e-5, rel=1e-4)


def grad(page: Page | Frame, name: str) -> str:
    """What a leaf shows below its value."""
    leaf = page.locator(".lp-graph .lp-leaf").filter(has_text=re.compile(rf"\b{name} = "))
    return " ".join(leaf.locator(".lp-sub").all_text_contents()).strip()


def plates(page: Page | Frame) -> list[float]:
    """The gradients that can be seen on the edges."""
    texts = page.locator(".lp-graph .lp-plate").evaluate_all(
        """(all) => all.filter((one) => getComputedStyle(one).visibility === "visible")
          .map((one) => one.textContent)"""
    )
    return sorted(number for text in texts for number in numbers(text))


def words(page: Page | Frame) -> str:
    return page.locator(".lp-live .lp-current").inner_text()


def last(page: Page | Frame) -> None:
    page.get_by_role("button", name="To the end").click()


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 375)])
def test_every_step_by_mouse(show: Show, shot: Callable[..., None], theme: str, width: int) -> None:
    page = show(lecture(), theme=theme, width=width)
    assert grad(page, "x") == ".grad = None"
    for at, expected in enumerate(PLATES):
        assert plates(page) == near(expected)
        if at == 4:
            shot(page)
        page.get_by_role("button", name="One step on").click()
    assert plates(page) == near(PLATES[-1])
    assert numbers(grad(page, "x")) == near([SLOPE + 1])
    assert page.get_by_role("button", name="One step on").is_disabled()
    for expected in [*PLATES[::-1]]:
        page.get_by_role("button", name="One step back").click()
        assert plates(page) == near(expected)
    assert page.get_by_role("button", name="To the start").is_disabled()


def test_the_sentences_name_the_local_derivative(show: Show) -> None:
    page = show(lecture())
    handle = page.get_by_role("slider", name="Step")
    told = []
    for _ in range(6):
        handle.press("ArrowRight")
        told.append((words(page), grad(page, "x")))
    assert "x.grad is None" in page.locator(".lp-live li").first.text_content()
    assert "waits: it has 1 of its 2 gradients" in told[2][0]
    assert told[2][1] == "1.0 so far"
    assert "sin: 3.0 × cos 5.0 = 0.8510" in told[4][0]
    assert told[4][1] == "0.8510 + 1.0 = 1.8510"
    assert "x.grad = 1.8510" in told[5][0]


@pytest.mark.parametrize("place", ["page", "sandbox", "jupyterlab"])
def test_every_step_by_keyboard(show: Show, place: str) -> None:
    page = show(lecture(), place=place)
    window = page.page if place == "sandbox" else page
    page.get_by_role("group", name="arrow keys").focus()
    for expected in PLATES:
        assert plates(page) == near(expected)
        window.keyboard.press("ArrowRight")
    for expected in [*PLATES[::-1]]:
        window.keyboard.press("ArrowLeft")
        assert plates(page) == near(expected)
    window.keyboard.press("End")
    assert numbers(grad(page, "x")) == near([SLOPE + 1])
    window.keyboard.press("Home")
    assert plates(page) == []
    # from the graph, tab by tab, to the slider: start and back are out of use here
    window.keyboard.press("Tab")
    expect(page.get_by_role("slider")).to_be_focused()
    window.keyboard.press("ArrowRight")
    assert plates(page) == near([1])
    if place == "jupyterlab":
        assert page.evaluate("window.taken") == []


def test_the_slider_goes_where_it_is_clicked(show: Show) -> None:
    page = show(lecture())
    handle = page.get_by_role("slider", name="Step")
    box = handle.bounding_box()
    page.mouse.click(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2)
    assert handle.get_attribute("aria-valuetext") == "6 of 6"
    assert plates(page) == near(PLATES[-1])


def test_forward_values_stand_on_every_node(show: Show) -> None:
    texts = show(lecture()).locator(".lp-node > text:not(.lp-sub)").all_text_contents()
    values = sorted(numbers(" ".join(texts)))
    x = torch.tensor(5.0)
    expected = [5, 3, x.sin(), 3 * x.sin(), 3 * x.sin() + 5, 3 * x.sin() + 8, 3 * x.sin() + 8]
    assert values == near(sorted(float(v) for v in expected))


def test_two_leaves(show: Show) -> None:
    """Row L5: c is a leaf too."""
    x, c = scalar(5.0, requires_grad=True), scalar(3.0, requires_grad=True)
    with record():
        y = c * torch.sin(x) + x + c
    page = show(step_backward(y, x=x, c=c))
    last(page)
    assert numbers(grad(page, "x")) == near([SLOPE + 1])
    assert numbers(grad(page, "c")) == near([torch.sin(x).item() + 1])


def test_gradients_add_up_over_calls_until_they_are_zeroed(show: Show) -> None:
    """Rows L10 and L11: 30, then 60; zeroed, then 30 again."""
    x = scalar(5.0, requires_grad=True)
    with record():
        y = 3 * x**2
    calls = ("backward", "backward", "zero", "backward")
    page = show(step_backward(y, x=x, y=y, calls=calls))
    seen: list[float] = []
    while True:
        shown = grad(page, "x")
        if shown.startswith(".grad = ") and numbers(shown) != seen[-1:]:
            seen += numbers(shown)
        on = page.get_by_role("button", name="One step on")
        if on.is_disabled():
            break
        on.click()
    assert seen == near([30, 60, 0, 30])
    assert "30.0 + 30.0 = 60.0" in page.locator(".lp-live ol").text_content()


def test_a_vector_through_a_longer_chain(show: Show, shot: Callable[..., None]) -> None:
    """Row L12."""
    x = torch.arange(5.0, device="cpu").requires_grad_()
    with record():
        y = torch.mean(torch.log(x**2 + 1) + 5 * x)
    page = show(step_backward(y, x=x, y=y))
    last(page)
    shot(page)
    assert numbers(grad(page, "x")) == near(torch.autograd.grad(y, x)[0])
    assert numbers(grad(page, "x")) == near([1.0, 1.2, 1.16, 1.12, 1.0941])


def test_intermediates_show_their_gradient(show: Show) -> None:
    """Row L19: y = b·x = 20, z = log y, dz/dy = 0.05."""
    x = (2 * torch.ones(5, device="cpu")).requires_grad_()
    b = torch.arange(5.0, device="cpu")
    with record():
        y = torch.dot(b, x)
        z = torch.log(y)
    page = show(step_backward(z, x=x, b=b, y=y, z=z))
    last(page)
    assert numbers(grad(page, "x")) == near([0, 0.05, 0.10, 0.15, 0.20])
    assert plates(page).count(0.05) >= 1
    assert "y = 20.0" in page.locator(".lp-graph .lp-intermediate").text_content()


def test_the_reader_chooses_v(show: Show) -> None:
    """Row L17: each v gives its own product with the Jacobian."""
    x = torch.tensor([1.0, 2.0, 3.0], device="cpu", requires_grad=True)
    with record():
        y = x**2
    rows = {f"row {i}": torch.eye(3, device="cpu")[i] for i in range(3)}
    page = show(step_backward(y, gradient=rows, x=x, y=y))
    last(page)
    for i, name in enumerate(rows):
        page.get_by_label("Choose v").select_option(name)
        expected = torch.zeros(3)
        expected[i] = 2 * x[i].detach()
        assert numbers(grad(page, "x")) == near(expected)


def test_random_expressions_against_finite_differences(show: Show) -> None:
    figures, slopes = [], []
    for seed in range(24):
        names = ("a", "b", "c")[: 1 + seed % 3]
        start = [0.7 - 0.4 * seed % 2.3, 1.1, -0.6][: len(names)]
        compute = random_expression(seed, 1 + seed // 2, len(names))
        leaves = {
            name: scalar(value, dtype=torch.float64, requires_grad=True)
            for name, value in zip(names, start, strict=True)
        }
        with record():
            y = compute(*leaves.values())
        figures.append(step_backward(y, **leaves))
        slopes.append(dict(zip(names, finite_differences(compute, start), strict=True)))
    for texts, expected in zip(leaves_at_the_end(show(*figures)), slopes, strict=True):
        for name, slope in expected.items():
            shown = [text.partition(".grad")[2] for text in texts if text.startswith(f"{name} = ")]
            # a leaf that the expression does not use is not in the picture
            assert [numbers(text) for text in shown] == [near([slope])] if shown else slope == 0


def leaves_at_the_end(page: Page) -> list[list[str]]:
    return page.locator("figure").evaluate_all(LEAVES_AT_THE_END)


LEAVES_AT_THE_END = """(figures) => figures.map((figure) => {
  figure.querySelector("[aria-label='To the end']").click();
  return [...figure.querySelectorAll(".lp-graph .lp-leaf")].map((leaf) =>
    [...leaf.querySelectorAll(":scope > text")].map((text) => text.textContent).join(" "));
})"""


def test_one_line_announces_each_change_once(show: Show) -> None:
    page = show(lecture())
    assert page.get_by_role("status").count() == 1
    page.evaluate("""() => {
      window.announced = [];
      const line = document.querySelector("[role=status]");
      new MutationObserver(() => window.announced.push(line.textContent))
        .observe(line, { childList: true, characterData: true, subtree: true });
    }""")
    page.get_by_role("button", name="One step on").click()
    page.get_by_role("slider").press("ArrowRight")
    announced = page.evaluate("window.announced")
    assert [text[:11] for text in announced] == ["Step 1 of 6", "Step 2 of 6"]


def test_the_focus_survives_the_last_step(show: Show) -> None:
    page = show(lecture())
    page.get_by_role("button", name="To the end").press("Enter")
    expect(page.get_by_role("slider")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    assert page.get_by_role("slider").get_attribute("aria-valuetext") == "5 of 6"


def test_motion_only_where_it_is_welcome(show: Show) -> None:
    for motion, moves in (("reduce", 0), ("no-preference", 1)):
        page = show(lecture(), reduced_motion=motion)
        page.get_by_role("button", name="One step on").click()
        moving = "document.getAnimations().filter((a) => !(a instanceof CSSTransition)).length"
        assert page.evaluate(moving) == moves
        assert plates(page) == near([1])


@pytest.mark.parametrize("options", [{"java_script_enabled": False}, {"place": "untrusted"}])
def test_picture_and_list_are_there_without_the_script(show: Show, options: dict) -> None:
    page = show(lecture(), **options)
    assert page.locator(".lp-still img").is_visible()
    assert "x.grad = 1.8510" in page.locator(".lp-still img").get_attribute("alt")
    assert page.locator("ol li").all_inner_texts()[5].count("3.0 × cos 5.0 = 0.8510") == 1
    assert [item.get_attribute("value") for item in page.locator("ol li").all()] == list("0123456")


def test_print_has_the_picture_and_every_step(show: Show) -> None:
    page = show(lecture())
    page.emulate_media(media="print")
    assert page.locator(".lp-still img").is_visible()
    assert all(item.is_visible() for item in page.locator(".lp-print li").all())
    assert not page.get_by_role("button").first.is_visible()


def test_works_in_an_opaque_frame(show: Show) -> None:
    frame = show(lecture(), place="sandbox")
    assert frame.evaluate("window.origin") == "null"
    last(frame)
    assert numbers(grad(frame, "x")) == near([SLOPE + 1])


def test_names_are_labels_whatever_they_hold(show: Show) -> None:
    name = "</script><script>alert(1)</script>"
    x = scalar(2.0, requires_grad=True)
    with record():
        y = x * x
    page = show(step_backward(y, **{name: x}, title=name))
    page.on("dialog", lambda dialog: pytest.fail("a name ran as a script"))
    last(page)
    assert page.locator(".lp-graph .lp-leaf .lp-name").text_content().startswith("</script>")
    assert name in page.locator(".lp-live li").last.inner_text()
    assert page.locator("figcaption").inner_text().startswith(name)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_of_the_picture_can_be_read(show: Show, theme: str) -> None:
    page = show(lecture(), theme=theme)
    for _ in range(7):
        for text, ratio in page.evaluate(CONTRASTS):
            assert ratio >= 4.5, f"{text!r} has a contrast of {ratio:.2f}"
        page.get_by_role("slider").press("ArrowRight")


CONTRASTS = """() => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  return [...document.querySelectorAll(".lp-graph text")]
    .filter((text) => text.textContent && getComputedStyle(text).visibility === "visible")
    .map((text) => {
      const own = light(getComputedStyle(text).fill);
      const shape = text.parentNode.querySelector("rect, ellipse, polygon");
      const back = light(getComputedStyle(shape).fill);
      return [text.textContent, Math.max(own, back) / Math.min(own, back)];
    });
}"""


@pytest.mark.parametrize("width", [320, 375])
def test_a_phone_can_hold_it_and_a_thumb_work_it(show: Show, width: int) -> None:
    x = torch.arange(5.0, device="cpu").requires_grad_()
    with record():
        y = torch.mean(torch.log(x**2 + 1) + 5 * x)
    page = show(step_backward(y, x=x), width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for control in [*page.get_by_role("button").all(), page.get_by_role("slider")]:
        assert control.bounding_box()["height"] >= 44
