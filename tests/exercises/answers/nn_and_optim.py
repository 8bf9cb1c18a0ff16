from __future__ import annotations

import functools
from collections import OrderedDict

import torch
from torch import nn

from ._inputs import graph_too, size, tensor


def _net(*between, hidden=8, last=()):
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(4, hidden), *between, nn.Linear(hidden, 3), *last)


class OwnModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.last, self.first = nn.Linear(8, 3), nn.Linear(4, 8)

    def forward(self, x):
        return self.last(torch.relu(self.first(x)))


class OwnParameters(nn.Module):
    def __init__(self):
        super().__init__()
        self.W, self.V = nn.Parameter(torch.randn(4, 8)), nn.Parameter(torch.randn(8, 3))
        self.b, self.c = nn.Parameter(torch.randn(1, 8)), nn.Parameter(torch.randn(3))

    def forward(self, x):
        hidden = x @ self.W + self.b
        return torch.where(hidden > 0, hidden, 0) @ self.V + self.c


class Clamped(OwnModel):
    def forward(self, x):
        return self.last(self.first(x).clamp(min=0))


def broadcast_loss(prediction, target):
    return ((prediction - target) ** 2).mean()


def step_by_hand(parameters, lr):
    with torch.no_grad():
        for p in parameters:
            if p.grad is not None:
                p -= lr * p.grad
                p.grad = None


def step_zeroing(parameters, lr):
    for p in parameters:
        if p.grad is not None:
            with torch.no_grad():
                p.add_(p.grad, alpha=-lr)
            p.grad.zero_()


def step_by_optimizer(parameters, lr):
    optimizer = torch.optim.SGD(parameters, lr=lr)
    optimizer.step()
    optimizer.zero_grad()


def step_by_copy(parameters, lr):
    used = [p for p in parameters if p.grad is not None]
    for p in used:
        with torch.no_grad():
            p.copy_(p - lr * p.grad)
    for p in used:
        p.grad = torch.zeros_like(p)


def _step(rule, zero_first=False, zero_last=True, skip_none=True, guard=True):
    def answer(parameters, lr):
        for p in parameters:
            if p.grad is None and skip_none:
                continue
            if zero_first:
                p.grad.zero_()
            with torch.set_grad_enabled(not guard):
                rule(p, lr)
            if zero_last:
                p.grad = None

    return answer


def _subtract(p, lr):
    p -= lr * p.grad


def _add(p, lr):
    p += lr * p.grad


def _forget_lr(p, lr):
    p -= p.grad


def _rebind(p, lr):
    p = p - lr * p.grad


@torch.no_grad()
def step_under_decorator(parameters, lr):
    for p in filter(lambda p: p.grad is not None, parameters):
        p.sub_(p.grad * lr)
        p.grad.fill_(0)


def step_for_all_at_once(parameters, lr):
    used = [p for p in parameters if p.grad is not None]
    with torch.no_grad():
        torch._foreach_add_(used, [p.grad for p in used], alpha=-lr)
    for p in parameters:
        p.grad = None


def step_until_none(parameters, lr):
    with torch.no_grad():
        for p in parameters:
            if p.grad is None:
                return
            p -= lr * p.grad
            p.grad = None


def step_moving_all(parameters, lr):
    with torch.no_grad():
        for p in parameters:
            p -= lr * (torch.ones_like(p) if p.grad is None else p.grad)
            p.grad = None


def step_flipping(parameters, lr):
    for p in parameters:
        if p.grad is not None:
            p.requires_grad_(False)
            p -= lr * p.grad
            p.grad = None


def step_decaying(parameters, lr):
    optimizer = torch.optim.SGD(parameters, lr=lr, weight_decay=0.1)
    optimizer.step()
    optimizer.zero_grad()


def _data(p, lr):
    p.data -= lr * p.grad


def _data_replaced(p, lr):
    p.data = p.data - lr * p.grad


