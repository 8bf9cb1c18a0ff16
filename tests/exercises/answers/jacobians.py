from __future__ import annotations

import numpy as np
import torch

from ._inputs import objective, size, tensor


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


def curve_by_grad(f, x):
    leaf = x.detach().clone().requires_grad_()
    y = f(leaf)
    return torch.autograd.grad(y, leaf, torch.ones_like(y))[0].tolist()


def curve_by_dot(f, x):
    leaf = torch.empty_like(x).copy_(x).requires_grad_()
    f(leaf).dot(torch.ones_like(x)).backward()
    return leaf.grad


def curve_in_numpy(f, x):
    leaf = x.clone()
    leaf.requires_grad = True
    torch.autograd.backward(f(leaf), torch.full_like(leaf, 1.0).detach())
    return leaf.grad.cpu().numpy()


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


def jacobian_by_inputs(f, x):
    leaf = x.detach().requires_grad_()
    y = f(leaf)
    picks = torch.eye(len(y), dtype=y.dtype, device=y.device)
    return torch.stack(
        [torch.autograd.grad(y, leaf, pick, retain_graph=True)[0] for pick in picks]
    ).numpy(force=True)


def jacobian_by_cat(f, x):
    leaf, rows = x.clone().requires_grad_(), []
    for part in f(leaf).split(1):
        before = torch.zeros_like(x) if leaf.grad is None else leaf.grad.clone()
        part.backward(retain_graph=True)
        rows.append((leaf.grad - before)[None])
    return torch.cat(rows)


def jacobian_written_into(f, x):
    leaf = x.clone().requires_grad_()
    y = f(leaf)
    table = torch.zeros(len(y), len(x), dtype=x.dtype)
    for i in reversed(range(len(y))):
        leaf.grad = None
        y[i].backward(retain_graph=True)
        table[i] = leaf.grad
    return table.tolist()


def jacobian_by_differences(f, x):
    columns = []
    for i in range(len(x)):
        h = torch.zeros_like(x)
        h[i] = 1e-5
        columns.append((-f(x + 2 * h) + 8 * f(x + h) - 8 * f(x - h) + f(x - 2 * h)) / 12e-5)
    return torch.stack(columns, dim=1)


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


def layer_by_columns(W, b, x, v):
    z = (W * x).sum(dim=1) + b
    at_z = v - v * z.tanh().square()
    return at_z.unsqueeze(1) * x, at_z, (W * at_z[:, None]).sum(dim=0)


def layer_by_einsum(W, b, x, v):
    y = torch.tanh(torch.addmv(b, W, x))
    u = torch.addcmul(v, v, y * y, value=-1)
    return (
        torch.einsum("i,j->ij", u, x).tolist(),
        u.tolist(),
        torch.einsum("i,ij->j", u, W).tolist(),
    )


def layer_by_full_jacobian(W, b, x, v):
    local = torch.diag(1 - torch.tanh(W @ x + b) ** 2)
    at_b = local.T @ v
    return torch.kron(at_b[:, None], x[None, :]), at_b, (local @ W).T @ v


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


def push_by_vjp_twice(W, b, x, dW, db, dx):
    def y(*inputs):
        W, b, x = inputs
        return torch.tanh(W @ x + b)

    return torch.autograd.functional.jvp(y, (W, b, x), (dW, db, dx))[1]


def push_by_differences(W, b, x, dW, db, dx):
    def y(h):
        return torch.tanh((W + h * dW) @ (x + h * dx) + b + h * db)

    h = 1e-3
    return (8 * (y(h) - y(-h)) - y(2 * h) + y(-2 * h)) / (12 * h)


def push_in_parts(W, b, x, dW, db, dx):
    slope = torch.cosh(W @ x + b) ** -2
    return slope * torch.mv(dW, x) + slope * (W * dx).sum(dim=1) + slope * db


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
    "curve_slopes": [
        curve_by_sum,
        curve_by_ones,
        curve_by_flag,
        curve_by_grad,
        lambda f, x: torch.autograd.functional.vjp(f, x, torch.ones_like(x))[1],
        curve_by_dot,
        curve_in_numpy,
    ],
    "jacobian": [
        _rows(),
        jacobian_fresh_graphs,
        lambda f, x: torch.autograd.functional.jacobian(f, x),
        lambda f, x: torch.func.jacrev(f)(x),
        jacobian_by_inputs,
        jacobian_by_cat,
        jacobian_written_into,
    ],
    "layer_vjp": [
        layer,
        layer_indexed,
        layer_by_autograd,
        layer_numpy,
        layer_by_columns,
        layer_by_einsum,
        layer_by_full_jacobian,
    ],
    "layer_jvp": [
        push,
        push_by_jvp,
        push_numpy,
        push_by_rows,
        push_by_vjp_twice,
        push_by_differences,
        push_in_parts,
    ],
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
        (curve_by_loop, "other-passes"),
        (lambda f, x: torch.cos(x) + 2 * x, "other"),
        (lambda f, x: 1.3 * torch.cos(x) + 2 * x, "other"),
        (lambda f, x: torch.func.jacfwd(f)(x).diag(), "other-passes"),
        (lambda f, x: (f(x + 1e-6) - f(x - 1e-6)) / 2e-6, "other-passes"),
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
        (lambda f, x: torch.func.jacfwd(f)(x).tolist(), "other-passes"),
        (lambda f, x: torch.ones(3, 4), "other"),
        (jacobian_by_differences, "other-passes"),
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


def _many_to_many(random):
    A = tensor(random, size(random), n := size(random))
    return (lambda t: torch.exp(0.3 * A @ t) + A @ t), tensor(random, n)


def _layer_inputs(random):
    m, n = size(random), size(random)
    return tuple(tensor(random, *shape) for shape in ((m, n), (m,), (n,), (m,)))


def _pushed(random):
    W, b, x, _ = _layer_inputs(random)
    return W, b, x, *(tensor(random, *t.shape) for t in (W, b, x))


INPUTS = {
    "curve_slopes": lambda r: (objective(r), tensor(r, size(r))),
    "jacobian": _many_to_many,
    "layer_vjp": _layer_inputs,
    "layer_jvp": _pushed,
}
