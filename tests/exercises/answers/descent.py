from __future__ import annotations

import numpy as np
import torch

from ._inputs import objective, size


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


def by_recursion(objective, step_size, max_iter, init):
    if max_iter == 0:
        return [init]
    theta = torch.tensor(init, dtype=torch.float64, requires_grad=True)
    objective(theta).backward()
    following = (theta - step_size * theta.grad).item()
    return [init, *by_recursion(objective, step_size, max_iter - 1, following)]


def by_accumulated_difference(objective, step_size, max_iter, init):
    theta = torch.tensor(init, dtype=torch.float64, requires_grad=True)
    path, before = [init], 0.0
    for _ in range(max_iter):
        objective(theta).backward()
        total = theta.grad.item()
        with torch.no_grad():
            theta.sub_(step_size * (total - before))
        before = total
        path.append(theta.item())
    return path


def momentum_by_differences(objective, step_size, beta, max_iter, init):
    path = [torch.tensor(init, dtype=torch.float64)]
    for k in range(max_iter):
        last = path[-1]
        slope = torch.func.grad(objective)(last)
        carried = last - path[-2] if k else 0.0
        path.append(last - step_size * slope + beta * carried)
    return path


def momentum_by_sums(objective, step_size, beta, max_iter, init):
    theta, slopes, path = float(init), [], [float(init)]
    for _ in range(max_iter):
        leaf = torch.tensor(theta, dtype=torch.float64, requires_grad=True)
        objective(leaf).backward()
        slopes.insert(0, leaf.grad.item())
        theta -= step_size * sum(slope * beta**k for k, slope in enumerate(slopes))
        path.append(theta)
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


def slope_and_curvature(objective, number, dtype=torch.float64):
    theta = torch.tensor(number, dtype=dtype, requires_grad=True)
    (slope,) = torch.autograd.grad(objective(theta), theta, create_graph=True)
    (curvature,) = torch.autograd.grad(slope, theta)
    return slope.item(), curvature.item()


def best_by_two_grads(objective, number):
    return 1 / slope_and_curvature(objective, number)[1]


def best_by_backward_twice(objective, number):
    theta = torch.tensor(number, requires_grad=True)
    (slope,) = torch.autograd.grad(objective(theta), theta, create_graph=True)
    slope.backward()
    return 1 / theta.grad


def _slope_at(objective, number, dtype):
    theta = torch.tensor(number, dtype=dtype, requires_grad=True)
    objective(theta).backward()
    return theta.grad


def best_by_slopes(objective, number, h=1e-4, dtype=torch.float64):
    right, left = _slope_at(objective, number + h, dtype), _slope_at(objective, number - h, dtype)
    return 1 / ((right - left) / (2 * h))


def best_by_a_trial_step(objective, number):
    """One short step shows how fast the slope fades."""
    before = _slope_at(objective, number, torch.float64)
    after = _slope_at(objective, number - 0.001 * before.item(), torch.float64)
    return 0.001 * before / (before - after)


def best_by_zeroing(objective, number):
    theta = torch.tensor(number, requires_grad=True)
    objective(theta).backward(create_graph=True)
    slope = theta.grad
    theta.grad = None
    slope.backward()
    return (1 / theta.grad).item()


def best_by_values(objective, number):
    t, h = torch.tensor(number, dtype=torch.float64), 1e-2
    return h**2 / (objective(t + h) - 2 * objective(t) + objective(t - h))


def _best(change):
    return lambda objective, theta: change(*slope_and_curvature(objective, theta))


def _bottom(objective, theta):
    slope, curvature = slope_and_curvature(objective, theta)
    return theta - slope / curvature


def _steer(then=1.0, first=1.0, beside=0.0):
    """Jump `first` of the way to the bottom, or `beside` it; go on with `then`/f″."""

    def answer(objective, start, bottom):
        slope, _ = slope_and_curvature(objective, start)
        _, curvature = slope_and_curvature(objective, bottom)
        return first * (start - bottom - beside) / slope, then / curvature

    return answer