def _train(order, keep=lambda loss: loss.item(), outside=False, last=False):
    """A training loop whose calls come in the given order, separated by spaces."""

    def answer(model, loss_fn, optimizer, x, y, rounds):
        losses = []
        loss = loss_fn(model(x), y)
        for _ in range(rounds):
            if not outside:
                loss = loss_fn(model(x), y)
            for word in order.split():
                if word == "zero":
                    optimizer.zero_grad()
                elif word == "backward":
                    loss.backward()
                elif word == "step":
                    optimizer.step()
                elif word == "again":
                    loss = loss_fn(model(x), y)
            losses.append(keep(loss))
        return losses[-1] if last else losses

    return answer


def train_by_none(model, loss_fn, optimizer, x, y, rounds):
    losses = []
    for _ in range(rounds):
        for p in model.parameters():
            p.grad = None
        loss = loss_fn(model(x), y)
        losses.append(float(loss.detach()))
        loss.backward()
        optimizer.step()
    return losses


def train_with_closure(model, loss_fn, optimizer, x, y, rounds):
    def closure():
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        return loss

    return torch.stack([optimizer.step(closure).detach() for _ in range(rounds)])


def train_model_zero(model, loss_fn, optimizer, x, y, rounds):
    losses = torch.zeros(rounds, dtype=torch.float64)
    for i in range(rounds):
        model.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        losses[i] = loss.item()
    return losses


def train_by_autograd_grad(model, loss_fn, optimizer, x, y, rounds):
    parameters, losses = list(model.parameters()), []
    while len(losses) < rounds:
        loss = loss_fn(model(x), y)
        for p, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            p.grad = gradient
        optimizer.step()
        losses.append(loss.detach())
    return losses


def train_detached(model, loss_fn, optimizer, x, y, rounds):
    losses = []
    for _ in range(rounds):
        prediction = model(x)
        loss = loss_fn(prediction, y)
        losses += [loss.detach().clone().numpy()]
        model.zero_grad(set_to_none=False)
        loss.backward()
        optimizer.step()
    return tuple(losses)


def train_stacked(model, loss_fn, optimizer, x, y, rounds):
    losses = []
    for _ in range(rounds):
        optimizer.zero_grad()
        losses.append(loss_fn(model(x), y))
        losses[-1].backward()
        optimizer.step()
    return torch.stack(losses)


def _fit(model, function=torch.sin, low=-3.0, high=3.0, rounds=400, lr=0.02):
    """A trained model, made when it is first asked for: training takes a moment."""

    @functools.cache
    def make():
        torch.manual_seed(0)
        net = model()
        x = torch.linspace(low, high, 100)[:, None]
        optimizer = torch.optim.Adam(net.parameters(), lr=lr)
        for _ in range(rounds):
            optimizer.zero_grad()
            ((net(x) - function(x)) ** 2).mean().backward()
            optimizer.step()
        return net

    make.is_maker = True
    return make


def _tanh_net():
    return nn.Sequential(nn.Linear(1, 20), nn.Tanh(), nn.Linear(20, 1))


def _relu_net():
    return nn.Sequential(nn.Linear(1, 64), nn.ReLU(), nn.Linear(64, 1))


def _deep_net():
    return nn.Sequential(
        nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 1)
    )


def _linear_net():
    return nn.Sequential(nn.Linear(1, 20), nn.Linear(20, 1))


class Polynomial(nn.Module):
    """A sum of powers of x, whose four weights are trained."""

    def __init__(self):
        super().__init__()
        self.weights = nn.Parameter(torch.zeros(4))

    def forward(self, x):
        return sum(w * (x / 3) ** (2 * k + 1) for k, w in enumerate(self.weights))


def _broken():
    net = _tanh_net()
    with torch.no_grad():
        net[0].weight.fill_(float("nan"))
    return net


