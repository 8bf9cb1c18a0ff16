from __future__ import annotations

import numpy as np
import torch

from ._inputs import graph_too, regression


def leaf_by_flag(value):
    return torch.tensor(float(value), requires_grad=True)


def leaf_by_method(value):
    return torch.tensor(value * 1.0).requires_grad_()


def leaf_by_dtype(value):
    return torch.tensor(value, dtype=torch.float32, requires_grad=True)


def leaf_by_attribute(value):
    leaf = torch.tensor(value, dtype=torch.float64)
    leaf.requires_grad = True
    return leaf


def count_with_a_set(y):
    seen, todo = set(), [y.grad_fn]
    while todo:
        node = todo.pop()
        if node is None or node in seen or hasattr(node, "variable"):
            continue
        seen.add(node)
        todo += [n for n, _ in node.next_functions]
    return len(seen)


def count_breadth_first(y):
    seen = {y.grad_fn}
    layer = [y.grad_fn]
    while layer:
        below = {n for node in layer for n, _ in node.next_functions if n is not None}
        layer = [n for n in below - seen if "AccumulateGrad" not in n.name()]
        seen.update(layer)
    return len(seen)


def count_by_marks(y):
    marks = {}
    stack = [y.grad_fn]
    while len(stack) > 0:
        node = stack.pop()
        if node not in marks and type(node).__name__ != "AccumulateGrad":
            marks[node] = True
            for following, _ in node.next_functions:
                if following is not None:
                    stack.append(following)
    return torch.tensor(len(marks))


def count_with_generator(y):
    def walk():
        seen, todo = set(), [y.grad_fn]
        for node in todo:
            if node is not None and node not in seen:
                seen.add(node)
                yield node
                todo.extend(n for n, _ in node.next_functions)

    return sum(node.name().endswith("Backward0") for node in walk())


def count_by_names(y):
    nodes = [y.grad_fn]
    for node in nodes:
        for following, _ in node.next_functions:
            if following is not None and following not in nodes[-8:]:
                nodes.append(following)
    return len({node for node in nodes if node.name() != "torch::autograd::AccumulateGrad"})


def count_with_dict(y):
    waiting, done = {y.grad_fn: None}, {}
    while waiting:
        node, _ = waiting.popitem()
        done[node] = None
        for below, _ in node.next_functions:
            if below is not None and below not in done and below.next_functions:
                waiting[below] = None
    return len(done)


def count_leaves_too(y):
    seen, todo = set(), [y.grad_fn]
    while todo:
        node = todo.pop()
        if node is not None and node not in seen:
            seen.add(node)
            todo += [n for n, _ in node.next_functions]
    return len(seen)


def count_paths(y):
    count, todo = 0, [y.grad_fn]
    while todo:
        node = todo.pop()
        if node is not None and not hasattr(node, "variable"):
            count += 1
            todo += [n for n, _ in node.next_functions]
    return count


def count_recursively(y):
    seen = set()

    def visit(node):
        if node is None or node in seen or hasattr(node, "variable"):
            return
        seen.add(node)
        for n, _ in node.next_functions:
            visit(n)

    visit(y.grad_fn)
    return len(seen)


def count_none_too(y):
    seen, todo = set(), [y.grad_fn]
    while todo:
        node = todo.pop()
        if node not in seen:
            seen.add(node)
            todo += [n for n, _ in node.next_functions]
    return len(seen)


def error_in_columns(X, y, theta):
    errors = y[:, None] - X @ theta[:, None]
    return (errors.T @ errors).squeeze() / len(X)


def error_row_by_row(X, y, theta):
    total = 0.0
    for row, target in zip(X, y, strict=True):
        total = total + (target - row @ theta) ** 2
    return total / len(y)


def error_in_column(X, y, theta):
    return ((y - X @ theta[:, None]) ** 2).mean()


def error_new_tensor(X, y, theta):
    return torch.tensor(((y - X @ theta) ** 2).mean().item(), requires_grad=True)


def error_by_module(X, y, theta):
    prediction = torch.nn.functional.linear(X, theta[None])[:, 0]
    return torch.nn.MSELoss()(prediction, y)


def error_numpy(X, y, theta):
    return np.mean((y.cpu().numpy() - X.cpu().numpy() @ theta.detach().cpu().numpy()) ** 2)


