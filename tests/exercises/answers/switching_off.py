from __future__ import annotations

import torch

from ._inputs import graph_too, size, tensor


def detached_target(w, x, later, reward):
    target = reward + 0.9 * (later @ w)
    return torch.mean((target.detach() - x @ w) ** 2)


def under_no_grad(w, x, later, reward):
    with torch.no_grad():
        target = reward + 0.9 * later @ w
    return ((x @ w - target) ** 2).mean()


def detached_parameter(w, x, later, reward):
    fixed = w.detach()
    return (reward + 0.9 * torch.mv(later, fixed) - torch.mv(x, w)).square().sum() / len(x)


def in_inference_mode(w, x, later, reward):
    with torch.inference_mode():
        target = reward + 0.9 * (later @ w)
    return torch.mean((target - x @ w) ** 2)


def saved_from_inference_mode(w, x, later, reward):
    with torch.inference_mode():
        target = reward + 0.9 * (later @ w)
    return torch.nn.functional.mse_loss(x @ w, target)


@torch.no_grad()
def _target(w, later, reward):
    return torch.addmv(reward, later, w, alpha=0.9)


def decorated_target(w, x, later, reward):
    errors = _target(w, later, reward) - x @ w
    return errors.dot(errors) / len(errors)


def by_mse_loss(w, x, later, reward):
    target = (later @ w).mul(0.9).add(reward).detach()
    return torch.nn.MSELoss()(x @ w, target)


def with_fixed_sum(w, x, later, reward):
    total = torch.zeros((), dtype=w.dtype)
    for row, row_later, gain in zip(x, later, reward, strict=True):
        target = gain + 0.9 * torch.dot(row_later, w.detach())
        total = total + (target - torch.dot(row, w)) ** 2
    return total / len(x)


def nothing_fixed(w, x, later, reward):
    return torch.mean((reward + 0.9 * (later @ w) - x @ w) ** 2)


def wrong_side_fixed(w, x, later, reward):
    return torch.mean((reward + 0.9 * (later @ w) - (x @ w).detach()) ** 2)


def all_fixed(w, x, later, reward):
    with torch.no_grad():
        return nothing_fixed(w, x, later, reward)


def as_a_number(w, x, later, reward):
    return nothing_fixed(w, x, later, reward).item()


def sums_up(w, x, later, reward):
    return torch.sum((reward + 0.9 * (later @ w).detach() - x @ w) ** 2)


def undiscounted(w, x, later, reward):
    return torch.mean((reward + (later @ w).detach() - x @ w) ** 2)


def not_squared(w, x, later, reward):
    return torch.mean(reward + 0.9 * (later @ w).detach() - x @ w)


def parameter_switched_off(w, x, later, reward):
    prediction = x @ w
    w.requires_grad_(False)
    return torch.mean((reward + 0.9 * (later @ w) - prediction) ** 2)


def on_a_copy(w, x, later, reward):
    return detached_target(w.detach().requires_grad_(), x, later, reward)


def in_two_steps(averages, parameters, decay):
    with torch.no_grad():
        for average, parameter in zip(averages, parameters, strict=True):
            average.mul_(decay).add_((1 - decay) * parameter)


def by_lerp(averages, parameters, decay):
    for average, parameter in zip(averages, parameters, strict=True):
        average.lerp_(parameter.detach(), 1 - decay)


@torch.no_grad()
def by_copy(averages, parameters, decay):
    for average, parameter in zip(averages, parameters, strict=True):
        average.copy_(decay * average + (1 - decay) * parameter)


def by_operators(averages, parameters, decay):
    with torch.no_grad():
        for i, parameter in enumerate(parameters):
            averages[i] *= decay
            averages[i] += (1 - decay) * parameter
    return averages


def by_foreach(averages, parameters, decay):
    with torch.no_grad():
        torch._foreach_mul_(averages, decay)
        torch._foreach_add_(averages, parameters, alpha=1 - decay)


def by_detached_parameters(averages, parameters, decay):
    for average, parameter in zip(averages, parameters, strict=True):
        average -= (1 - decay) * (average - parameter.detach())


def recorded(averages, parameters, decay):
    for average, parameter in zip(averages, parameters, strict=True):
        average.mul_(decay).add_((1 - decay) * parameter)


def recorded_in_the_list(averages, parameters, decay):
    for i, parameter in enumerate(parameters):
        averages[i] = decay * averages[i] + (1 - decay) * parameter


@torch.no_grad()
def new_in_the_list(averages, parameters, decay):
    recorded_in_the_list(averages, parameters, decay)


