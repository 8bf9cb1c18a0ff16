"""Exercises: on the GPU, also where there is none."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from ._answers import Wrong, call, want
from ._compare import Mistake, compare
from ._exercise import Trial, exercise


class _OnGpu(torch.Tensor):
    """A CPU tensor that NumPy may not read until it has been moved, as if it were on a GPU."""

    is_cuda = property(lambda self: True)
    is_cpu = property(lambda self: False)
    device = property(lambda self: torch.device("cuda", 0))

    @classmethod
    def __torch_function__(
        cls, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        forced = name == "numpy" and (kwargs.get("force") or args[1:] == (True,))
        if name in ("numpy", "__array__") and not forced:
            raise TypeError("can't convert cuda:0 device type tensor to numpy.")
        moved = name == "cpu" or (name == "to" and "cpu" in map(str, [*args[1:], *kwargs.values()]))
        if forced or moved or name == "tolist":
            with torch._C.DisableTorchFunctionSubclass():
                result = func(*args, **kwargs)
            return result.as_subclass(torch.Tensor) if moved else result
        return super().__torch_function__(func, types, args, kwargs)  # type: ignore[no-untyped-call]


@exercise()
def to_numpy(answer: Any, trial: Trial) -> None:
    """Write `to_numpy(t)`: the numbers of any tensor, as a NumPy array of its own.

    The tensor may require a gradient, and may live anywhere. Whoever changes the array must not
    change the tensor.
    """
    plain = trial.tensor(2, 3).cpu()
    leaf = trial.tensor(3).cpu().requires_grad_()
    far = plain.clone().as_subclass(_OnGpu)
    far_leaf = leaf.detach().clone().as_subclass(_OnGpu).requires_grad_()
    cases = [
        ("a tensor on the CPU", plain),
        ("a tensor that requires a gradient", leaf),
        ("the result of an operation on one", leaf * 2),
        ("a tensor on a GPU", far),
        ("a tensor on a GPU that requires a gradient", far_leaf),
    ]
    shared = False
    for given, tensor in cases:
        with torch._C.DisableTorchFunctionSubclass():
            right = tensor.detach().numpy().copy()
        result = call(answer, tensor, given=given)
        want(np.ndarray, result, "wanted is a NumPy array.", given)
        compare(result, right, given=given)
        if result.dtype != right.dtype:
            hint = "the type of the numbers has changed."
            types = str(result.dtype), str(right.dtype)
            raise Wrong("dtype", hint, got=types[0], expected=types[1], given=given)
        if not isinstance(tensor, _OnGpu):
            shared |= np.shares_memory(result, tensor.detach().numpy())
    if shared:
        hint = (
            "the array looks at the tensor's own memory: whoever writes into one changes the "
            "other. On the CPU, .cpu() and .numpy() copy nothing."
        )
        raise Wrong("shared-memory", hint, given="a tensor on the CPU")


class _Device:
    """A device that works off a list of jobs, and a clock that nothing else moves."""

    def __init__(self, asking: float, job: float, first: float, others: float) -> None:
        self.now = 100.0
        self._asking, self._job, self._next = asking, job, first
        self._free = self.now + others

    def work(self) -> None:
        """Put one job on the list."""
        self.now += self._asking
        self._free = max(self._free, self.now) + self._next
        self._next = self._job

    def wait(self) -> None:
        """Return when the list is empty."""
        self.now = max(self.now, self._free)

    def clock(self) -> float:
        """The time in seconds."""
        return self.now


@exercise()
def two_times(answer: Any, trial: Trial) -> None:
    """Write `two_times(work, wait, clock)`: seconds until work() returns, and till its job is done.

    Both count from the moment of the call. `work()` puts a job on a device's list,
    `wait()` returns when the list is empty, `clock()` tells the time in seconds. The first job
    does not count, nor do those of others that are on the list.
    """
    for _ in range(2):
        asking, job, first, others = trial.number(0.2, 0.9), trial.number(2, 4), 20.0, 7.0
        device = _Device(asking, job, first, others)
        done = asking + job
        given = f"a call takes {asking} s, its job {job:g} s more; the first job takes {first:g} s"
        mistakes = [
            Mistake("not-waited", [asking, asking], "the job is not done when work() returns."),
            Mistake("swapped", [done, asking], "first how long Python is busy, then the job."),
            Mistake("from-return", [asking, job], "both times count from the call of work()."),
            Mistake("queue", [asking, others + first + job - asking], _QUEUE),
            Mistake("first-run", [asking, asking + first], _FIRST),
            Mistake(
                "first-run", [asking, others + first], f"{_FIRST} And wait() before it starts."
            ),
        ]
        result = call(answer, device.work, device.wait, device.clock, given=given)
        compare(result, [asking, done], mistakes=mistakes, given=given)


_QUEUE = "the jobs that were on the list are counted too: wait() before the clock starts."
_FIRST = "this is the first job, which prepares things: let one run before."


@exercise(loads="torch._dynamo")
def run_on_device_of(answer: Any, trial: Trial) -> None:
    """Write `run_on_device_of(model, x)`: model(x), with x moved to where the model is.

    The result stays on the model's device; neither the model nor the caller's x is moved.
    """
    devices = ["cpu", "meta"] + (["cuda"] if torch.cuda.is_available() else [])
    for device in devices:
        model = torch.nn.Linear(3, 2, dtype=torch.float64, device=device)
        x = trial.tensor(4, 3).cpu()
        given = f"a model on the device {device}, x on the cpu"
        result = call(answer, model, x, given=given, errors=_MOVE)
        if next(model.parameters()).device.type != device:
            hint = "the model was moved. It may be large, and others use it: move x."
            raise Wrong("model-moved", hint, given=given)
        want(torch.Tensor, result, "wanted is a tensor.", given)
        if result.device.type != device:
            hint = "the result is to stay where the model is."
            places = result.device.type, device
            raise Wrong("wrong-device", hint, got=places[0], expected=places[1], given=given)
        if device != "meta":  # a tensor on "meta" has a shape, and no numbers
            right = x @ model.weight.detach().cpu().T + model.bias.detach().cpu()
            compare(result, right, given=given)
        elif result.shape != (4, 2):
            raise Wrong("shape", "wanted is model(x).", got=str(tuple(result.shape)), given=given)


_HERE = (
    "x is still on its old device. x.to(device) moves nothing: it returns a tensor that you have "
    "to use, x = x.to(device). The model's device is that of its parameters."
)
_MOVE = {
    "wrong-device": ("wrong-device", _HERE),
    "hard-coded-device": (
        "hard-coded-device",
        'a fixed "cuda" stops every machine without. Ask the model\'s parameters for the device.',
    ),
}


@exercise()
def descend_table(answer: Any, trial: Trial) -> None:
    """Write `descend_table(objective, starts, step_sizes, max_iter)`: all pairs in one batch.

    Return the last θ of every descent: a row for each step size, a column for each start. Each
    round moves the whole table, not one descent after the other.
    """
    for n, sizes, rounds in ((4, [0.02, 0.05, 0.1], 5), (3, [0.08, 0.03], 4)):
        starts, steps = trial.tensor(n), torch.tensor(sizes, dtype=torch.float64)
        f = _Counted(trial.number(1, 2))
        given = f"objective {f.a}·θ² + cos θ, {n} starts, step sizes {sizes}, max_iter = {rounds}"
        result = call(answer, f, starts, steps, rounds, given=given)
        table, still = (len(sizes), n), starts.expand(len(sizes), n)
        right = _ends(f.a, starts, steps, rounds)
        row = f"a row for each step size: θ is a table {table}."
        small = f"mean() makes every step {math.prod(table)} times too short: use sum()."
        mistakes = [
            Mistake("factor", _ends(f.a, starts, steps / math.prod(table), rounds), small),
            Mistake("not-zeroed", _ends(f.a, starts, steps, rounds, kept=1.0), _HEAP),
            Mistake("sign", _ends(f.a, starts, -steps, rounds), "uphill: θ − step · gradient."),
            Mistake("never-moves", still, "θ never moves: zeroed before the step?"),
            Mistake("one-step-size", right[0], row),
            Mistake("one-step-size", right[-1], row),
        ]
        compare(result, right, mistakes=mistakes, given=given)
        if f.calls > 2 * rounds + 2:
            hint = "right, but one descent after the other. Sum the objective of the whole table."
            got, most = f"{f.calls} calls of objective", f"about {rounds}"
            raise Wrong("one-by-one", hint, got=got, expected=most, given=given)


_HEAP = "every gradient is added to all earlier ones."


class _Counted:
    """The objective a·θ² + cos θ, which counts its calls."""

    def __init__(self, a: float) -> None:
        self.a, self.calls = a, 0

    def __call__(self, theta: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return self.a * theta**2 + torch.cos(theta)


def _ends(
    a: float, starts: torch.Tensor, steps: torch.Tensor, rounds: int, kept: float = 0.0
) -> torch.Tensor:
    """The last θ of each descent by formula; `kept` of the old gradients stays."""
    theta = starts.expand(len(steps), len(starts))
    heap = torch.zeros_like(theta)
    for _ in range(rounds):
        heap = kept * heap + 2 * a * theta - torch.sin(theta)
        theta = theta - steps[:, None] * heap
    return theta
