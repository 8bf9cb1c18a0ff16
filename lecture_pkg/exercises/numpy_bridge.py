"""Exercises: from NumPy to PyTorch and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from ._answers import Wrong, call, kind, want
from ._compare import Mistake, Numbers, compare, numbers_of, recognise
from ._exercise import Trial, exercise


@exercise()
def parabola(answer: Any, trial: Trial) -> None:
    """Write `parabola(x)`, which returns 3x² + x for every number of a tensor or an array."""
    tensor = trial.tensor(5)
    for x in (tensor, tensor.cpu().numpy(), torch.tensor(trial.number()), trial.array(2, 3)):
        result = call(answer, x)
        if type(result) is not type(x):
            hint = "arrays in, arrays out; tensors in, tensors out. The operators do both."
            raise Wrong("other-kind", hint, got=kind(result), expected=kind(x))
        v = np.asarray(x.cpu() if isinstance(x, torch.Tensor) else x, dtype=np.float64)
        mistakes = [
            Mistake("factor", v**2 + v, "the factor 3 is missing."),
            Mistake("factor", (3 * v) ** 2 + v, "3x² is 3·(x²): only x is squared, not the 3."),
            Mistake("missing-term", 3 * v**2, "the second term, + x, is missing."),
            Mistake("sign", 3 * v**2 - v, "the second term is added, not subtracted."),
        ]
        rtol = 1e-6 if v.ndim == 0 else 1e-12
        compare(result, 3 * v**2 + v, mistakes=mistakes, rtol=rtol, given=f"x = {x}")


@exercise()
def own_copy(answer: Any, trial: Trial) -> None:
    """Write `own_copy(array)`, which returns a float32 tensor with a memory of its own."""
    for shape, dtype in (((4,), np.float64), ((2, 3), np.float32)):
        array: np.ndarray[Any, Any] = trial.array(*shape).astype(dtype)
        given = f"an array of {np.dtype(dtype).name}"
        before = array.copy()
        result = call(answer, array, given=given)
        want(torch.Tensor, result, "wanted is a tensor.", given)
        compare(result, before, rtol=1e-6, given=given)
        if result.dtype is not torch.float32:
            hint = "NumPy's arrays are float64, and that is kept unless you convert."
            raise Wrong("dtype", hint, got=str(result.dtype), expected="torch.float32", given=given)
        array += 1
        if not np.array_equal(result.detach().cpu().numpy(), before.astype(np.float32)):
            hint = (
                "the tensor changed when the array was changed: both use one memory. "
                ".float() copies only where the type changes; .clone() always copies."
            )
            raise Wrong("shared-memory", hint, given=given)


class _Wave:
    """A function a·sin(x) + b·x³, computed by NumPy: nothing that could be differentiated."""

    def __init__(self, trial: Trial) -> None:
        self.a, self.b = trial.number(), trial.number()

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        values = self.values(x.detach().cpu().numpy())
        return torch.tensor(values, dtype=x.dtype, device=x.device)

    def values(self, x: Any) -> Any:
        return self.a * np.sin(x) + self.b * x**3

    def slope(self, x: Numbers) -> Numbers:
        return self.a * np.cos(x) + 3 * self.b * x**2

    def __str__(self) -> str:
        return f"f = {self.a}·sin x + {self.b}·x³"


@exercise()
def slope(answer: Any, trial: Trial) -> None:
    """Write `slope(f, x)`: the slope of f at every number of x, in float64, without derivatives.

    It may be off by 0.000001 at most, also if x comes as float32.
    """
    for size, dtype in ((4, torch.float64), (3, torch.float32)):
        f, x = _Wave(trial), trial.tensor(size).to(dtype)
        given = f"{f}, computed by NumPy, x of {dtype}"
        points = x.double().cpu().numpy()
        right = f.slope(points)
        mistakes = [
            Mistake("factor", 2 * right, "from x − h to x + h it is 2h, not h."),
            Mistake("factor", right / 2, "from x to x + h it is h, not 2h."),
            Mistake("sign", -right, "the value on the right minus the value on the left."),
            Mistake("not-a-slope", f.values(points), "this is f itself, not its slope."),
        ]
        result = call(answer, f, x, given=given, errors=_BY_AUTOGRAD)
        try:
            compare(result, right, mistakes=mistakes, rtol=1e-6, given=given)
        except Wrong as wrong:
            if wrong.diagnosis in ("other", "float32"):
                found = _inaccuracy(answer, numbers_of(result), f, x, right)
                wrong.diagnosis, wrong.hint = found or (wrong.diagnosis, wrong.hint)
            raise
        if getattr(result, "dtype", None) is torch.float32:
            raise Wrong("float32", _FLOAT32, got="a result of float32", given=given)


_BY_AUTOGRAD = {
    "detached": (
        "by-autograd",
        "wanted is the slope from values of f alone. This f keeps no graph that could be "
        "differentiated.",
    )
}
_FLOAT32 = (
    "float32 keeps 7 digits, and the difference of two near values loses most of them: "
    "go to float64 with .double() first."
)


def _inaccuracy(
    answer: Any, mine: Numbers | None, f: _Wave, x: torch.Tensor, right: Numbers
) -> tuple[str, str] | None:
    """Why a quotient of differences is inaccurate, if the same numbers come out so."""
    if mine is None or mine.shape != right.shape:
        return None
    if x.dtype is torch.float32:
        try:
            compare(call(answer, f, x.double()), right, rtol=1e-6)
        except Wrong:
            return None
        return "float32", _FLOAT32
    for h in (float(f"1e-{digits}") for digits in range(1, 16)):
        for text, value in _quotients(f.values, x.cpu().numpy(), h).items():
            mistakes = [
                Mistake("inaccurate", value, f"this is {text} with h = {h:g}: {_BETTER}"),
                Mistake("factor", 2 * value, "from x − h to x + h it is 2h, not h."),
                Mistake("factor", value / 2, "from x to x + h it is h, not 2h."),
            ]
            if found := recognise(mine, right, mistakes, 1e-6):
                return found
    return None


_BETTER = (
    "not to six digits. Use both sides, f(x + h) − f(x − h), and an h that is neither coarse nor "
    "so small that rounding wins: about 0.00001 in float64."
)


def _quotients(f: Callable[[Numbers], Numbers], x: Numbers, h: float) -> dict[str, Numbers]:
    return {
        "(f(x + h) − f(x − h)) / 2h": (f(x + h) - f(x - h)) / (2 * h),
        "(f(x + h) − f(x)) / h": (f(x + h) - f(x)) / h,
        "(f(x) − f(x − h)) / h": (f(x) - f(x - h)) / h,
    }


@exercise()
def standardise(answer: Any, trial: Trial) -> None:
    """Write `standardise(table)`: every column with mean 0 and standard deviation 1.

    NumPy array in, NumPy array out, computed by torch, with NumPy's standard deviation.
    """
    for m, n in ((6, 4), (5, 3)):
        table = 3 * trial.array(m, n) + 2
        given = f"a table of {m} rows and {n} columns"
        result = call(answer, table, given=given)
        want(np.ndarray, result, "wanted is an array: .numpy() leads back.", given)
        right = (table - table.mean(axis=0)) / table.std(axis=0)
        compare(result, right, mistakes=_wrong_scales(table), given=given)


def _wrong_scales(table: Numbers) -> list[Mistake]:
    centred = table - table.mean(axis=0)
    rows = table - table.mean(axis=1, keepdims=True)
    return [
        Mistake(
            "unbiased",
            centred / table.std(axis=0, ddof=1),
            "torch.std divides by n − 1, NumPy's std by n. Both have an argument for it: "
            "correction=0 in torch.",
        ),
        Mistake("rows", rows / table.std(axis=1, keepdims=True), "rows instead of columns."),
        Mistake(
            "whole-table",
            (table - table.mean()) / table.std(),
            "one mean for the whole table: say over which axis (dim=0).",
        ),
        Mistake("not-scaled", centred, "the columns are centred, but not divided by their spread."),
        Mistake("variance", centred / table.var(axis=0), "divided by the variance, its square."),
    ]
