"""Whether an answer is right in fact: on inputs of no check it does what a right one does."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from answers import INPUTS, LOOKS, VERDICTS

from lecture_pkg.exercises._compare import numbers_of

ROUNDS = 6


def agree(name: str, answer: Any, right: Any) -> bool:
    """Whether two answers do the same, each seen on the same fresh inputs."""
    if name in VERDICTS:
        return bool(VERDICTS[name](answer))
    if name not in INPUTS:
        assert not callable(right), f"{name} needs INPUTS or a verdict beside its answers"
        return _alike(_seen(answer), _seen(right))
    for seed in range(ROUNDS):
        expected = _run(name, right, seed)
        try:
            if not _alike(_run(name, answer, seed), expected):
                return False
        except Exception:
            return False
    return True


def _run(name: str, answer: Any, seed: int) -> Any:
    torch.manual_seed(seed)
    random = np.random.default_rng(1000 + seed)
    arguments, look = INPUTS[name](random), LOOKS.get(name, lambda result, *_: result)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as in a check
        return _seen(look(answer(*arguments), *arguments))


def _seen(value: Any) -> Any:
    """A value as numbers where it has some, and without what differs from run to run."""
    if isinstance(value, str | bool | torch.dtype):
        return str(value)
    numbers = numbers_of(value)
    if numbers is not None:
        return numbers
    if isinstance(value, list | tuple | set):
        return [_seen(part) for part in value]
    return type(value).__name__


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        if one.shape != other.shape and not one.size == other.size == 1:
            return False
        scale = max(1e-3, float(np.max(np.abs(other), initial=0.0)))
        return bool(np.all(np.abs(one.reshape(other.shape) - other) <= 3e-5 * scale))
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    return type(one) is type(other) and bool(one == other)
