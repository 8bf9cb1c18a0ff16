from __future__ import annotations

import numpy as np
import torch


def curve_by_sum(f, x):
    x = x.detach().clone().requires_grad_()
    f(x).sum().backward()
    return x.grad


def curve_by_ones(f, x):
    leaf = x.clone().requires_grad_()
    y = f(leaf)
    y.backward(torch.ones_like(y))
    return leaf.grad


def curve_by_flag(f, x):
    x.requires_grad_()
    x.grad = None
    f(x).sum().backward()
    x.requires_grad_(False)
    return x.grad.clone()


def curve_by_loop(f, x):
    slopes = []
    for value in x:
        leaf = value.clone().requires_grad_()
        f(leaf).backward()
        slopes.append(leaf.grad)
    return torch.stack(slopes)


def curve_on_the_input(f, x):
    x.requires_grad_()
    f(x).sum().backward()
    return x.grad.clone()


def curve_without_v(f, x):
    x = x.clone().requires_grad_()
    f(x).backward()
    return x.grad


def curve_by_mean(f, x):
    x = x.clone().requires_grad_()
    f(x).mean().backward()
    return x.grad


def curve_v_is_x(f, x):
    leaf = x.clone().requires_grad_()
    f(leaf).backward(x)
    return leaf.grad


def curve_no_leaf(f, x):
    f(x).sum().backward()
    return x.grad


def _rows(keep=lambda x: x.grad.clone(), zero=True, v=None, transposed=False):
    def answer(f, x):
        x = x.clone().requires_grad_()
        y, rows = f(x), []
        for i in range(len(y)):
            if zero:
                x.grad = None
            one = torch.zeros_like(y if v is None else v(x, y))
            one[i] = 1
            y.backward(one, retain_graph=True)
            rows.append(keep(x))
        return torch.stack(rows, dim=1 if transposed else 0)

    return answer


def jacobian_aliased(f, x):
    x = x.clone().requires_grad_()
    y, rows = f(x), []
    for one in torch.eye(len(y), dtype=y.dtype):
        if x.grad is not None:
            x.grad.zero_()
        y.backward(one, retain_graph=True)
        rows.append(x.grad)
    return torch.stack(rows)


def jacobian_fresh_graphs(f, x):
    rows = []
    for i in range(len(f(x))):
        leaf = x.clone().requires_grad_()
        f(leaf)[i].backward()
        rows.append(leaf.grad)
    return torch.stack(rows)


def jacobian_one_shot(f, x):
    x = x.clone().requires_grad_()
    y = f(x)
    y.backward(torch.ones_like(y))
    return x.grad


def jacobian_freed(f, x):
    x = x.clone().requires_grad_()
    y, rows = f(x), []
    for one in torch.eye(len(y), dtype=y.dtype):
        x.grad = None
        y.backward(one)
        rows.append(x.grad)
    return torch.stack(rows)


def jacobian_float32(f, x):
    return torch.autograd.functional.jacobian(f, x).float()


def jacobian_v_is_y(f, x):
    x = x.clone().requires_grad_()
    y, rows = f(x), []
    for i in range(len(y)):
        x.grad = None
        v = torch.zeros_like(y)
        v[i] = y[i].detach()
        y.backward(v, retain_graph=True)
        rows.append(x.grad)
    return torch.stack(rows)


def layer(W, b, x, v):
    y = torch.tanh(W @ x + b)
    u = v * (1 - y**2)
    return torch.outer(u, x), u, W.T @ u


def layer_indexed(W, b, x, v):
    u = v / torch.cosh(W @ x + b) ** 2
    return u[:, None] * x[None, :], u, u @ W


def layer_by_autograd(W, b, x, v):
    leaves = [t.clone().requires_grad_() for t in (W, b, x)]
    y = torch.tanh(leaves[0] @ leaves[2] + leaves[1])
    y.backward(v)
    return [t.grad for t in leaves]


def layer_numpy(W, b, x, v):
    W, b, x, v = (np.asarray(t.cpu()) for t in (W, b, x, v))
    u = v * (1 - np.tanh(W @ x + b) ** 2)
    return np.outer(u, x), u, W.T @ u


def _layer(change):
    """The right layer, changed by `change(dW, db, dx, W, b, x, v, u)`."""

    def answer(W, b, x, v):
        dW, db, dx = layer(W, b, x, v)
        return change(dW, db, dx, W, b, x, v, db)

    return answer


def layer_without_tanh(W, b, x, v):
    return torch.outer(v, x), v, W.T @ v


def layer_z_squared(W, b, x, v):
    u = v * (1 - (W @ x + b) ** 2)
    return torch.outer(u, x), u, W.T @ u


def push(W, b, x, dW, db, dx):
    y = torch.tanh(W @ x + b)
    return (1 - y**2) * (dW @ x + W @ dx + db)


def push_by_jvp(W, b, x, dW, db, dx):
    def y(W, b, x):
        return torch.tanh(W @ x + b)

    return torch.func.jvp(y, (W, b, x), (dW, db, dx))[1]


