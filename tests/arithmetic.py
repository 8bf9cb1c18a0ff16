"""An independent reading of rules: each formula is computed from its factors, in float64."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator

import torch

from lecture_pkg.graph.operations import EACH, HANDS_ON, PRODUCT, STARTS, UNCHANGED
from lecture_pkg.graph.rules import Rule
from lecture_pkg.values import Snapshot

_SIGNS = {"×": "*", "÷": "/", "−": "-", "²": "**2", "³": "**3", "^": "**", "ᵀ": ".mT"}
_FUNCTIONS = ("sin", "cos", "sinh", "cosh", "log", "sign")
_CLOSE = {"float64": 1e-7, "float32": 2e-4, "float16": 2e-2, "bfloat16": 1e-1}
_CLOSE |= {"complex128": 1e-7, "complex64": 2e-4}


def holds(rule: Rule) -> bool:
    """Assert that a rule is true; False where it claims nothing, or its numbers are not known."""
    values = [*rule.factors.values(), rule.result]
    if rule.formula == PRODUCT or any(value.numbers is None for value in values):
        return False
    factors = {name: _tensor(value) for name, value in rule.factors.items()}
    result = _tensor(rule.result)
    if rule.formula in _WORDS:
        assert _WORDS[rule.formula](factors, result), rule
    else:
        value = _computed(rule.formula, factors, result.shape)
        means = _spread(value, result.shape) if "{count}" in rule.formula else [value]
        close = _CLOSE[rule.result.dtype]
        finite = torch.cat([value.flatten(), result.flatten(), torch.tensor([1e-3])]).abs()
        scale = float(finite[finite.isfinite()].max())  # what cancels is rounded like its terms
        found = [v.allclose(result, close, close * scale, equal_nan=True) for v in means]
        assert any(found), (rule, value)
    return True


def _tensor(value: Snapshot) -> torch.Tensor:
    dtype = torch.complex128 if "complex" in value.dtype else torch.float64
    return torch.tensor(value.numbers, dtype=dtype).reshape(value.shape)


def _computed(formula: str, factors: dict[str, torch.Tensor], shape: torch.Size) -> torch.Tensor:
    text = formula.removeprefix("sum of ")
    text = re.sub(r"outer product of (\S+) and (\S+)", r"\1.outer(\2)", text)
    for sign, code in _SIGNS.items():
        text = text.replace(sign, code)
    text = re.sub(r"\b([a-z]+) (\{\w+\}|\d+)", r"\1(\2 + zero)", text)
    text = re.sub(r"\{(\w+)\}", r"\1", text)
    known = {name: getattr(torch, name) for name in _FUNCTIONS} | {"zero": torch.zeros(())}
    value: torch.Tensor = eval(text, {"__builtins__": {}}, known | factors)
    if formula.startswith("sum of "):
        return value.sum_to_size(shape)
    if "{count}" in formula or value.shape == shape:
        return value
    return value.reshape(shape) if value.numel() == math.prod(shape) else value.expand(shape)


def _spread(value: torch.Tensor, shape: torch.Size) -> Iterator[torch.Tensor]:
    """One number for each of some elements: a mean's dimensions may be gone, any of them."""
    for places in range(2 ** len(shape)):
        wanted = [1 if places >> i & 1 else size for i, size in enumerate(shape)]
        if math.prod(wanted) == value.numel():
            yield value.reshape(wanted).expand(shape)


def _sorted(tensor: torch.Tensor, zeros: bool = True) -> torch.Tensor:
    numbers = torch.view_as_real(tensor).flatten() if tensor.is_complex() else tensor.flatten()
    return (numbers if zeros else numbers[numbers != 0]).sort().values


def _alike(a: torch.Tensor, b: torch.Tensor) -> bool:
    return a.shape == b.shape and torch.allclose(a, b, equal_nan=True)


def _same(factors: dict[str, torch.Tensor], result: torch.Tensor) -> bool:
    return _alike(next(iter(factors.values())), result)


def _moved(factors: dict[str, torch.Tensor], result: torch.Tensor) -> bool:
    return _alike(_sorted(factors["gradient"]), _sorted(result))


def _each(factors: dict[str, torch.Tensor], result: torch.Tensor) -> bool:
    gradient = factors["gradient"]
    times = result.numel() // max(gradient.numel(), 1)
    return _alike(_sorted(gradient.flatten().repeat(times)), _sorted(result))


def _put(factors: dict[str, torch.Tensor], result: torch.Tensor) -> bool:
    """All of it stands somewhere, and nothing else: what went to one place is added up."""
    gradient, found = _sorted(factors["gradient"], False), _sorted(result, False)
    if len(found) == len(gradient):
        return _alike(gradient, found)
    return len(found) < len(gradient) and torch.allclose(gradient.sum(), found.sum())


def _part(factors: dict[str, torch.Tensor], result: torch.Tensor) -> bool:
    gradient = factors["gradient"].flatten().tolist()
    return all(result.flatten().tolist().count(n) <= gradient.count(n) for n in set(gradient)) and (
        set(result.flatten().tolist()) <= set(gradient)
    )


def _shared(factors: dict[str, torch.Tensor], result: torch.Tensor) -> bool:
    share = (factors["gradient"].flatten() / factors["places"]).expand(int(factors["places"]))
    return _alike(share, _sorted(result, False))


def _summed(factors: dict[str, torch.Tensor], result: torch.Tensor) -> bool:
    found = result[result != 0].numel() > factors["gradient"].numel()
    return found and torch.allclose(factors["gradient"].sum(), result.sum())


def _above(factors: dict[str, torch.Tensor], result: torch.Tensor) -> bool:
    return _alike(factors["gradient"] * (factors["result"] > 0), result)


_WORDS: dict[str, Callable[[dict[str, torch.Tensor], torch.Tensor], bool]] = {
    UNCHANGED: _same,
    HANDS_ON: _same,
    STARTS: _same,
    EACH: _each,
    "passes {gradient} on in the shape of the input": _moved,
    "{gradient} goes back to where it was taken from, the rest gets 0": _put,
    "puts the parts {gradient} together again": _put,
    "takes its part of {gradient}": _part,
    "all of {gradient} to the largest element": _put,
    "all of {gradient} to the smallest element": _put,
    "{gradient} in equal parts to the {places} largest elements": _shared,
    "{gradient} in equal parts to the {places} smallest elements": _shared,
    "{gradient} to the largest element, in equal parts where there are several": _summed,
    "{gradient} to the smallest element, in equal parts where there are several": _summed,
    "{gradient} where the input is above 0, else 0": _above,
}
