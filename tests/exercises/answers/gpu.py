from __future__ import annotations

import numpy as np
import torch


def numpy_by_steps(t):
    t = t.detach()
    t = t.cpu()
    return t.numpy().copy()


def numpy_changing_flag(t):
    if t.is_leaf:
        t.requires_grad_(False)
    return t.detach().cpu().numpy().copy()


def _two_times(warm=True, empty=True, end=True, measure=lambda begin, asked, done: 0):
    def answer(work, wait, clock):
        if warm:
            work()
        if empty:
            wait()
        begin = clock()
        work()
        asked = clock()
        if end:
            wait()
        done = clock()
        return measure(begin, asked, done) or (asked - begin, done - begin)

    return answer


def two_runs(work, wait, clock):
    work()
    wait()
    begin = clock()
    work()
    asked = clock() - begin
    wait()
    begin = clock()
    work()
    wait()
    return [asked, clock() - begin]


def best_of_three(work, wait, clock):
    work()
    busy, done = [], []
    for _ in range(3):
        wait()
        begin = clock()
        work()
        busy.append(clock() - begin)
        wait()
        done.append(clock() - begin)
    return np.array([min(busy), min(done)])


def warm_twice(work, wait, clock):
    for _ in range(2):
        work()
        wait()
    return _two_times(warm=False)(work, wait, clock)


def on_models_device(model, x):
    device = next(model.parameters()).device
    return model(x.to(device))


def on_weights_device(model, x):
    x = x.to(model.weight.device)
    return model(x)


def on_device_type(model, x):
    for p in model.parameters():
        x = x.to(device=p.device, dtype=p.dtype)
    return model.forward(x)


def to_same_as_parameter(model, x):
    first = next(iter(model.parameters()))
    return torch.nn.functional.linear(x.to(first.device), model.weight, model.bias)


def not_reassigned(model, x):
    x.to(next(model.parameters()).device)
    return model(x)


def model_moved(model, x):
    if next(model.parameters()).device.type == "meta":
        return model.to_empty(device=x.device)(x)
    return model.to(x.device)(x)


def always_cuda(model, x):
    return model(x.to("cuda"))


def meta_result(model, x):
    return on_models_device(model, x).to("meta")


def _descend(reduce=torch.sum, sign=-1.0, zero=True, zero_late=False):
    def answer(objective, starts, step_sizes, max_iter):
        steps = step_sizes[:, None]
        theta = starts.repeat(len(step_sizes), 1).requires_grad_()
        for _ in range(max_iter):
            if zero:
                theta.grad = None
            reduce(objective(theta)).backward()
            if zero_late:
                theta.grad.zero_()
            with torch.no_grad():
                theta += sign * steps * theta.grad
        return theta

    return answer


def by_ones(objective, starts, step_sizes, max_iter):
    theta = (starts + torch.zeros_like(step_sizes)[:, None]).requires_grad_()
    for _ in range(max_iter):
        values = objective(theta)
        values.backward(torch.ones_like(values))
        with torch.no_grad():
            theta -= step_sizes.reshape(-1, 1) * theta.grad
            theta.grad.zero_()
    return theta.detach()


def by_grad(objective, starts, step_sizes, max_iter):
    theta = starts.expand(len(step_sizes), -1)
    for _ in range(max_iter):
        theta = theta.detach().requires_grad_()
        theta = theta - step_sizes[:, None] * torch.autograd.grad(objective(theta).sum(), theta)[0]
    return theta.detach().cpu().numpy()


def flat(objective, starts, step_sizes, max_iter):
    pairs = torch.cartesian_prod(step_sizes, starts)
    steps, theta = pairs[:, 0], pairs[:, 1].clone().requires_grad_()
    for _ in range(max_iter):
        theta.grad = None
        objective(theta).sum().backward()
        with torch.no_grad():
            theta -= steps * theta.grad
    return theta.reshape(len(step_sizes), len(starts))


def one_by_one(objective, starts, step_sizes, max_iter):
    rows = [_descend()(objective, starts, step[None], max_iter) for step in step_sizes]
    return torch.cat(rows)


def first_step_only(objective, starts, step_sizes, max_iter):
    return _descend()(objective, starts, step_sizes[:1], max_iter)[0]


def in_the_starts(objective, starts, step_sizes, max_iter):
    for step in step_sizes:
        theta = starts.requires_grad_()
        for _ in range(max_iter):
            theta.grad = None
            objective(theta).sum().backward()
            with torch.no_grad():
                theta -= step * theta.grad
    return theta


RIGHT = {
    "to_numpy": [
        lambda t: t.detach().cpu().numpy().copy(),
        lambda t: t.numpy(force=True).copy(),
        lambda t: t.cpu().detach().clone().numpy(),
        lambda t: np.array(t.detach().to("cpu")),
        lambda t: np.array(t.tolist()),
        lambda t: t.detach().to(device="cpu", copy=True).numpy(),
        numpy_by_steps,
    ],
    "two_times": [_two_times(), two_runs, best_of_three, warm_twice],
    "run_on_device_of": [
        on_models_device,
        on_weights_device,
        on_device_type,
        to_same_as_parameter,
    ],
    "descend_table": [_descend(), by_ones, by_grad, flat],
}

WRONG = {
    "to_numpy": [
        (lambda t: t.numpy(), "numpy-needs-detach"),
        (lambda t: t.detach().numpy(), "cuda-numpy"),
        (lambda t: np.asarray(t.detach()), "cuda-numpy"),
        (lambda t: t.cpu().numpy(), "numpy-needs-detach"),
        (lambda t: t.detach().cpu(), "other-kind"),
        (lambda t: t.tolist(), "other-kind"),
        (lambda t: t.detach().cpu().float().numpy(), "float32"),
        (numpy_changing_flag, "input-changed"),
        (lambda t: t.detach().cpu().numpy(), "shared-memory"),
        (lambda t: t.numpy(force=True), "shared-memory"),
        (lambda t: np.asarray(t.detach().to("cpu")), "shared-memory"),
    ],
    "two_times": [
        (_two_times(end=False), "not-waited"),
        (_two_times(empty=False), "queue"),
        (_two_times(warm=False), "first-run"),
        (_two_times(warm=False, empty=False), "first-run"),
        (
            _two_times(measure=lambda begin, asked, done: (asked - begin, done - asked)),
            "from-return",
        ),
        (_two_times(measure=lambda begin, asked, done: (done - begin, asked - begin)), "swapped"),
        (_two_times(measure=lambda begin, asked, done: [done - begin]), "shape"),
    ],
    "run_on_device_of": [
        (lambda model, x: model(x), "wrong-device"),
        (not_reassigned, "wrong-device"),
        (always_cuda, "wrong-device" if torch.cuda.is_available() else "hard-coded-device"),
        (model_moved, "model-moved"),
        (meta_result, "wrong-device"),
        (lambda model, x: on_models_device(model, x).tolist(), "other-kind"),
        (lambda model, x: 2 * on_models_device(model, x), "twice"),
        (lambda model, x: on_models_device(model, x).T, "transposed"),
    ],
    "descend_table": [
        (_descend(reduce=torch.mean), "factor"),
        (_descend(reduce=lambda values: values), "not-scalar"),
        (_descend(zero=False), "not-zeroed"),
        (_descend(sign=1.0), "sign"),
        (_descend(zero_late=True), "never-moves"),
        (lambda *arguments: _descend()(*arguments).T, "transposed"),
        (first_step_only, "one-step-size"),
        (one_by_one, "one-by-one"),
        (in_the_starts, "input-changed"),
    ],
}
