from __future__ import annotations

import math

import torch


def by_backward(number):
    x = torch.tensor(number, requires_grad=True)
    y = x * torch.sin(x**2)
    y.backward()
    return x.grad


def by_grad_function(number):
    x = torch.tensor(number, dtype=torch.float64, requires_grad=True)
    return torch.autograd.grad(x * torch.sin(x * x), x)[0].item()


def by_calculus(x):
    return math.sin(x**2) + 2 * x**2 * math.cos(x**2)


def by_differences(x):
    return ((x + 1e-6) * math.sin((x + 1e-6) ** 2) - (x - 1e-6) * math.sin((x - 1e-6) ** 2)) / 2e-6


def returns_y(number):
    x = torch.tensor(number, requires_grad=True)
    y = x * torch.sin(x**2)
    y.backward()
    return y


def no_leaf(number):
    x = torch.tensor(number)
    y = x * torch.sin(x**2)
    y.backward()
    return x.grad


def cut_by_data(number):
    x = torch.tensor(number, requires_grad=True)
    y = x * torch.sin(x.data**2)
    y.backward()
    return x.grad


def cut_by_detach(number):
    x = torch.tensor(number, requires_grad=True)
    y = x.detach() * torch.sin(x**2)
    y.backward()
    return x.grad


def all_cut(number):
    x = torch.tensor(number, requires_grad=True)
    y = x.detach() * torch.sin(x.detach() ** 2)
    y.backward()
    return x.grad


def never_backward(number):
    x = torch.tensor(number, requires_grad=True)
    x * torch.sin(x**2)
    return x.grad


def backward_twice(number):
    x = torch.tensor(number, requires_grad=True)
    y = x * torch.sin(x**2)
    y.backward(retain_graph=True)
    y.backward()
    return x.grad


def backward_again(number):
    x = torch.tensor(number, requires_grad=True)
    y = x * torch.sin(x**2)
    y.backward()
    y.backward()
    return x.grad


def sine_squared(number):
    x = torch.tensor(number, requires_grad=True)
    (x * torch.sin(x) ** 2).backward()
    return x.grad


def hand(x, c):
    u, v = c * x, math.sin(x) + c
    return c * v + u * math.cos(x), x * v + u


def hand_in_steps(x, c):
    u, v = c * x, math.sin(x) + c
    at_u, at_v = v, u
    at_x = at_u * c
    at_x += at_v * math.cos(x)
    at_c = at_u * x
    at_c += at_v * 1.0
    return at_x, at_c


def retained(number):
    x = torch.tensor(number, requires_grad=True)
    h = torch.sin(x)
    h.retain_grad()
    (h**3).backward()
    return h.grad, x.grad


def retained_list(number):
    x = torch.tensor(number, dtype=torch.float64, requires_grad=True)
    h = torch.sin(x)
    h.retain_grad()
    y = h * h * h
    y.backward()
    return [h.grad.item(), x.grad.item()]


def both_by_grad(number):
    x = torch.tensor(number, requires_grad=True)
    h = torch.sin(x)
    return torch.autograd.grad(h**3, [h, x])


def upstream_by_hand(x):
    h = math.sin(x)
    return 3 * h**2, 3 * h**2 * math.cos(x)


def not_retained(number):
    x = torch.tensor(number, requires_grad=True)
    h = torch.sin(x)
    (h**3).backward()
    return h.grad, x.grad


def not_retained_item(number):
    x = torch.tensor(number, requires_grad=True)
    h = torch.sin(x)
    (h**3).backward()
    return h.grad.item(), x.grad.item()


