"""Snapshots hold what a tensor held, and numbers are written as PyTorch writes them."""

from __future__ import annotations

import math

import pytest
import torch

from lecture_pkg.values import (
    Snapshot,
    decimals_for,
    fixed,
    format_number,
    format_snapshot,
    number_snapshot,
    plain,
    rounded,
    snapshot,
)

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (3.0, "3.0"),
        (0.85098, "0.8510"),
        (-0.95892, "−0.9589"),
        (2.9999998, "3.0"),
        (2.99999, "3.0000"),
        (0.0, "0.0"),
        (-0.0, "0.0"),
        (1e-7, "1.0000e−07"),
        (-4.3711e-08, "−4.3711e−08"),
        (0.0005, "0.0005"),
        (1e9, "1.0000e+09"),
        (12345.678, "12345.6780"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        (-math.inf, "−inf"),
        (7, "7"),
        (-7, "−7"),
        (True, "True"),
        (1 + 2j, "1.0+2.0j"),
        (0.5 - 0.25j, "0.5000−0.2500j"),
    ],
)
def test_numbers_are_written_with_four_decimals(number: complex, text: str) -> None:
    assert format_number(number) == text


@pytest.mark.parametrize(
    ("tensor", "text"),
    [
        (torch.tensor(5.0), "5.0"),
        (torch.tensor([1.0, 2.0]), "[1.0, 2.0]"),
        (torch.tensor([1.0, 1.2, 1.16, 1.12, 1.0941]), "[1.0000, 1.2000, 1.1600, 1.1200, 1.0941]"),
        (torch.tensor([[1, 2], [3, -4]]), "[[1, 2], [3, −4]]"),
        (torch.arange(6.0), "[0.0, 1.0, …] (6)"),
        (torch.zeros(100, 5), "(100, 5)"),
        (torch.zeros(0, 3), "[] (0, 3)"),
        (torch.zeros(2, device="meta"), "(2)"),
        (torch.tensor([True, False]), "[True, False]"),
        (torch.eye(2).to_sparse(), "(2, 2)"),
    ],
)
def test_snapshots_are_written_in_one_line(tensor: torch.Tensor, text: str) -> None:
    assert format_snapshot(snapshot(tensor)) == text


def test_more_numbers_are_written_on_request() -> None:
    assert format_snapshot(snapshot(torch.arange(6.0)), 6) == "[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]"


@pytest.mark.parametrize("device", DEVICES)
def test_a_snapshot_does_not_follow_its_tensor(device: str) -> None:
    tensor = torch.tensor([1.0, 2.0], device=device)
    held = snapshot(tensor)
    tensor.mul_(10)
    assert held == Snapshot((2,), "float32", (1.0, 2.0))


def test_only_few_numbers_are_held() -> None:
    assert len(snapshot(torch.zeros(8, 8)).numbers or ()) == 64
    assert snapshot(torch.zeros(65)).numbers is None


def test_a_plain_number_as_a_snapshot() -> None:
    assert number_snapshot(2) == Snapshot((), "int", (2,))
    assert number_snapshot(0.5).dtype == "float"


def test_numbers_in_figures() -> None:
    """Without decimals where whole, or with just so many; never "−0"; the minus of print."""
    assert [rounded(v, 4) for v in (-3.12151, 0.25, -0.00001, 7.00004)] == [
        "−3.1215",
        "0.2500",
        "0",
        "7",
    ]
    assert [fixed(v, 2) for v in (-4.699, -0.001, 7)] == ["−4.70", "0.00", "7.00"]
    assert [plain(v) for v in (-0.05, 100.0, 1 / 3)] == ["−0.05", "100", "0.333333333333"]


@pytest.mark.parametrize("width", [3e-9, 0.02, 1.0, 7.0, 10.0, 1e5])
def test_decimals_part_a_range(width: float) -> None:
    """The last decimal is the coarsest that is no coarser than a part."""
    decimals = decimals_for(width, 1000)
    assert decimals == 0 or 10.0**-decimals <= width / 1000 < 10.0 ** (1 - decimals)
    assert decimals_for(0.0, 1000) == 0
