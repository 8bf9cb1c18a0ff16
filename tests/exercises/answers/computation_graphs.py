from __future__ import annotations

import numpy as np
import torch


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


def error_in_column(X, y, theta):
    return ((y - X @ theta[:, None]) ** 2).mean()


def error_new_tensor(X, y, theta):
    return torch.tensor(((y - X @ theta) ** 2).mean().item(), requires_grad=True)


def error_numpy(X, y, theta):
    return np.mean((y.cpu().numpy() - X.cpu().numpy() @ theta.detach().cpu().numpy()) ** 2)


RIGHT = {
    "leaves": [{"a", "b", "d"}, ["d", "b", "a"], ("a", "b", "d"), "a, b, d"],
    "new_leaf": [leaf_by_flag, leaf_by_method, leaf_by_dtype, leaf_by_attribute],
    "squared_error": [
        lambda X, y, theta: torch.mean((y - X @ theta) ** 2),
        lambda X, y, theta: (X.matmul(theta) - y).square().mean(),
        lambda X, y, theta: ((y - (X * theta).sum(dim=1)) ** 2).sum() / len(y),
        lambda X, y, theta: torch.dot(y - X @ theta, y - X @ theta) / 7,
    ],
    "count_operations": [
        count_with_a_set,
        count_breadth_first,
        count_by_marks,
        count_with_generator,
    ],
}

WRONG = {
    "leaves": [
        ({"a"}, "requires-grad-only"),
        ({"a", "e"}, "name-for-leaf"),
        ({"a", "b", "d", "e"}, "name-for-leaf"),
        ({"a", "b"}, "constant-results"),
        ({"c", "e"}, "results"),
        ({"a", "c"}, "other"),
        (3, "not-names"),
        ([True, False], "not-names"),
    ],
    "new_leaf": [
        (lambda value: torch.tensor(value, requires_grad=True), "integer"),
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