@torch.no_grad()
def new_name(averages, parameters, decay):
    for average, parameter in zip(averages, parameters, strict=True):
        average = decay * average + (1 - decay) * parameter


@torch.no_grad()
def swapped(averages, parameters, decay):
    in_two_steps(averages, parameters, 1 - decay)


@torch.no_grad()
def copied(averages, parameters, decay):
    for average, parameter in zip(averages, parameters, strict=True):
        average.copy_(parameter)


@torch.no_grad()
def without_factor(averages, parameters, decay):
    for average, parameter in zip(averages, parameters, strict=True):
        average.mul_(decay).add_(parameter)


def through_data(averages, parameters, decay):
    for average, parameter in zip(averages, parameters, strict=True):
        average.data.mul_(decay).add_((1 - decay) * parameter.data)


def into_data(averages, parameters, decay):
    for average, parameter in zip(averages, parameters, strict=True):
        average.data = decay * average + (1 - decay) * parameter.detach()


@torch.no_grad()
def parameters_scaled(averages, parameters, decay):
    for average, parameter in zip(averages, parameters, strict=True):
        average.mul_(decay).add_(parameter.mul_(1 - decay))


def parameters_scaled_recorded(averages, parameters, decay):
    for average, parameter in zip(averages, parameters, strict=True):
        average.mul_(decay).add_(parameter.mul_(1 - decay))


RIGHT = {
    "fixed_target": [
        detached_target,
        under_no_grad,
        detached_parameter,
        in_inference_mode,
        decorated_target,
        by_mse_loss,
        with_fixed_sum,
    ],
    "update_average": [
        in_two_steps,
        by_lerp,
        by_copy,
        by_operators,
        by_foreach,
        by_detached_parameters,
    ],
    "which_raise": [{"a", "c", "e"}, ["e", "c", "a"], ("a", "c", "e"), "ace"],
}

WRONG = {
    "fixed_target": [
        (nothing_fixed, "target-not-fixed"),
        (wrong_side_fixed, "prediction-fixed"),
        (all_fixed, "detached"),
        (as_a_number, "detached"),
        (on_a_copy, "detached"),
        (sums_up, "sum"),
        (undiscounted, "discount"),
        (not_squared, "not-squared"),
        (parameter_switched_off, "input-changed"),
        (saved_from_inference_mode, "raised"),
        (lambda w, x, later, reward: None, "nothing"),
    ],
    "update_average": [
        (recorded, "recorded"),
        (recorded_in_the_list, "recorded"),
        (new_in_the_list, "new-tensor"),
        (new_name, "new-tensor"),
        (lambda averages, parameters, decay: averages, "new-tensor"),
        (swapped, "swapped"),
        (copied, "replaced"),
        (without_factor, "no-factor"),
        (through_data, "data"),
        (into_data, "new-memory"),
        (parameters_scaled, "parameter-changed"),
        (parameters_scaled_recorded, "parameter-changed"),
    ],
    "which_raise": [
        ({"c", "e"}, "saved-input"),
        ({"a", "b", "c", "e"}, "not-saved"),
        ({"a", "c", "d", "e"}, "not-saved"),
        ({"a", "e"}, "saved-result"),
        ({"a", "c"}, "shared-counter"),
        ({"a", "c", "e", "f"}, "uncounted"),
        ({"a", "y"}, "not-names"),
        (3, "not-names"),
    ],
}


def _steps(random):
    m, n = size(random), size(random)
    x, later = tensor(random, m, n), tensor(random, m, n)
    return tensor(random, n).requires_grad_(), x, later, tensor(random, m)


class _Held(list):
    """A list that knows what it held at first."""

    def __init__(self, items):
        super().__init__(items)
        self.first = list(items)


def _followed(random):
    shapes = [size(random) for _ in range(3)]
    averages = _Held([tensor(random, n) for n in shapes])
    parameters = [tensor(random, n).requires_grad_() for n in shapes]
    return averages, parameters, float(random.uniform(0.2, 0.95))


def _averages_after(result, averages, parameters, decay):
    same = [now is first for now, first in zip(averages, averages.first, strict=True)]
    recorded = [t.requires_grad for t in (*averages, *parameters)]
    return [*averages, *averages.first, *parameters, *same, *recorded]


INPUTS = {"fixed_target": _steps, "update_average": _followed}
LOOKS = {"fixed_target": graph_too, "update_average": _averages_after}
VERDICTS = {
    "which_raise": lambda names: {c for word in names for c in word if c.isalpha()} == set("ace")
}
