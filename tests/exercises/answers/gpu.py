from __future__ import annotations

import numpy as np
import torch

from lecture_pkg.exercises.gpu import _Device

from ._inputs import objective, size, tensor


def numpy_if_on_gpu(t):
    if t.requires_grad:
        t = t.detach()
    if t.is_cuda:
        return t.cpu().numpy()
    return t.numpy().copy()


def numpy_if_elsewhere(t):
    values = t.detach()
    return values.clone().numpy() if values.device.type == "cpu" else values.to("cpu").numpy()


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


def on_bias_device(model, x):
    with torch.enable_grad():
        return model(x.to(model.bias.device, non_blocking=True))


def copied_there(model, x):
    there = torch.empty(x.shape, dtype=x.dtype, device=next(model.parameters()).device)
    return model(there.copy_(x))


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


def by_optimizer(objective, starts, step_sizes, max_iter):
    rows = [starts.clone().requires_grad_() for _ in step_sizes]
    groups = [{"params": [r], "lr": s.item()} for r, s in zip(rows, step_sizes, strict=True)]
    optimizer = torch.optim.SGD(groups, lr=0.1)
    for _ in range(max_iter):
        optimizer.zero_grad()
        objective(torch.stack(rows)).sum().backward()
        optimizer.step()
    return torch.stack(rows)


def by_functional_grad(objective, starts, step_sizes, max_iter):
    theta = torch.stack([starts] * len(step_sizes))
    slopes = torch.func.grad(lambda t: objective(t).sum())
    for _ in range(max_iter):
        theta = theta - torch.diag(step_sizes) @ slopes(theta)
    return theta.tolist()


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
        numpy_if_on_gpu,
        numpy_if_elsewhere,
        lambda t: torch.Tensor.numpy(t.data.cpu()).copy(),
        lambda t: np.copy(t.detach().cpu()),
    ],
    "two_times": [_two_times(), two_runs, best_of_three, warm_twice],
    "run_on_device_of": [
        on_models_device,
        on_weights_device,
        on_device_type,
        to_same_as_parameter,
        on_bias_device,
        copied_there,
    ],
    "descend_table": [_descend(), by_ones, by_grad, flat, by_optimizer, by_functional_grad],
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


def _on_device(random):
    device = "meta" if random.random() < 0.3 else "cpu"
    m, n = size(random), size(random)
    model = torch.nn.Linear(n, m, dtype=torch.float64, device=device)
    return model, tensor(random, size(random), n)


def _table_of_descents(random):
    starts, steps = tensor(random, size(random)), torch.tensor(random.uniform(0.01, 0.1, size=2))
    return objective(random), starts, steps, size(random)


def _placed(result, model, x):
    place = result.device.type, next(model.parameters()).device.type, x.device.type
    return str(place), str(tuple(result.shape)), "" if place[0] == "meta" else result


def _clocked(random):
    device = _Device(*random.uniform(0.1, 9, size=4).tolist())
    return device.work, device.wait, device.clock


def _own_array(result, t):
    before = result.copy()
    with torch.no_grad():
        t += 1
    return before, result, type(result).__name__, t.requires_grad


INPUTS = {
    "to_numpy": lambda r: (tensor(r, size(r)).requires_grad_(bool(r.random() < 0.5)),),
    "two_times": _clocked,
    "run_on_device_of": _on_device,
    "descend_table": _table_of_descents,
}
LOOKS = {
    "to_numpy": _own_array,
    "run_on_device_of": _placed,
}
