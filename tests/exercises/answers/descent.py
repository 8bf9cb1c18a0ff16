from __future__ import annotations

import numpy as np
import torch


def _loop(
    update="in place",
    zero="before",
    keep="item",
    sign=-1.0,
    guard=True,
    start=True,
    use_step=True,
):
    """The chapter's loop, with one thing at a time done differently."""

    def answer(objective, step_size, max_iter, init):
        theta = torch.tensor(float(init), requires_grad=True)
        path = [theta.item() if keep == "item" else theta] if start else []
        step = sign * (step_size if use_step else 1.0)
        for _ in range(max_iter):
            if zero == "before":
                theta.grad = None
            elif zero == "where there is one" and theta.grad is not None:
                theta.grad.zero_()
                objective(theta).backward()
            if zero != "where there is one":
                objective(theta).backward()
            if zero == "too late":
                theta.grad.zero_()
            if update == "in place" and guard:
                with torch.no_grad():
                    theta += step * theta.grad
            elif update == "in place":
                theta += step * theta.grad
            elif update == "new leaf":
                theta = (theta + step * theta.grad).detach().requires_grad_()
            elif update == "data":
                theta.data += step * theta.grad
            elif update == "rebound":
                theta = theta + step * theta.grad
            path.append(theta.item() if keep == "item" else theta)
        return path

    return answer


def by_autograd_grad(objective, step_size, max_iter, init):
    theta = torch.tensor(init, dtype=torch.float64)
    path = [theta]
    for _ in range(max_iter):
        theta = theta.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(objective(theta), theta)
        theta = theta.detach() - step_size * gradient
        path.append(theta)
    return torch.stack(path)


def by_optimizer(objective, step_size, max_iter, init):
    theta = torch.tensor(float(init), requires_grad=True)
    optimizer = torch.optim.SGD([theta], lr=step_size)
    path = [theta.item()]
    for _ in range(max_iter):
        optimizer.zero_grad()
        objective(theta).backward()
        optimizer.step()
        path.append(theta.item())
    return np.array(path)


def _momentum(rule, zero=True, start=True):
    """A loop whose `rule(v, gradient, step, beta)` gives the next v and the change of θ."""

    def answer(objective, step_size, beta, max_iter, init):
        theta = torch.tensor(float(init), requires_grad=True)
        v, path = 0.0, [theta.item()] if start else []
        for _ in range(max_iter):
            if zero:
                theta.grad = None
            objective(theta).backward()
            v, change = rule(v, theta.grad.clone(), step_size, beta)
            with torch.no_grad():
                theta += change
            path.append(theta.item())
        return path

    return answer


def momentum_by_optimizer(objective, step_size, beta, max_iter, init):
    theta = torch.tensor(float(init), requires_grad=True)
    optimizer = torch.optim.SGD([theta], lr=step_size, momentum=beta)
    path = [theta.detach().clone()]
    for _ in range(max_iter):
        optimizer.zero_grad()
        objective(theta).backward()
        optimizer.step()
        path.append(theta.detach().clone())
    return path


def momentum_aliased(objective, step_size, beta, max_iter, init):
    theta, v = torch.tensor(float(init), requires_grad=True), 0.0
    path = [theta]
    for _ in range(max_iter):
        theta.grad = None
        objective(theta).backward()
        v = beta * v + theta.grad
        with torch.no_grad():
            theta -= step_size * v
        path.append(theta)
    return path


def momentum_rebound(objective, step_size, beta, max_iter, init):
    theta, v = torch.tensor(float(init), requires_grad=True), 0.0
    path = [theta.item()]
    for _ in range(max_iter):
        objective(theta).backward()
        v = beta * v + theta.grad
        theta = theta - step_size * v
        path.append(theta.item())
    return path


def limit_by_create_graph(objective, number):
    theta = torch.tensor(number, requires_grad=True)
    (slope,) = torch.autograd.grad(objective(theta), theta, create_graph=True)
    slope.backward()
    return 2 / theta.grad


