"""The figure of a training in a real browser: by keyboard and mouse, its numbers those given."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from lecture_pkg import Figure, watch_training

Show = Callable[..., Page]
TRAINING = [1.0, 0.5, 0.25, 3e-6]
HELD_OUT = [2.0, 0.5, 0.75, 1.0]


def figure() -> Figure:
    return watch_training(
        [-1.0, 0.0, 1.0],
        [[0.1 * i, 0.2 * i, -0.1 * i] for i in range(4)],
        points={"training": ([0.5], [0.2]), "<b>held": ([-0.5, 0.0], [0.1, 1.0])},
        losses={"training": TRAINING, "<b>held": HELD_OUT},
        epochs=[1, 2, 10, 100],
    )


@pytest.mark.parametrize("place", ["page", "sandbox", "jupyterlab"])
def test_every_epoch_by_keyboard(show: Show, place: str) -> None:
    page = show(figure(), place=place)
    slider = page.get_by_role("slider", name="Epoch")
    said = page.get_by_role("status")
    expect(said).to_contain_text("After epoch 100: training 3.0e−6, <b>held 1.0000 (lowest: 0.5000")
    slider.focus()
    slider.press("Home")
    assert slider.get_attribute("aria-valuetext") == "1"
    expect(said).to_contain_text("After epoch 1: training 1.0000 (lowest: 3.0e−6 after epoch 100)")
    slider.press("ArrowRight")
    expect(said).to_contain_text("training 0.5000")
    expect(said).to_contain_text("<b>held 0.5000.")


def test_the_fit_moves_with_the_epoch_and_a_click_on_the_losses_chooses_it(show: Show) -> None:
    page = show(figure())
    path = "path.lp-fit[d*=L]"
    last = page.locator(path).first.get_attribute("d")
    losses = page.get_by_role("img", name="The losses, epoch by epoch")
    box = losses.bounding_box()
    assert box
    page.mouse.click(box["x"] + 46, box["y"] + 60)
    expect(page.get_by_role("status")).to_contain_text("After epoch 1:")
    assert page.locator(path).first.get_attribute("d") != last


def test_play_runs_to_the_end(show: Show) -> None:
    page = show(figure(), reduced_motion="no-preference")
    page.get_by_role("slider", name="Epoch").press("Home")
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("status")).to_contain_text("After epoch 100:")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_small_phone(show: Show, theme: str, shot: Callable[..., None]) -> None:
    page = show(figure(), theme=theme, width=320)
    width = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert page.evaluate(width)
    shot(page)


def test_without_script_the_picture_and_the_table_stay(show: Show) -> None:
    page = show(figure(), java_script_enabled=False)
    assert page.locator(".lp-still img").is_visible()
    expect(page.locator("table")).to_contain_text("3.0e−6")
