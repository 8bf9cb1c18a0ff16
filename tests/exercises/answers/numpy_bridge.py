from __future__ import annotations

import numpy as np
import torch

from ._inputs import objective, size, tensor


def slope_both_sides(f, x):
    x, h = x.double(), 1e-5
    return (f(x + h) - f(x - h)) / (2 * h)


def slope_to(f, x):
    x = x.to(torch.float64)
    return (f(x + 5e-6) - f(x - 5e-6)) / 1e-5


def slope_through_numpy(f, x):
    points = x.cpu().numpy().astype(np.float64)
    right, left = f(torch.tensor(points + 1e-5)), f(torch.tensor(points - 1e-5))
    return (right - left) / 2e-5


def slope_loop(f, x):
    return [(f(v.double() + 1e-5) - f(v.double() - 1e-5)) / 2e-5 for v in x]


def slope_four_points(f, x):
    x, h = x.double(), 1e-3
    return (8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12 * h)


def slope_cubic_step(f, x):
    points = x.type(torch.float64)
    step = torch.full_like(points, 6e-6)
    return (f(points + step) - f(points - step)) / step / 2


def slope_of_pairs(f, x):
    ends = x.double() + torch.tensor([[-1e-5], [1e-5]], dtype=torch.float64)
    left, right = f(ends)
    return (right - left).div(2e-5)


def slope_by_autograd(f, x):
    leaf = x.double().requires_grad_()
    f(leaf).sum().backward()
    return leaf.grad


def parabola_in_steps(x):
    square = x * x
    return square + square + square + x


def copy_into_empty(array):
    tensor = torch.empty(array.shape, device="cpu")
    tensor[...] = torch.from_numpy(array)
    return tensor


def standardise_by_columns(table):
    columns = []
    for column in torch.from_numpy(table).T:
        centred = column - column.mean()
        columns.append(centred / centred.square().mean().sqrt())
    return torch.stack(columns, dim=1).numpy()


def standardise_by_std_mean(table):
    t = torch.from_numpy(table)
    std, mean = torch.std_mean(t, dim=0, correction=0, keepdim=True)
    return t.sub(mean).div(std).numpy()


def standardise_transposed(table):
    t = torch.tensor(table, device="cpu").T
    centred = t - t.mean(1, keepdim=True)
    return (centred / centred.var(1, keepdim=True, correction=0) ** 0.5).T.numpy()


def standardise_torch(table):
    t = torch.from_numpy(table)
    return ((t - t.mean(dim=0)) / t.std(dim=0, correction=0)).numpy()


def standardise_unbiased_false(table):
    t = torch.tensor(table, device="cpu")
    return ((t - t.mean(0)) / t.std(0, unbiased=False)).numpy()


def standardise_by_formula(table):
    t = torch.from_numpy(table)
    centred = t - t.sum(0) / len(t)
    return (centred / torch.sqrt((centred**2).mean(0))).numpy()


def standardise_in_a_copy(table):
    t = torch.from_numpy(table.copy())
    t -= t.mean(0)
    t /= torch.sqrt((t * t).mean(0))
    return t.numpy()


def standardise_in_place(table):
    t = torch.from_numpy(table)
    t -= t.mean(0)
    t /= t.std(0, correction=0)
    return t.numpy()


RIGHT = {
    "parabola": [
        lambda x: 3 * x**2 + x,
        lambda x: x * (3 * x + 1),
        lambda x: 3 * x * x + x,
        lambda x: x + x**2 * 3.0,
        lambda x: (x + 1 / 3) * 3 * x,
        lambda x: 4 * x**2 - x * (x - 1),
        lambda x: sum([x, x * x, x * x, x * x]),
        parabola_in_steps,
    ],
    "own_copy": [
        lambda array: torch.tensor(array, dtype=torch.float32),
        lambda array: torch.from_numpy(array).float().clone(),
        lambda array: torch.from_numpy(array.astype(np.float32)),
        lambda array: torch.from_numpy(array.copy()).float(),
        lambda array: torch.from_numpy(array).to(torch.float32, copy=True),
        lambda array: torch.tensor(array, dtype=torch.float32, requires_grad=True),
        lambda array: torch.tensor(array.tolist()),
        lambda array: torch.tensor(array).float(),
        lambda array: torch.as_tensor(array.copy(), dtype=torch.float32, device="cpu"),
        copy_into_empty,
    ],
    "slope": [
        slope_both_sides,
        slope_to,
        slope_through_numpy,
        slope_loop,
        slope_four_points,
        slope_cubic_step,
        slope_of_pairs,
    ],
    "standardise": [
        standardise_torch,
        standardise_unbiased_false,
        standardise_by_formula,
        standardise_in_a_copy,
        standardise_by_columns,
        standardise_by_std_mean,
        standardise_transposed,
    ],
}

