from __future__ import annotations

import math
from collections import Counter, deque

import numpy as np
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


def by_a_vector_of_one(number):
    x = torch.tensor([number], requires_grad=True)
    (x * torch.sin(x.square())).sum().backward()
    return x.grad[0].item()


def by_a_seed(number):
    x = torch.tensor(number, dtype=torch.float64).requires_grad_()
    y = torch.mul(x, torch.sin(torch.pow(x, 2)))
    y.backward(torch.ones_like(y))
    return float(x.grad)


def by_parameter(number):
    x = torch.nn.Parameter(torch.tensor(number))
    torch.autograd.backward(x * (x * x).sin())
    return x.grad.numpy()


def in_two_passes(number):
    x = torch.tensor(number, requires_grad=True)
    y = x.detach() * torch.sin(x**2)
    y.backward()
    y = x * torch.sin(x.detach() ** 2)
    y.backward()
    return x.grad


def leaf_times_one(number):
    x = torch.tensor(number, requires_grad=True) * 1.0
    y = x * torch.sin(x**2)
    y.backward()
    return x.grad


def moved_leaf(number):
    x = torch.tensor(number, requires_grad=True).double()
    y = x * torch.sin(x**2)
    y.backward()
    return x.grad


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


def hand_in_numpy(x, c):
    at_c = np.array([1.0, 0.0])  # derivatives by c and by x, forwards
    at_x = np.array([0.0, 1.0])
    u, du = c * x, at_c * x + at_x * c
    v, dv = np.sin(x) + c, at_x * np.cos(x) + at_c
    dy = du * v + u * dv
    return dy[1], dy[0]


def hand_with_torch(x, c):
    x, c = (torch.tensor(n, dtype=torch.float64, requires_grad=True) for n in (x, c))
    (c * x * (torch.sin(x) + c)).backward()
    return x.grad, c.grad


def hand_factored(x, c):
    dx = c * (math.sin(x) + c + x * math.cos(x))
    dc = x * (math.sin(x) + 2 * c)
    return [dx, dc]


def by_hooks(number):
    found = []
    x = torch.tensor(number, requires_grad=True)
    h = torch.sin(x)
    h.register_hook(found.append)
    (h**3).backward()
    return found[0], x.grad


def second_leaf(number):
    h = torch.tensor(math.sin(number), requires_grad=True)
    (h * h * h).backward()
    return h.grad.item(), h.grad.item() * math.cos(number)


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


def counts(y):
    found, todo = Counter(), [y]
    while todo:
        for before, _ in todo.pop().inputs:
            if before not in found:
                todo.append(before)
            found[before] += 1
    return found


def counting(y):
    missing = counts(y)
    y.grad, ready = 1.0, [y]
    while ready:
        node = ready.pop()
        for before, local in node.inputs:
            before.grad += node.grad * local
            missing[before] -= 1
            if not missing[before]:
                ready.append(before)


def counting_in_a_queue(y):
    left = dict(counts(y))
    queue = deque([y])
    y.grad = 1.0
    while queue:
        node = queue.popleft()
        arrived = node.grad
        for before, local in node.inputs:
            before.grad = before.grad + arrived * local
            left[before] = left[before] - 1
            if left[before] == 0:
                queue.append(before)
    return {}


def counting_arrivals(y):
    wanted, arrived, ready = counts(y), Counter(), {y}
    y.grad = 1.0
    while ready:
        node = ready.pop()
        for before, local in node.inputs:
            before.grad += local * node.grad
            arrived[before] += 1
            if arrived[before] == wanted[before]:
                ready.add(before)


def listing_with_a_stack(y):
    order, done, stack = [], set(), [(y, iter(y.inputs))]
    met = {y}
    while stack:
        node, rest = stack[-1]
        step = next(rest, None)
        if step is None:
            stack.pop()
            done.add(node)
            order.append(node)
        elif step[0] not in met:
            met.add(step[0])
            stack.append((step[0], iter(step[0].inputs)))
    y.grad = 1.0
    for node in reversed(order):
        for before, local in node.inputs:
            before.grad += node.grad * local


def listing_by_recursion(y):
    def listed(node, nodes):
        if node not in nodes:
            for before, _ in node.inputs:
                listed(before, nodes)
            nodes[node] = True
        return nodes

    y.grad = 1.0
    for node in reversed(listed(y, {})):
        for before, local in node.inputs:
            before.grad += node.grad * local