def depth_first_postorder(y):
    order, seen, stack = [], set(), [(y, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((i, False) for i in node.inputs)
    return order[::-1]


def recursive_postorder(y):
    order = []

    def visit(node):
        if node not in order:
            for i in node.inputs:
                visit(i)
            order.append(node)

    visit(y)
    return list(reversed(order))


def everything(y):
    nodes, todo = [], [y]
    while todo:
        node = todo.pop()
        if node not in nodes:
            nodes.append(node)
            todo += node.inputs
    return nodes


def by_counting(y):
    waiting = {node: 0 for node in everything(y)}
    for node in waiting:
        for i in node.inputs:
            waiting[i] += 1
    order, ready = [], [y]
    while ready:
        node = ready.pop()
        order.append(node)
        for i in node.inputs:
            waiting[i] -= 1
            if waiting[i] == 0:
                ready.append(i)
    return order


def by_depth(y):
    depth = {y: 0}
    for _ in everything(y):
        for node in list(depth):
            for i in node.inputs:
                depth[i] = max(depth.get(i, 0), depth[node] + 1)
    return tuple(sorted(depth, key=depth.get))


def breadth_first(y):
    order = [y]
    for node in order:
        order += [i for i in dict.fromkeys(node.inputs) if i not in order]
    return order


def every_path(y):
    order = [y]
    for node in order:
        order += node.inputs
        if len(order) > 1000:
            break
    return order


def first_inputs(y):
    order = [y]
    while order[-1].inputs:
        order.append(order[-1].inputs[0])
    return order


RIGHT = {
    "derivative": [by_backward, by_grad_function, by_calculus, by_differences],
    "by_hand": [
        hand,
        lambda x, c: [c * (math.sin(x) + c) + c * x * math.cos(x), x * math.sin(x) + 2 * c * x],
        lambda x, c: torch.tensor(hand(x, c)),
        hand_in_steps,
    ],
    "upstream": [retained, retained_list, both_by_grad, upstream_by_hand],
    "backward_order": [depth_first_postorder, recursive_postorder, by_counting, by_depth],
}

WRONG = {
    "derivative": [
        (returns_y, "value"),
        (lambda x: math.sin(x**2) + x * math.cos(x**2), "factor"),
        (cut_by_detach, "missing-path"),
        (cut_by_data, "missing-path"),
        (all_cut, "detached"),
        (no_leaf, "detached"),
        (never_backward, "nothing"),
        (backward_twice, "twice"),
        (backward_again, "second-backward"),
        (lambda x: -by_calculus(x), "sign"),
        (lambda x: math.sin(x**2) - 2 * x**2 * math.cos(x**2), "sign"),
        (sine_squared, "other-function"),
        (by_calculus(1.0), "not-a-function"),
        (lambda x: float("nan"), "nan"),
        (lambda: 3, "arguments"),
        (lambda x: {}["y"], "raised"),
    ],
    "by_hand": [
        (lambda x, c: (c * (math.sin(x) + c), x * (math.sin(x) + c)), "missing-path"),
        (lambda x, c: (c * x * math.cos(x), hand(x, c)[1]), "missing-path"),
        (lambda x, c: (hand(x, c)[0], x * (math.sin(x) + c)), "missing-path"),
        (lambda x, c: (hand(x, c)[0] - 2 * c * x * math.cos(x), hand(x, c)[1]), "sign"),
        (lambda x, c: (c + math.cos(x), x + 1), "local"),
        (lambda x, c: hand(x, c)[::-1], "swapped"),
        (lambda x, c: [c * x * (math.sin(x) + c)] * 2, "value"),
        (lambda x, c: hand(x, c)[0], "shape"),
        (lambda x, c: [-part for part in hand(x, c)], "sign"),
    ],
    "upstream": [
        (not_retained, "gradient-of-non-leaf"),
        (not_retained_item, "gradient-of-non-leaf"),
        (lambda x: upstream_by_hand(x)[::-1], "swapped"),
        (lambda x: (math.cos(x), upstream_by_hand(x)[1]), "local"),
        (lambda x: (upstream_by_hand(x)[0], math.cos(x)), "local"),
        (lambda x: (math.sin(x) ** 2, math.sin(x) ** 2 * math.cos(x)), "factor"),
        (lambda x: (math.sin(x), math.sin(x) ** 3), "value"),
        (lambda x: upstream_by_hand(x)[1], "shape"),
    ],
    "backward_order": [
        (everything, "too-early"),
        (breadth_first, "too-early"),
        (every_path, "counted-again"),
        (first_inputs, "missing-nodes"),
        (lambda y: depth_first_postorder(y)[::-1], "forward-order"),
        (lambda y: [n.name for n in depth_first_postorder(y)], "not-a-list"),
        (lambda y: None, "not-a-list"),
    ],
}
