"""All that we know of torch's operations: names, arguments, formulas, and what they keep."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, NamedTuple

import torch

_PLAIN = {
    "t": "transpose",
    "rsub": "sub",
    "log1_p": "log1p",
    "to_copy": "to",
    "unsafe_view": "view",
}

# The names under which autograd saves an operation's arguments, in the order of the arguments.
ARGUMENTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("mul", "div", "maximum", "minimum", "atan2", "lerp"), ("self", "other")),
    **dict.fromkeys(("mm", "bmm"), ("self", "mat2")),
    **dict.fromkeys(("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"), ("self", "target")),
    "pow": ("self", "exponent"),
    "dot": ("self", "tensor"),
    "mv": ("self", "vec"),
    "addmm": ("bias", "mat1", "mat2"),
}

# Their optional tensors leave a gap among the arguments too when they are not given.
WITH_OPTIONS = {
    "convolution",
    "cudnn_batch_norm",
    "native_batch_norm",
    "native_group_norm",
    "native_layer_norm",
}

UNCHANGED = "passes {gradient} on unchanged"
EACH = "passes {gradient} on to each of {elements} elements"
STARTS = "starts with {value}"
HANDS_ON = "passes {value} on unchanged"
PRODUCT = "vector–Jacobian product of {operation}"
_BACK = "{gradient} goes back to where it was taken from, the rest gets 0"
_PART = "takes its part of {gradient}"
_TOGETHER = "puts the parts {gradient} together again"

# What each input's gradient is, by autograd's name of the operation or, where all that share it
# have the same, its plain one. In braces stand the gradient that arrives ("g" in arithmetic,
# "gradient" in words), what autograd saved under that name, and what `rules` counts; "@" is the
# matrix product. Source: PyTorch's tools/autograd/derivatives.yaml.
FORMULAS: dict[str, tuple[str, ...]] = {
    "MulBackward0": ("{g} × {other}", "{g} × {self}"),
    "DivBackward0": ("{g} ÷ {other}", "{g} × (−1) × {self} ÷ {other}²"),
    "NegBackward0": ("{g} × (−1)",),
    "PowBackward1": (
        "{g} × {exponent} × {self} ^ ({exponent} − 1)",
        "{g} × {result} × log {self}",
    ),
    "PowBackward2": ("{g} × {result} × log {self}",),
    "SinBackward0": ("{g} × cos {self}",),
    "CosBackward0": ("{g} × (−1) × sin {self}",),
    "TanBackward0": ("{g} × (1 + {result}²)",),
    "SinhBackward0": ("{g} × cosh {self}",),
    "CoshBackward0": ("{g} × sinh {self}",),
    "TanhBackward0": ("{g} × (1 − {result}²)",),
    "SigmoidBackward0": ("{g} × {result} × (1 − {result})",),
    "ExpBackward0": ("{g} × {result}",),
    "Expm1Backward0": ("{g} × ({result} + 1)",),
    "LogBackward0": ("{g} ÷ {self}",),
    "Log1PBackward0": ("{g} ÷ (1 + {self})",),
    "Log2Backward0": ("{g} ÷ ({self} × log 2)",),
    "Log10Backward0": ("{g} ÷ ({self} × log 10)",),
    "SqrtBackward0": ("{g} ÷ (2 × {result})",),
    "RsqrtBackward0": ("{g} × (−0.5) × {result}³",),
    "ReciprocalBackward0": ("{g} × (−1) × {result}²",),
    "AbsBackward0": ("{g} × sign {self}",),
    "DotBackward0": ("{g} × {tensor}", "{g} × {self}"),
    "MvBackward0": ("outer product of {g} and {vec}", "{self}ᵀ @ {g}"),
    "MmBackward0": ("{g} @ {mat2}ᵀ", "{self}ᵀ @ {g}"),
    "BmmBackward0": ("{g} @ {mat2}ᵀ", "{self}ᵀ @ {g}"),
    "mean": ("{g} ÷ {count}",),
    "sum": (EACH,),
    "expand": ("{gradient}",),
    **dict.fromkeys(("select", "slice", "index", "gather", "index_select", "narrow"), (_BACK,)),
    **dict.fromkeys(("diagonal", "take"), (_BACK,)),
    **dict.fromkeys(("split", "unbind", "split_with_sizes", "chunk"), (_TOGETHER,)),
    **dict.fromkeys(("cat", "stack"), (_PART,)),
}
RESHAPING = {"view", "reshape", "squeeze", "unsqueeze", "transpose", "permute", "clone"}
RESHAPING |= {"alias", "to", "movedim", "flatten"}

# What else `rules` asks an operation for.
ALSO = {
    "add": ("alpha",),
    "sub": ("alpha",),
    "pow": ("exponent", "self"),
    "relu": ("result",),
    "mse_loss": ("self", "target", "reduction"),
    "addmm": ("alpha", "beta", "mat1", "mat2"),
}

# What a tensor in a formula is called when it is too large to be written out.
ROLES = {
    "g": "gradient",
    "gradient": "the gradient",
    "self": "input",
    "mat1": "input",
    "other": "other input",
    "tensor": "other input",
    "mat2": "other input",
    "vec": "vector",
    "result": "result",
    "exponent": "exponent",
    "target": "target",
}


@cache
def plain_name(grad_fn: str) -> str:
    """An operation's plain name from what autograd calls it.

    >>> plain_name("SinBackward0"), plain_name("MseLossBackward0"), plain_name("RsubBackward1")
    ('sin', 'mse_loss', 'sub')
    """
    stem = re.sub(r"Backward\d*$", "", grad_fn.rpartition("::")[2]) or grad_fn
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", stem).lower().strip("_")
    return _PLAIN.get(name, name) or grad_fn


class Lost(NamedTuple):
    """Stands for a saved tensor that can no longer be read, and says why."""

    why: str


def read(function: Any, name: str) -> Any:
    """What autograd's `function` saved under `name`: a tensor, a number, None, or `Lost`."""
    try:
        return getattr(function, f"_saved_{name}", None)
    except RuntimeError as error:
        return _lost(error)


def read_all(function: Any) -> dict[str, Any]:
    """All that `function` saved, by name; what a custom function saved is numbered."""
    if isinstance(function, torch.autograd.function.BackwardCFunction):
        try:
            return {str(i): tensor for i, tensor in enumerate(function.saved_tensors)}
        except RuntimeError as error:
            return {"0": _lost(error)}
    kind: Any = type(function)
    return {name: read(function, name) for name in _saved_names(kind)}


def _lost(error: RuntimeError) -> Lost:
    return Lost("overwritten" if "inplace" in str(error) else "freed")


@cache
def _saved_names(kind: Any) -> tuple[str, ...]:
    return tuple(n.removeprefix("_saved_") for n in dir(kind) if n.startswith("_saved_"))