def every_path(y):
    todo = [(y, 1.0)]
    while todo:
        node, gradient = todo.pop()
        node.grad += gradient
        todo += [(before, gradient * local) for before, local in node.inputs]


def totals(node, gradient=1.0):
    node.grad += gradient
    for before, local in node.inputs:
        totals(before, node.grad * local)


def first_come(place, join=lambda old, new: old + new):
    def answer(y):
        y.grad, met, ready = 1.0, {y}, [y]
        while ready:
            node = ready.pop(place)
            for before, local in node.inputs:
                before.grad = join(before.grad, node.grad * local)
                if before not in met:
                    met.add(before)
                    ready.append(before)

    return answer


def without_local(y):
    missing = counts(y)
    y.grad, ready = 1.0, [y]
    while ready:
        node = ready.pop()
        for before, _ in node.inputs:
            before.grad += node.grad
            missing[before] -= 1
            if not missing[before]:
                ready.append(before)


def replacing(y):
    missing = counts(y)
    y.grad, ready = 1.0, [y]
    while ready:
        node = ready.pop()
        for before, local in node.inputs:
            before.grad = node.grad * local
            missing[before] -= 1
            if not missing[before]:
                ready.append(before)


def one_too_many(y):
    missing = counts(y)
    y.grad, ready = 1.0, [y]
    while ready:
        node = ready.pop()
        for before, local in node.inputs:
            before.grad += node.grad * local
            if not missing[before]:
                ready.append(before)
            missing[before] -= 1


def without_seed(y):
    missing, ready = counts(y), [(y, 1.0)]
    while ready:
        node, arrived = ready.pop()
        for before, local in node.inputs:
            before.grad += arrived * local
            missing[before] -= 1
            if not missing[before]:
                ready.append((before, before.grad))


RIGHT = {
    "derivative": [
        by_backward,
        by_grad_function,
        by_calculus,
        by_differences,
        lambda x: torch.func.grad(lambda t: t * torch.sin(t**2))(torch.tensor(x)),
        by_a_vector_of_one,
        by_a_seed,
        by_parameter,
        in_two_passes,
    ],
    "by_hand": [
        hand,
        lambda x, c: [c * (math.sin(x) + c) + c * x * math.cos(x), x * math.sin(x) + 2 * c * x],
        lambda x, c: torch.tensor(hand(x, c)),
        hand_in_steps,
        hand_in_numpy,
        hand_with_torch,
        hand_factored,
    ],
    "upstream": [retained, retained_list, both_by_grad, upstream_by_hand, by_hooks, second_leaf],
    "by_counting": [counting, counting_in_a_queue, counting_arrivals, listing_with_a_stack],
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
        (leaf_times_one, "gradient-of-non-leaf"),
        (moved_leaf, "gradient-of-non-leaf"),
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
    "by_counting": [
        (listing_by_recursion, "recursion"),
        (every_path, "each-path"),
        (totals, "passed-on-again"),
        (first_come(0), "too-early"),
        (first_come(-1), "too-early"),
        (replacing, "replaced"),
        (without_local, "local"),
        (one_too_many, "never-ready"),
        (without_seed, "no-seed"),
        (counts, "not-filled"),
        (lambda y: y.grad.zero_(), "raised"),
        (lambda y: counting(y) or setattr(y, "grad", 2.0), "other"),
    ],
}


class _Node:
    def __init__(self, inputs):
        self.inputs, self.grad = inputs, 0.0


def _nodes(random):
    """The last of some nodes, each made of earlier ones; it holds all of them in `.nodes`."""
    nodes = [_Node([])]
    for n in range(1, 10):
        chosen = [n - 1, *random.integers(n, size=2)]
        nodes.append(_Node([(nodes[i], float(random.uniform(0.3, 0.9))) for i in chosen]))
    nodes[-1].nodes = nodes
    return (nodes[-1],)


INPUTS = {
    "derivative": lambda r: (float(r.uniform(-2, 2)),),
    "by_hand": lambda r: (float(r.uniform(-2, 2)), float(r.uniform(-3, 3))),
    "upstream": lambda r: (float(r.uniform(-2, 2)),),
    "by_counting": _nodes,
}
LOOKS = {"by_counting": lambda result, y: [node.grad for node in y.nodes]}