RIGHT = {
    "two_layers": [
        _net(nn.ReLU()),
        nn.Sequential(nn.Linear(4, 8), nn.ReLU(inplace=True), nn.Linear(8, 3)),
        OwnModel(),
        Clamped(),
        OwnParameters(),
        nn.Sequential(nn.LazyLinear(8), nn.ReLU(), nn.LazyLinear(3)),
        nn.Sequential(OrderedDict(hidden=nn.Linear(4, 8), bend=nn.ReLU(), out=nn.Linear(8, 3))),
        nn.Sequential(nn.Sequential(nn.Linear(4, 8), nn.Threshold(0, 0)), nn.Linear(8, 3)),
    ],
    "column_loss": [
        lambda prediction, target: ((prediction.squeeze(1) - target) ** 2).mean(),
        lambda prediction, target: ((prediction - target[:, None]) ** 2).mean(),
        lambda prediction, target: nn.MSELoss()(prediction[:, 0], target),
        lambda prediction, target: nn.functional.mse_loss(prediction, target.reshape(-1, 1)),
        lambda prediction, target: (prediction.flatten() - target).square().sum() / len(target),
        lambda prediction, target: torch.dist(prediction.view(-1), target) ** 2 / len(target),
        lambda prediction, target: (prediction - target.unsqueeze(-1)).pow(2).mean(dim=0)[0],
        lambda prediction, target: (
            sum((p - t) ** 2 for (p,), t in zip(prediction, target, strict=True)) / len(target)
        ),
    ],
    "sgd_step": [
        step_by_hand,
        step_zeroing,
        step_by_optimizer,
        step_by_copy,
        step_under_decorator,
        step_for_all_at_once,
    ],
    "train": [
        _train("zero backward step"),
        _train("backward step zero"),
        train_by_none,
        train_with_closure,
        train_model_zero,
        lambda *arguments: torch.tensor(_train("zero backward step")(*arguments)),
        train_by_autograd_grad,
        train_detached,
    ],
    "fit_sine": [_fit(_tanh_net), _fit(_relu_net), _fit(_deep_net), _fit(Polynomial, lr=0.1)],
}

WRONG = {
    "two_layers": [
        (_net(), "no-activation"),
        (_net(nn.Sigmoid()), "other-activation"),
        (_net(nn.Tanh()), "other-activation"),
        (_net(nn.ReLU(), last=(nn.ReLU(),)), "relu-at-end"),
        (_net(last=(nn.ReLU(),)), "relu-at-end"),
        (_net(nn.ReLU(), last=(nn.Softmax(dim=-1),)), "softmax"),
        (nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Linear(3, 8)), "swapped"),
        (
            nn.Sequential(nn.Linear(4, 8, bias=False), nn.ReLU(), nn.Linear(8, 3, bias=False)),
            "no-bias",
        ),
        (_net(nn.ReLU(), hidden=10), "layers"),
        (nn.Linear(4, 3), "layers"),
        (lambda: _net(nn.ReLU()), "not-a-model"),
    ],
    "column_loss": [
        (broadcast_loss, "broadcast"),
        (nn.MSELoss(), "broadcast"),
        (lambda p, t: ((p.squeeze() - t) ** 2).sum(), "sum"),
        (lambda p, t: ((p.squeeze() - t) ** 2).mean().sqrt(), "root"),
        (lambda p, t: (p.squeeze() - t).abs().mean(), "absolute"),
        (lambda p, t: (p.squeeze() - t) ** 2, "not-reduced"),
        (lambda p, t: ((p.detach().squeeze() - t) ** 2).mean(), "detached"),
        (lambda p, t: ((p.squeeze() - t) ** 2).mean().item(), "detached"),
        (lambda p, t: ((p.data.squeeze() - t) ** 2).mean(), "detached"),
        (lambda p, t: ((p.squeeze() - t) ** 2).mean() * 2, "twice"),
        (lambda p, t: ((p.squeeze() - t) ** 2).float().mean(), "float32"),
    ],
    "sgd_step": [
        (_step(_rebind), "no-effect"),
        (_step(_rebind, zero_last=False), "no-effect"),
        (_step(_subtract, zero_first=True), "no-effect"),
        (_step(_subtract, zero_last=False), "not-zeroed"),
        (_step(_subtract, guard=False), "recorded-update"),
        (_step(_subtract, skip_none=False), "no-gradient-yet"),
        (_step(_add), "sign"),
        (_step(_forget_lr), "factor"),
        (_step(_data), "data"),
        (_step(_data_replaced), "data"),
        (step_until_none, "no-effect"),
        (step_moving_all, "other"),
        (step_flipping, "requires-grad-lost"),
        (step_decaying, "other"),
    ],
    "train": [
        (_train("backward step"), "not-zeroed"),
        (_train("backward zero step"), "zeroed-before-use"),
        (_train("zero backward"), "no-step"),
        (_train("zero backward step again"), "after-step"),
        (_train("zero backward step", keep=lambda loss: loss), "keeps-graph"),
        (_train("zero backward step", outside=True), "second-backward"),
        (_train("zero backward step", last=True), "last-only"),
        (_train("zero backward step step"), "other-steps"),
        (_train("zero step"), "zeroed-before-use"),
        (train_stacked, "keeps-graph"),
    ],
    "fit_sine": [
        (_fit(_tanh_net, rounds=0), "far-off"),
        (_fit(_linear_net), "no-activation"),
        (_fit(_tanh_net, function=torch.cos), "other-function"),
        (_fit(_relu_net, low=0.0), "range"),
        (_fit(_tanh_net, function=torch.zeros_like), "flat"),
        (_broken(), "nan"),
        (nn.Linear(1, 2), "shape"),
        (torch.sin, "not-a-model"),
    ],
}