def push_numpy(W, b, x, dW, db, dx):
    W, b, x, dW, db, dx = (np.asarray(t.cpu()) for t in (W, b, x, dW, db, dx))
    return (dW @ x + W @ dx + db) / np.cosh(W @ x + b) ** 2


def push_by_rows(W, b, x, dW, db, dx):
    z = (W * x).sum(1) + b
    return [(1 - torch.tanh(z[i]) ** 2) * (dW[i] @ x + W[i] @ dx + db[i]) for i in range(len(b))]


def _push(speed, slope=lambda z: 1 - torch.tanh(z) ** 2):
    def answer(W, b, x, dW, db, dx):
        return slope(W @ x + b) * speed(W, b, x, dW, db, dx)

    return answer


def _whole(W, b, x, dW, db, dx):
    return dW @ x + W @ dx + db


RIGHT = {
    "choose_v": [
        [1, 2, -1],
        torch.tensor([1.0, 2.0, -1.0]),
        np.array([1.0, 2.0, -1.0]),
        (1.0, 2.0, -1.0),
    ],
    "curve_slopes": [curve_by_sum, curve_by_ones, curve_by_flag, curve_by_loop],
    "jacobian": [
        _rows(),
        jacobian_fresh_graphs,
        lambda f, x: torch.autograd.functional.jacobian(f, x),
        lambda f, x: torch.func.jacrev(f)(x),
        lambda f, x: torch.func.jacfwd(f)(x).tolist(),
    ],
    "layer_jvp": [push, push_by_jvp, push_numpy, push_by_rows],
    "layer_vjp": [layer, layer_indexed, layer_by_autograd, layer_numpy],
}

WRONG = {
    "choose_v": [
        ([1, 1, 1], "ones"),
        ([1, 2, 1], "sign"),
        ([-1, -2, 1], "sign"),
        ([1, 1, -1], "factor"),
        ([1, 2, -1, 0, 0], "v-shape"),
        (torch.ones(5), "v-shape"),
        (1.0, "v-shape"),
        ([-1, 2, 1], "reversed"),
        ([2, 4, -2], "twice"),
        ("1, 2, -1", "not-numbers"),
    ],
    "curve_slopes": [
        (curve_on_the_input, "not-zeroed"),
        (curve_without_v, "not-scalar"),
        (curve_by_mean, "factor"),
        (curve_v_is_x, "v-is-x"),
        (curve_no_leaf, "detached"),
        (lambda f, x: f(x), "value"),
        (lambda f, x: curve_by_sum(f, x).sum(), "summed"),
        (lambda f, x: curve_by_sum(f, x.float()), "float32"),
        (lambda f, x: -curve_by_sum(f, x), "sign"),
    ],
    "jacobian": [
        (_rows(transposed=True), "transposed"),
        (_rows(zero=False), "not-zeroed"),
        (_rows(v=lambda x, y: x), "v-shape"),
        (_rows(keep=lambda x: x.grad, zero=False), "same-memory"),
        (jacobian_aliased, "same-memory"),
        (jacobian_one_shot, "summed"),
        (lambda f, x: jacobian_fresh_graphs(f, x)[0], "one-row"),
        (jacobian_freed, "second-backward"),
        (jacobian_float32, "float32"),
        (jacobian_v_is_y, "v-is-y"),
        (lambda f, x: -jacobian_fresh_graphs(f, x), "sign"),
    ],
    "layer_jvp": [
        (_whole, "factor"),
        (_push(_whole, lambda z: 1 - z**2), "factor"),
        (_push(lambda W, b, x, dW, db, dx: W @ dx), "one-input"),
        (_push(lambda W, b, x, dW, db, dx: dW @ x + W @ dx), "one-input"),
        (_push(lambda W, b, x, dW, db, dx: dW @ dx + db), "both-changes"),
        (_push(lambda W, b, x, dW, db, dx: dW @ x + W.T @ dx + db), "transposed"),
        (lambda *inputs: torch.tanh(_whole(*inputs)), "value"),
        (lambda *inputs: -push(*inputs), "sign"),
    ],
    "layer_vjp": [
        (layer_without_tanh, "factor"),
        (layer_z_squared, "factor"),
        (_layer(lambda dW, db, dx, W, b, x, v, u: (dW, db, W @ u)), "transposed"),
        (_layer(lambda dW, db, dx, W, b, x, v, u: (dW.T, db, dx)), "transposed"),
        (_layer(lambda dW, db, dx, W, b, x, v, u: (torch.outer(v, x), db, dx)), "factor"),
        (_layer(lambda dW, db, dx, W, b, x, v, u: (u @ x, db, dx)), "sum"),
        (_layer(lambda dW, db, dx, W, b, x, v, u: (u * x, db, dx)), "elementwise"),
        (_layer(lambda dW, db, dx, W, b, x, v, u: (dW, db, W.T @ v)), "factor"),
        (_layer(lambda dW, db, dx, W, b, x, v, u: (dW, db)), "not-three"),
        (_layer(lambda dW, db, dx, W, b, x, v, u: (-dW, -db, -dx)), "sign"),
    ],
}
