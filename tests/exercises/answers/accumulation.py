from __future__ import annotations

import torch

from ._inputs import regression, size, tensor


def none_first(f, x):
    x.grad = None
    f(x).backward()
    return x.grad


def zero_if_there(f, x):
    if x.grad is not None:
        x.grad.zero_()
    f(x).backward()
    return x.grad.clone()


def difference(f, x):
    before = torch.zeros_like(x) if x.grad is None else x.grad.clone()
    f(x).backward()
    return x.grad - before


def own_leaf(f, x):
    leaf = x.detach().clone().requires_grad_()
    f(leaf).backward()
    return leaf.grad


def by_grad(f, x):
    return torch.autograd.grad(f(x), x)[0]


def by_a_hook(f, x):
    found = []
    handle = x.register_hook(lambda gradient: found.append(gradient.clone()))
    f(x).backward()
    handle.remove()
    return found[0]


def grad_put_back(f, x):
    before, x.grad = x.grad, None
    f(x).backward()
    gradient, x.grad = x.grad, before
    return gradient.tolist()


def not_zeroed(f, x):
    f(x).backward()
    return x.grad.clone()


def zero_without_asking(f, x):
    x.grad.zero_()
    f(x).backward()
    return x.grad.clone()


def zero_too_late(f, x):
    f(x).backward()
    x.grad.zero_()
    return x.grad.clone()


def zero_after_reading(f, x):
    f(x).backward()
    gradient = x.grad.clone()
    x.grad.zero_()
    return gradient


def the_grad_itself(f, x):
    if x.grad is not None:
        x.grad.zero_()
    f(x).backward()
    return x.grad


def descends_too(f, x):
    x.grad = None
    f(x).backward()
    with torch.no_grad():
        x -= 0.1 * x.grad
    return x.grad


def endless(f, x):
    while True:
        x.grad = None
        f(x).backward()


def batches(X, y, theta, size):
    theta.grad = None
    for i in range(0, len(y), size):
        error = y[i : i + size] - X[i : i + size] @ theta
        ((error**2).sum() / len(y)).backward()
    return theta.grad


def batches_by_split(X, y, theta, size):
    theta.grad = None
    for rows, targets in zip(X.split(size), y.split(size), strict=True):
        loss = ((targets - rows @ theta) ** 2).mean()
        (loss * len(targets) / len(y)).backward()
    return theta.grad.clone()


def batches_own_sum(X, y, theta, size):
    total = torch.zeros_like(theta)
    for i in range(0, len(y), size):
        loss = ((y[i : i + size] - X[i : i + size] @ theta) ** 2).sum()
        total += torch.autograd.grad(loss, theta)[0]
    return total / len(y)


def batches_by_formula(X, y, theta, size):
    with torch.no_grad():
        parts = [
            -2 * X[i : i + size].T @ (y[i : i + size] - X[i : i + size] @ theta)
            for i in range(0, len(y), size)
        ]
        return sum(parts) / len(y)


def batches_by_loader(X, y, theta, size):
    data = torch.utils.data.TensorDataset(X, y)
    total = torch.zeros_like(theta)
    for rows, targets in torch.utils.data.DataLoader(data, batch_size=size):
        loss = torch.nn.functional.mse_loss(rows @ theta, targets, reduction="sum")
        total += torch.autograd.grad(loss, theta)[0]
    return total / len(y)


def batches_one_loss_row_by_row(X, y, theta, size):
    leaf = theta.detach().clone().requires_grad_()
    for row, target in zip(X, y, strict=True):
        ((target - (row * leaf).sum()).square() / len(X)).backward()
    return leaf.grad


def batches_of_indices(X, y, theta, size):
    theta.grad = torch.zeros_like(theta)
    for rows in torch.arange(len(X), device=X.device).split(size):
        error = torch.mv(X[rows], theta) - y[rows]
        (error.dot(error) / X.shape[0]).backward()
    return theta.grad