def steer_in_tensors(objective, start, bottom):
    theta = torch.tensor([start, bottom], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(objective(theta).sum(), theta, create_graph=True)
    (curvature,) = torch.autograd.grad(slope.sum(), theta)
    return torch.stack([(start - bottom) / slope[0], 1 / curvature[1]])


def steer_by_trying(objective, start, bottom):
    """Lengthen the first step until it comes down close by; then go on carefully."""
    slope, _ = slope_and_curvature(objective, start)
    first = 1e-6
    while abs(start - first * slope - bottom) > 0.02:
        first *= 1.001
    return first, 0.5 / slope_and_curvature(objective, bottom)[1]


def steer_as_if_the_objective_were_known(objective, start, bottom):
    return (start - bottom) / _slope_at(
        lambda t: t * torch.cos(4 * t) + 2 * t.abs(), start, None
    ), 0.02


RIGHT = {
    "best_step": [
        best_by_two_grads,
        best_by_backward_twice,
        best_by_slopes,
        best_by_a_trial_step,
        best_by_values,
        best_by_zeroing,
        lambda f, t: 1 / torch.func.grad(torch.func.grad(f))(torch.tensor(t)),
        lambda f, t: 1 / torch.autograd.functional.hessian(f, torch.tensor(t)),
    ],
    "descend": [_loop(), _loop(update="new leaf"), _loop(update="data"), by_autograd_grad,
                by_optimizer, by_recursion, by_accumulated_difference],
    "momentum": [
        _momentum(lambda v, g, step, beta: (beta * v + g, -step * (beta * v + g))),
        # the step size inside v: the same path as long as it does not change
        _momentum(lambda v, g, step, beta: (beta * v - step * g, beta * v - step * g)),
        _momentum(lambda v, g, step, beta: (g + beta * v, step * (-g - v * beta))),
        momentum_by_optimizer,
        momentum_by_differences,
        momentum_by_sums,
    ],
    "steer": [_steer(), _steer(then=0.6), steer_in_tensors, steer_by_trying],
}  # fmt: skip

WRONG = {
    "best_step": [
        (_best(lambda slope, second: 2 / second), "limit"),
        (_best(lambda slope, second: second), "curvature"),
        (_best(lambda slope, second: 1 / slope), "first-derivative"),
        (_best(lambda slope, second: slope), "first-derivative"),
        (_best(lambda slope, second: -1 / second), "sign"),
        (_best(lambda slope, second: 1 / (2 * second)), "factor"),
        (_best(lambda slope, second: slope / second), "distance"),
        (_bottom, "bottom"),
        (lambda f, t: best_by_slopes(f, t, h=1e-6, dtype=torch.float32), "other"),
        (lambda f, t: best_by_slopes(f, t, h=1e-4, dtype=None), "float32"),
        (lambda f, t: 1 / _slope_at(f, t, torch.float32).backward(), "detached"),
        (lambda f, t: 0.5, "other"),
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
    "steer": [
        (lambda objective, start, bottom: (0.07, 0.05), "wrong-valley"),
        (steer_as_if_the_objective_were_known, "wrong-valley"),
        (_steer(first=0.8), "wrong-valley"),
        (_steer(then=2.0), "above-limit"),
        (_steer(then=2.5), "above-limit"),
        (_steer(then=0.01), "too-slow"),
        (_steer(beside=0.5), "jumps-out"),
        (_steer(first=-1.0), "sign"),
        (_steer(then=float("nan")), "nan"),
        (lambda *arguments: _steer()(*arguments)[0], "not-two-steps"),
        (lambda *arguments: "0.1", "not-two-steps"),
        ((0.1, 0.05), "not-a-function"),
    ],
}


def _path(random):
    start = float(random.uniform(-1, 2))
    return objective(random), float(random.uniform(0.02, 0.2)), size(random), start


def _momentum_path(random):
    f, step, rounds, start = _path(random)
    return f, step, float(random.uniform(0.2, 0.9)), rounds, start


def _parabola(random):
    a, b = random.uniform(0.2, 5), random.uniform(-1, 1)
    return (lambda t: a * (t - b) ** 2), float(random.uniform(2, 4))


def _arrives(answer):
    """Whether descent, by autograd, ends at the smooth minimum that was asked for."""
    for height, start, bottom in (
        (1.3, -3.5, 0.7),
        (18, 3.0, -3.1),
        (0.04, -3.5, -1.5),
        (6, 4.6, 3.9),
    ):

        def objective(t, height=height):
            return height * (t * torch.cos(4 * t) + 2 * t.abs())

        nearby = np.linspace(bottom - 0.1, bottom + 0.1, 200_001)
        goal = nearby[np.argmin(nearby * np.cos(4 * nearby) + 2 * np.abs(nearby))]
        first, then = (torch.as_tensor(s).item() for s in answer(objective, start, bottom))
        theta = torch.tensor(start, dtype=torch.float64, requires_grad=True)
        for i in range(100):
            (slope,) = torch.autograd.grad(objective(theta), theta)
            with torch.no_grad():
                theta -= (then if i else first) * slope
        if not abs(theta.item() - goal) < 0.00101:
            return False
    return True


INPUTS = {
    "best_step": _parabola,
    "descend": _path,
    "momentum": _momentum_path,
}
VERDICTS = {"steer": _arrives}
