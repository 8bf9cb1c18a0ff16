"""Exercises: from NumPy to PyTorch and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ._answers import Wrong, call, kind
from ._compare import Mistake, compare
from ._exercise import Trial, exercise


@exercise()
def parabola(answer: Any, trial: Trial) -> None:
    """Write `parabola(x)`, which returns 3x² + x for every number of a tensor or an array."""
    tensor = trial.tensor(5)
    for x in (tensor, tensor.cpu().numpy(), torch.tensor(trial.number())):
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
    for dtype in (np.float64, np.float32):
        array: np.ndarray[Any, Any] = trial.array(4).astype(dtype)
        given = f"an array of {np.dtype(dtype).name}"
        before = array.copy()
        result = call(answer, array, given=given)
        if not isinstance(result, torch.Tensor):
            hint = "wanted is a tensor."
            raise Wrong("other-kind", hint, got=kind(result), given=given)
        compare(result, before, rtol=1e-6, given=given)
        if result.dtype is not torch.float32:
            hint = "NumPy's arrays are float64, and that is kept unless you convert."
            raise Wrong("dtype", hint, got=str(result.dtype), expected="torch.float32", given=given)
        array += 1
        if not np.array_equal(result.cpu().numpy(), before.astype(np.float32)):
            hint = (
                "the tensor changed when the array was changed: both use one memory. "
                ".float() copies only where the type changes; .clone() always copies."
            )
            raise Wrong("shared-memory", hint, given=given)


@exercise()
def slope(answer: Any, trial: Trial) -> None:
    """Write `slope(f, x)`: the slope of f at every number of x, in float64, without derivatives.

    It may be off by 0.000001 at most, also if x comes as float32.
    """
    for dtype in (torch.float64, torch.float32):
        x = trial.tensor(4).to(dtype)
        given = f"f = torch.sin, x of {dtype}"
        result = call(answer, torch.sin, x, given=given)
        right = torch.cos(x.double())
        mistakes = [
            Mistake("factor", 2 * right, "from x − h to x + h it is 2h, not h."),
            Mistake("factor", right / 2, "from x to x + h it is h, not 2h."),
            Mistake("sign", -right, "the value on the right minus the value on the left."),
            Mistake("not-a-slope", torch.sin(x.double()), "this is f itself, not its slope."),
        ]
        single = dtype is torch.float32 or getattr(result, "dtype", None) is torch.float32
        try:
            compare(result, right, mistakes=mistakes, rtol=0.02, given=given)
            compare(result, right, rtol=1e-6, given=given)
            if getattr(result, "dtype", None) is torch.float32:
                raise Wrong("float32", "", got="a result of float32", given=given)
        except Wrong as wrong:
            if wrong.diagnosis not in ("other", "float32"):
                raise
            wrong.diagnosis, wrong.hint = _NOISE[single]
            raise


_NOISE = {
    True: (
        "float32",
        "float32 keeps 7 digits, and the difference of two near values loses most of them: "
        "go to float64 with .double() first.",
    ),
    False: (
        "inaccurate",
        "not to six digits. Use both sides, f(x + h) − f(x − h), and an h that is neither coarse "
        "nor so small that rounding wins: about 0.00001 in float64.",
    ),
}


@exercise()
def standardise(answer: Any, trial: Trial) -> None:
    """Write `standardise(table)`: every column with mean 0 and standard deviation 1.

    NumPy array in, NumPy array out, computed by torch, with NumPy's standard deviation.
    """
    table = 3 * trial.array(6, 4) + 2
    given = "a table of 6 rows and 4 columns"
    centred = table - table.mean(axis=0)
    rows = table - table.mean(axis=1, keepdims=True)
    mistakes = [
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
    result = call(answer, table, given=given)
    if isinstance(result, torch.Tensor):
        hint = "wanted is an array: .numpy() leads back."
        raise Wrong("other-kind", hint, got="a Tensor", expected="an ndarray", given=given)
    right = centred / table.std(axis=0)
    compare(result, right, mistakes=mistakes, given=given)