def _parameters(random):
    parameters = [tensor(random, size(random)).requires_grad_() for _ in range(4)]
    for p in parameters:
        if p is not parameters[1] and random.random() < 0.8:
            p.grad = tensor(random, len(p))
    return parameters, float(random.uniform(0.01, 0.5))


def _training(random):
    n, m = size(random), size(random)
    model = torch.nn.Sequential(torch.nn.Linear(n, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
    optimizer = torch.optim.SGD(model.double().parameters(), lr=0.1)
    x, y = tensor(random, m, n), tensor(random, m, 1)
    return model, torch.nn.MSELoss(), optimizer, x, y, size(random)


def _parameters_after(result, parameters, lr):
    empty = [p.grad is None or not bool(p.grad.any()) for p in parameters]
    return [*parameters, *empty, *[p.requires_grad for p in parameters]]


def _trained(result, model, *rest):
    graph = isinstance(result, list) and any(getattr(r, "requires_grad", False) for r in result)
    return [result, graph, *model.parameters()]


def _gives_sine(model):
    x = torch.linspace(-2.999, 2.999, 777, dtype=torch.float64)[:, None]
    with torch.no_grad():
        return float(((model.double()(x) - x.sin()) ** 2).mean()) < 0.0101


def _has_two_layers(model):
    """Like Linear(4, 8), ReLU, Linear(8, 3): with its weights in place, its outputs too."""
    twin = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))
    x = torch.randn(50, 4)
    model(x)
    ours = {p.numel(): p for p in model.parameters()}
    if sorted(ours) != [3, 8, 24, 32]:
        return False
    with torch.no_grad():
        for p in twin.parameters():
            other = ours[p.numel()]
            p.copy_(other.T if p.ndim == 2 and other.shape != p.shape else other.view_as(p))
    return torch.allclose(model(x), twin(x), atol=1e-5)


INPUTS = {
    "column_loss": lambda r: (tensor(r, n := size(r), 1).requires_grad_(), tensor(r, n)),
    "sgd_step": _parameters,
    "train": _training,
}
LOOKS = {"column_loss": graph_too, "sgd_step": _parameters_after, "train": _trained}
VERDICTS = {"fit_sine": _gives_sine, "two_layers": _has_two_layers}