WRONG = {
    "parabola": [
        (lambda x: x**2 + x, "factor"),
        (lambda x: (3 * x) ** 2 + x, "factor"),
        (lambda x: 3 * x**2, "missing-term"),
        (lambda x: 3 * x**2 - x, "sign"),
        (lambda x: 2 * (3 * x**2 + x), "twice"),
        (lambda x: torch.tensor(3 * x**2 + x), "other-kind"),
        (lambda x: (3 * x**2 + x).tolist(), "other-kind"),
        (lambda x: (x.float() if isinstance(x, torch.Tensor) else x) ** 2 * 3 + x, "float32"),
        (lambda: 3, "arguments"),
    ],
    "own_copy": [
        (torch.from_numpy, "dtype"),
        (torch.tensor, "dtype"),
        (lambda array: torch.from_numpy(array).float(), "shared-memory"),
        (lambda array: torch.as_tensor(array, dtype=torch.float32, device="cpu"), "shared-memory"),
        (lambda array: array.astype(np.float32), "other-kind"),
        (lambda array: torch.tensor(array).long(), "other"),
    ],
    "slope": [
        (lambda f, x: (f(x + 1e-5) - f(x - 1e-5)) / 2e-5, "float32"),
        (lambda f, x: ((f(x + 1e-5) - f(x - 1e-5)) / 2e-5).double(), "float32"),
        (lambda f, x: slope_both_sides(f, x).float(), "float32"),
        (lambda f, x: (f(x.double() + 1e-2) - f(x.double())) / 1e-2, "inaccurate"),
        (lambda f, x: (f(x.double() + 1e-2) - f(x.double() - 1e-2)) / 2e-2, "inaccurate"),
        (lambda f, x: (f(x.double()) - f(x.double() - 1e-4)) / 1e-4, "inaccurate"),
        (lambda f, x: (f(x.double() + 1e-2) - f(x.double() - 3e-2)) / 4e-2, "other"),
        (lambda f, x: torch.cos(x.double()), "other"),
        (slope_by_autograd, "by-autograd"),
        (lambda f, x: torch.func.vmap(torch.func.grad(f))(x.double()), "raised"),
        (lambda f, x: (f(x.double() + 1e-13) - f(x.double() - 1e-13)) / 2e-13, "inaccurate"),
        (lambda f, x: 2 * slope_both_sides(f, x), "factor"),
        (lambda f, x: (f(x.double() + 1e-5) - f(x.double())) / 2e-5, "factor"),
        (lambda f, x: -slope_both_sides(f, x), "sign"),
        (lambda f, x: f(x), "not-a-slope"),
        (lambda f, x: slope_both_sides(f, x).tolist()[:2], "shape"),
    ],
    "standardise": [
        (
            lambda t: ((lambda s: (s - s.mean(0)) / s.std(0))(torch.from_numpy(t))).numpy(),
            "unbiased",
        ),
        (lambda t: (t - t.mean(1, keepdims=True)) / t.std(1, keepdims=True), "rows"),
        (lambda t: (t - t.mean()) / t.std(), "whole-table"),
        (lambda t: t - t.mean(0), "not-scaled"),
        (lambda t: (t - t.mean(0)) / t.var(0), "variance"),
        (lambda t: torch.from_numpy(standardise_torch(t)), "other-kind"),
        (lambda t: standardise_torch(t).astype(np.float32), "float32"),
        (lambda t: standardise_torch(t).T, "transposed"),
        (standardise_in_place, "input-changed"),
    ],
}


def _independent(result, array):
    array += 1
    return result, result.dtype


INPUTS = {
    "parabola": lambda r: (tensor(r, size(r)) if r.random() < 0.5 else r.normal(size=(2, 3)),),
    "own_copy": lambda r: (r.normal(size=size(r)).astype(r.choice(["float32", "float64"])),),
    "slope": lambda r: (
        objective(r),
        tensor(r, size(r)).to(torch.float32 if r.random() < 0.5 else torch.float64),
    ),
    "standardise": lambda r: (2 + 3 * r.normal(size=(size(r), size(r))),),
}
LOOKS = {"own_copy": _independent}
