"""The formulas of local derivatives, as templates of words and numbers."""

from __future__ import annotations

# {g} is the gradient that arrives; other names are those under which autograd saves a tensor.
# Source of the formulas: PyTorch's tools/autograd/derivatives.yaml.
ELEMENTWISE: dict[str, tuple[str, ...]] = {
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
}
MATRIX: dict[str, tuple[str, ...]] = {
    "MvBackward0": ("outer product of {g} and {vec}", "{self}ᵀ × {g}"),
    "MmBackward0": ("{g} × {mat2}ᵀ", "{self}ᵀ × {g}"),
    "BmmBackward0": ("{g} × {mat2}ᵀ", "{self}ᵀ × {g}"),
}
TEMPLATES = ELEMENTWISE | MATRIX
ALSO = {
    "add": ("alpha",),
    "sub": ("alpha",),
    "pow": ("exponent", "self"),
    "relu": ("result",),
    "mse_loss": ("self", "target", "reduction"),
}
ROLES = {
    "g": "gradient",
    "self": "input",
    "other": "other input",
    "tensor": "other input",
    "mat2": "other input",
    "vec": "vector",
    "result": "result",
    "exponent": "exponent",
    "target": "target",
}
RESHAPING = {"view", "reshape", "squeeze", "unsqueeze", "transpose", "permute", "unsafe_view"}
RESHAPING |= {"clone", "alias", "to", "as_strided", "movedim", "flatten", "detach"}
PICKING = {"select", "slice", "index", "gather", "index_select", "diagonal", "narrow", "take"}
PARTING = {"split", "unbind", "split_with_sizes", "chunk"}