def whole_batch(X, y, theta, size):
    theta.grad = None
    ((y - X @ theta) ** 2).mean().backward()
    return theta.grad


def whole_prediction(X, y, theta, size):
    theta.grad = None
    errors = y - (X * theta).sum(1)
    for i in range(0, len(y), size):
        ((errors[i : i + size] ** 2).sum() / len(y)).backward(retain_graph=True)
    return theta.grad


def _batches(weight, zero=False, drop=False, only=None):
    def answer(X, y, theta, size):
        theta.grad = None
        for number, i in enumerate(range(0, len(y), size)):
            error = y[i : i + size] - X[i : i + size] @ theta
            if drop and len(error) < size:
                continue
            if zero:
                theta.grad = None
            weight(error, len(y), -(-len(y) // size)).backward()
            if number == only:
                return theta.grad
        return theta.grad

    return answer


RIGHT = {
    "running_total": [
        [12, 24, 0, 12],
        (12.0, 24.0, 0.0, 12.0),
        torch.tensor([12.0, 24.0, 0.0, 12.0]),
        [torch.tensor(12.0), torch.tensor(24.0), 0, 12],
    ],
    "fresh_gradient": [
        none_first,
        zero_if_there,
        the_grad_itself,
        difference,
        own_leaf,
        by_grad,
        by_a_hook,
        grad_put_back,
    ],
    "in_batches": [
        batches,
        batches_by_split,
        batches_own_sum,
        batches_by_formula,
        batches_by_loader,
        batches_one_loss_row_by_row,
        batches_of_indices,
    ],
}

WRONG = {
    "running_total": [
        ([12, 12, 0, 12], "replaced"),
        ([12, 24, 0, 36], "not-zeroed"),
        ([8, 16, 0, 8], "value"),
        ([4, 8, 0, 4], "factor"),
        ([24, 48, 0, 24], "twice"),
        ([-12, -24, 0, -12], "sign"),
        ([12, 24, 0], "shape"),
        (["12", "24", "0", "12"], "not-numbers"),
        ([1, 2, 3, 4], "other"),
    ],
    "fresh_gradient": [
        (not_zeroed, "not-zeroed"),
        (zero_after_reading, "not-zeroed"),
        (zero_without_asking, "no-gradient-yet"),
        (zero_too_late, "zeroed-before-use"),
        (descends_too, "input-changed"),
        (lambda f, x: -by_grad(f, x), "sign"),
        (lambda f, x: by_grad(f, x).float(), "float32"),
        (lambda f, x: f(x).backward(), "nothing"),
    ],
    "in_batches": [
        (_batches(lambda e, n, k: (e**2).mean()), "factor"),
        (_batches(lambda e, n, k: (e**2).mean() / k), "uneven"),
        (_batches(lambda e, n, k: (e**2).sum()), "factor"),
        (_batches(lambda e, n, k: (e**2).sum() / n, zero=True), "zeroed-between"),
        (_batches(lambda e, n, k: (e**2).mean(), zero=True), "zeroed-between"),
        (_batches(lambda e, n, k: (e**2).sum() / n, only=0), "first-only"),
        (_batches(lambda e, n, k: (e**2).sum() / n, drop=True), "rows-dropped"),
        (_batches(lambda e, n, k: -(e**2).sum() / n), "sign"),
        (_batches(lambda e, n, k: (e.detach() ** 2).sum() / n), "detached"),
        (_batches(lambda e, n, k: e**2), "not-scalar"),
        (whole_batch, "whole-batch"),
        (whole_prediction, "whole-batch"),
    ],
}


def _leaf_and_function(random):
    x = tensor(random, size(random)).requires_grad_()
    if random.random() < 0.7:
        x.grad = tensor(random, len(x))
    a = random.uniform(0.5, 2)
    return (lambda t: (a * t * torch.exp(t)).sum()), x


INPUTS = {
    "fresh_gradient": _leaf_and_function,
    "in_batches": lambda r: (*regression(r), int(r.integers(1, 4))),
}
