"""Many descents at once, against the loop of single ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from lecture_pkg.descent.grid import descend_grid
from lecture_pkg.descent.path import DivergedError, gradient_descent


def lecture(theta: torch.Tensor) -> torch.Tensor:
    return theta * torch.cos(4 * theta) + 2 * torch.abs(theta)


def bowl(theta: torch.Tensor) -> torch.Tensor:
    return theta**2


STEPS = np.linspace(0.005, 0.2, 7)
STARTS = np.linspace(-5, 5, 9)


def test_the_numbers_of_the_loop_of_single_descents(device: str) -> None:
    """Equal to the last bit, though the paths at large steps are chaotic."""
    grid = descend_grid(lecture, STEPS, STARTS, 100, device=device)
    assert grid.thetas.shape == grid.objectives.shape == (7, 9, 101)
    assert grid.thetas.dtype == np.float64 and not grid.diverged.any()
    for row, step_size in enumerate(STEPS):
        for column, start in enumerate(STARTS):
            one = gradient_descent(
                lecture, step_size, 100, start, dtype=torch.float64, device=device
            )
            np.testing.assert_array_equal(grid.thetas[row, column], one.thetas)
            np.testing.assert_array_equal(grid.objectives[row, column], one.objectives)


def test_the_lectures_ends(device: str) -> None:
    """Row L15, in the dtype that is the default here."""
    grid = descend_grid(lecture, [0.05, 0.07, 0.15], [0.5, -3.5], keep="final", device=device)
    assert [f"{value:.4f}" for value in grid.objectives[:, 0]] == ["0.7395"] * 3
    assert [f"{value:.4f}" for value in grid.objectives[:, 1]] == ["3.9046", "1.5503", "0.3236"]
    assert [f"{theta:.4f}" for theta in grid.thetas[:, 1]] == ["-3.2960", "-1.5292", "0.1115"]


@pytest.mark.parametrize("chunk", [1, 5, 63, 64])
@pytest.mark.parametrize("keep", ["path", "final"])
def test_neither_chunk_nor_keep_changes_a_number(chunk: int, keep: str) -> None:
    whole = descend_grid(lecture, STEPS, STARTS, 20)
    other = descend_grid(lecture, STEPS, STARTS, 20, chunk=chunk, keep=keep)
    np.testing.assert_array_equal(other.final_thetas, whole.thetas[..., -1])
    np.testing.assert_array_equal(other.final_objectives, whole.objectives[..., -1])
    np.testing.assert_array_equal(whole.final_thetas, whole.thetas[..., -1])
    if keep == "path":
        np.testing.assert_array_equal(other.thetas, whole.thetas)
    else:
        assert other.thetas.shape == other.objectives.shape == (7, 9)
    assert other.iterations == 20 and other.diverged.shape == (7, 9)


def test_no_iteration_gives_the_starts() -> None:
    grid = descend_grid(bowl, [0.1, 0.2], [3, 4], 0)
    assert grid.thetas.tolist() == [[[3.0], [4.0]]] * 2
    assert grid.objectives.tolist() == [[[9.0], [16.0]]] * 2


def test_a_diverged_path_is_flagged_and_leaves_the_others_alone() -> None:
    grid = descend_grid(bowl, [0.1, 3.0], [0.0, 1.0], 1000)
    assert grid.diverged.tolist() == [[False, False], [False, True]]
    assert not np.isfinite(grid.thetas[1, 1, -1])
    np.testing.assert_array_equal(
        grid.thetas[0, 1], gradient_descent(bowl, 0.1, 1000, 1, dtype=torch.float64).thetas
    )


def test_a_path_is_flagged_even_where_it_comes_back() -> None:
    """The value is nan for negative theta, its gradient is not: the path walks through."""

    def gap(theta: torch.Tensor) -> torch.Tensor:
        return torch.where(theta.detach() < 0, torch.nan, 0) + (theta + 1) ** 2 * 0.5 - 4 * theta

    grid = descend_grid(gap, [1.5], [17.0, 3.0], 60)
    assert np.isfinite(grid.thetas).all() and np.isfinite(grid.final_objectives).all()
    assert np.isnan(grid.objectives[0, 0]).any()
    assert grid.diverged.tolist() == [[True, False]]
    with pytest.raises(DivergedError):
        gradient_descent(gap, 1.5, 60, 17.0)


def test_rows_may_be_lists_arrays_tensors_or_one_number(device: str) -> None:
    grid = descend_grid(bowl, 0.25, torch.tensor([1, 2]), 2, device=device, dtype=torch.float32)
    assert grid.step_sizes.tolist() == [0.25] and grid.starts.tolist() == [1, 2]
    assert grid.thetas.dtype == np.float32 and grid.thetas[0, 1].tolist() == [2.0, 1.0, 0.5]


def test_numbers_reach_float64_unrounded() -> None:
    grid = descend_grid(bowl, [0.05], [0.1], 0)
    assert grid.step_sizes.tolist() == [0.05] and grid.starts.tolist() == [0.1]


def test_nothing_of_the_callers_is_touched() -> None:
    starts = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    weight = torch.tensor(2.0, requires_grad=True)
    with torch.no_grad():
        grid = descend_grid(lambda theta: weight * theta**2, [0.1], starts, 5)
        assert not torch.is_grad_enabled()
    assert starts.tolist() == [1.0, 2.0] and starts.grad is None and weight.grad is None
    assert grid.thetas[0, 0, 1] == pytest.approx(0.6)
    assert isinstance(grid.thetas, np.ndarray) and grid.starts.tolist() == [1.0, 2.0]


def test_chunks_bound_the_memory(device: str) -> None:
    """All temporaries have the length of what the objective is given."""
    seen = []

    def look(theta: torch.Tensor) -> torch.Tensor:
        seen.append(theta.numel())
        return theta**2

    starts = np.linspace(-1, 1, 1000)
    descend_grid(look, np.linspace(0.1, 0.5, 1000), starts, 1, keep="final", device=device)
    assert max(seen) == min(10**6, 2**16 * torch.get_num_threads() if device == "cpu" else 2**22)
    seen.clear()
    descend_grid(look, [0.1], starts, 1, chunk=300, device=device)
    assert max(seen) == 300


def total(theta: torch.Tensor) -> torch.Tensor:
    return (theta**2).sum()


def branch(theta: torch.Tensor) -> torch.Tensor:
    return theta**2 if theta > 0 else -theta


BAD: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "no function": ({"objective": 1}, TypeError, "objective must be a function"),
    "sums up": ({"objective": total}, ValueError, r"element by element.*made \(\)"),
    "branches": ({"objective": branch}, ValueError, r"torch\.where.*ambiguous"),
    "looks at others": ({"objective": lambda t: t * t.mean()}, ValueError, "not those for each"),
    "is off by a mean": ({"objective": lambda t: t**2 - t.mean()}, ValueError, "not those for ea"),
    "two each": ({"objective": lambda t: torch.stack([t, t])}, ValueError, r"shape is \(2,\)"),
    "a column": ({"objective": lambda t: t.unsqueeze(-1)}, ValueError, r"\(5, 1\)"),
    "no step sizes": ({"step_sizes": []}, ValueError, "step_sizes must be a sequence"),
    "step 0": ({"step_sizes": [0.1, 0]}, ValueError, "step_sizes must be.*above 0"),
    "step text": ({"step_sizes": ["a"]}, TypeError, "step_sizes must be"),
    "steps in a square": ({"step_sizes": [[0.1]]}, TypeError, "step_sizes must be"),
    "start inf": ({"starts": [math.inf]}, ValueError, "starts must be.*inf"),
    "iterations": ({"max_iter": -1}, ValueError, "max_iter must be"),
    "keep": ({"keep": "all"}, ValueError, "keep must be one of 'path', 'final'.*'all'"),
    "device": ({"device": "cuda:99"}, ValueError, "device must be one of 'cpu'"),
    "dtype": ({"dtype": torch.int32}, TypeError, "dtype must be one of"),
    "chunk 0": ({"chunk": 0}, ValueError, "chunk must be"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_in_words(case: str) -> None:
    changed, error, words = BAD[case]
    good: dict[str, Any] = {"objective": bowl, "step_sizes": [0.1], "starts": [1.0, 2.0]}
    with pytest.raises(error, match=words):
        descend_grid(**{**good, **changed})