RIGHT = {
    "leaves": [
        {"w", "a", "c", "e", "f"},
        ["f", "e", "c", "a", "w"],
        ("w", "a", "c", "e", "f"),
        "w, a, c, e, f",
        "waecf",
        ["w a", "c e f"],
    ],
    "new_leaf": [
        leaf_by_flag,
        leaf_by_method,
        leaf_by_dtype,
        leaf_by_attribute,
        lambda value: torch.nn.Parameter(torch.tensor(float(value))),
        lambda value: torch.full((), float(value), requires_grad=True),
        lambda value: (torch.zeros(()) + value).detach().requires_grad_(),
        lambda value: torch.as_tensor(float(value)).requires_grad_(),
    ],
    "squared_error": [
        lambda X, y, theta: torch.mean((y - X @ theta) ** 2),
        lambda X, y, theta: (X.matmul(theta) - y).square().mean(),
        lambda X, y, theta: ((y - (X * theta).sum(dim=1)) ** 2).sum() / len(y),
        lambda X, y, theta: torch.dot(y - X @ theta, y - X @ theta) / len(y),
        error_by_module,
        lambda X, y, theta: torch.linalg.norm(X @ theta - y) ** 2 / y.numel(),
        lambda X, y, theta: torch.einsum("ij,j->i", X, theta).sub(y).pow(2).mean(),
        error_in_columns,
        error_row_by_row,
    ],
    "count_operations": [
        count_with_a_set,
        count_breadth_first,
        count_by_marks,
        count_with_generator,
        count_by_names,
        count_with_dict,
    ],
}

WRONG = {
    "leaves": [
        ({"w"}, "requires-grad-only"),
        ({"w", "a"}, "requires-grad-only"),
        ({"w", "a", "b", "c", "e", "f"}, "recorded-results"),
        ({"w", "a", "d"}, "recorded-results"),
        ({"w", "c", "e", "f"}, "same-tensor"),
        ({"w", "a", "e"}, "results-left-out"),
        ({"w", "a", "c", "e"}, "results-left-out"),
        ({"w", "a", "c", "e", "f", "x"}, "not-the-leaves"),
        (3, "not-names"),
        ([True, False], "not-names"),
    ],
    "new_leaf": [
        (lambda value: torch.tensor(value, requires_grad=True), "integer"),
        (lambda value: torch.tensor(value).requires_grad_(), "integer"),
        (lambda value: torch.tensor(float(value)), "no-requires-grad"),
        (lambda value: torch.tensor(1.0, requires_grad=True) * value, "not-a-leaf"),
        (lambda value: torch.tensor([float(value)], requires_grad=True), "shape"),
        (lambda value: float(value), "other-kind"),
        (lambda value: torch.tensor(2.0 * value, requires_grad=True), "twice"),
        (lambda value: None, "other-kind"),
    ],
    "squared_error": [
        (lambda X, y, theta: ((y - X @ theta.detach()) ** 2).mean(), "detached"),
        (lambda X, y, theta: ((y - X @ theta.data) ** 2).mean(), "detached"),
        (lambda X, y, theta: ((y - X @ theta) ** 2).mean().item(), "detached"),
        (error_new_tensor, "detached"),
        (error_numpy, "detached"),
        (lambda X, y, theta: ((y - X @ theta) ** 2).sum(), "sum"),
        (lambda X, y, theta: (y - X @ theta).mean(), "not-squared"),
        (lambda X, y, theta: (y - X @ theta).mean() ** 2, "square-of-mean"),
        (lambda X, y, theta: ((y - X @ theta) ** 2).mean() / 2, "factor"),
        (lambda X, y, theta: -((y - X @ theta) ** 2).mean(), "sign"),
        (lambda X, y, theta: ((y - X @ theta) ** 2).float().mean(), "float32"),
        (lambda X, y, theta: (y - X @ theta).norm() / 7**0.5, "root"),
        (lambda X, y, theta: (y - X @ theta).abs().mean(), "absolute"),
        (lambda X, y, theta: torch.dot(y - X @ theta, y - X @ theta) / 7, "other"),
        (error_in_column, "broadcast"),
        (lambda X, y, theta: ((y - theta @ X) ** 2).mean(), "shape"),
        (lambda X, y, theta: y.sub_(X @ theta).square().mean(), "input-changed"),
    ],
    "count_operations": [
        (count_leaves_too, "with-leaves"),
        (count_paths, "counted-again"),
        (count_recursively, "recursion"),
        (lambda y: 1, "first-branch"),
        (lambda y: count_with_a_set(y) - 1, "one-short"),
        (lambda y: str(count_with_a_set(y)), "not-numbers"),
        (count_none_too, "no-gradient-yet"),
    ],
}


def _graph(random):
    results = [torch.tensor(1.0, requires_grad=True), torch.tensor(2.0, requires_grad=True)]
    for _ in range(8):
        i, j = random.integers(len(results), size=2)
        results.append(results[i] * results[j] if random.random() < 0.6 else results[i].sin())
    return (sum(results[2:], torch.tensor(0.0)),)


def _leaf_facts(result, value):
    return result, result.is_leaf, result.requires_grad, str(tuple(result.shape))


INPUTS = {
    "new_leaf": lambda r: (
        int(r.integers(-9, 9)) if r.random() < 0.5 else float(r.uniform(-3, 3)),
    ),
    "squared_error": regression,
    "count_operations": _graph,
}
LOOKS = {"new_leaf": _leaf_facts, "squared_error": graph_too}
VERDICTS = {
    "leaves": lambda names: {c for word in names for c in word if c.isalpha()} == set("wacef")
}