def limit_by_two_grads(objective, number):
    theta = torch.tensor(number, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(objective(theta), theta, create_graph=True)
    (curvature,) = torch.autograd.grad(slope, theta)
    return (2 / curvature).item()


def _slope_at(objective, number, dtype):
    theta = torch.tensor(number, dtype=dtype, requires_grad=True)
    objective(theta).backward()
    return theta.grad


def limit_by_slopes(objective, number, h=1e-4, dtype=torch.float64):
    right, left = _slope_at(objective, number + h, dtype), _slope_at(objective, number - h, dtype)
    return 2 / ((right - left) / (2 * h))


def limit_by_values(objective, number):
    t, h = torch.tensor(number, dtype=torch.float64), 1e-4
    return 2 / ((objective(t + h) - 2 * objective(t) + objective(t - h)) / h**2)


def _limit(change):
    return lambda objective, theta: change(2 / limit_by_two_grads(objective, theta))


def _first(change):
    return lambda objective, theta: change(_slope_at(objective, theta, torch.float64))


RIGHT = {
    "step_limit": [limit_by_create_graph, limit_by_two_grads, limit_by_slopes, limit_by_values],
    "descend": [_loop(), _loop(update="new leaf"), _loop(update="data"), by_autograd_grad,
                by_optimizer],
    "momentum": [
        _momentum(lambda v, g, step, beta: (beta * v + g, -step * (beta * v + g))),
        # the step size inside v: the same path as long as it does not change
        _momentum(lambda v, g, step, beta: (beta * v - step * g, beta * v - step * g)),
        _momentum(lambda v, g, step, beta: (g + beta * v, step * (-g - v * beta))),
        momentum_by_optimizer,
    ],
    "schedule": [
        lambda i: 0.3 * 0.9**i,
        lambda i: 0.2 * (1 - i / 100),
        lambda i: 0.15 if i < 20 else 0.002,
        lambda i: torch.tensor(0.25) * 0.93**i,
    ],
}  # fmt: skip

WRONG = {
    "step_limit": [
        (_limit(lambda second: second), "curvature"),
        (_limit(lambda second: 1 / second), "factor"),
        (_limit(lambda second: second / 2), "factor"),
        (_limit(lambda second: -2 / second), "sign"),
        (_limit(lambda second: 4 / second), "factor"),
        (_first(lambda first: 2 / first), "first-derivative"),
        (_first(lambda first: first), "first-derivative"),
        (lambda f, t: limit_by_slopes(f, t, h=1e-6, dtype=torch.float32), "float32"),
        (lambda f, t: 2 / _slope_at(f, t, torch.float32).backward(), "detached"),
        (lambda f, t: None, "nothing"),
    ],
    "descend": [
        (_loop(zero="never"), "not-zeroed"),
        (_loop(zero="too late"), "never-moves"),
        (_loop(zero="where there is one"), "no-gradient-yet"),
        (_loop(sign=1.0), "sign"),
        (_loop(update="rebound"), "recorded-update"),
        (_loop(guard=False), "recorded-update"),
        (_loop(update="never"), "never-moves"),
        (_loop(keep="tensor"), "same-memory"),
        (_loop(start=False), "start-missing"),
        (_loop(use_step=False), "factor"),
        (lambda *arguments: _loop()(*arguments)[:-1], "end-missing"),
        (lambda *arguments: _loop()(*arguments)[-1], "shape"),
    ],
    "momentum": [
        (_momentum(lambda v, g, s, b: (g, -s * g)), "no-memory"),
        (_momentum(lambda v, g, s, b: (b * v + (1 - b) * g, -s * (b * v + (1 - b) * g))), "factor"),
        (_momentum(lambda v, g, s, b: (b * v + g, -s * v)), "old-velocity"),
        (_momentum(lambda v, g, s, b: (b * v + g, -s * (g + b * (b * v + g)))), "nesterov"),
        (_momentum(lambda v, g, s, b: (g - b * v, -s * (g - b * v))), "sign"),
        (_momentum(lambda v, g, s, b: (b * v + g, s * (b * v + g))), "sign"),
        (
            _momentum(lambda v, g, s, b: (b * v + g, -s * (b * v + g)), zero=False),
            "not-zeroed",
        ),
        (
            _momentum(lambda v, g, s, b: (b * v + g, -s * (b * v + g)), start=False),
            "start-missing",
        ),
        (momentum_aliased, "same-memory"),
        (momentum_rebound, "recorded-update"),
    ],
    "schedule": [
        (lambda i: 0.05, "stuck-at-start"),
        (lambda i: 0.07, "other-minimum"),
        (lambda i: 0.15, "bounces"),
        (lambda i: 0.15 * 0.9**i, "other-minimum"),
        (lambda i: 0.04 * 0.9**i, "stuck-at-start"),
        (lambda i: 1.0, "diverged"),
        (lambda i: -0.05, "sign"),
        (lambda i: float("nan"), "not-a-number"),
        (lambda i: "0.1", "not-a-number"),
        (0.05, "not-a-function"),
    ],
}
