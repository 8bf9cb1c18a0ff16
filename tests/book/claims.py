"""What the pages claim about PyTorch, one line a claim: its page, its words, and what proves it.

Each is a function without arguments that returns whether it is so. The words are the claim's, not
the page's: a page may say it otherwise, but it may not say what is not so.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

Claim = tuple[str, str, Callable[[], bool]]

float32, float64 = torch.float32, torch.float64


def raises(error: type[Exception], call: Callable[[], object], part: str = "") -> bool:
    """Whether `call` raises just this error, with `part` in its message."""
    try:
        call()
    except Exception as raised:
        return type(raised) is error and part in str(raised)
    return False


NUMPY_BRIDGE: list[Claim] = [
    (
        "numpy_bridge",
        "a 0-dim float64 tensor times a float32 vector is float32: dimensions count before width",
        lambda: (torch.ones((), dtype=float64) * torch.ones(2)).dtype == float32,
    ),
    (
        "numpy_bridge",
        "isclose and allclose refuse float32 against float64",
        lambda: raises(RuntimeError, lambda: torch.isclose(torch.ones(1), torch.ones(1).double())),
    ),
]

CLAIMS = [*NUMPY_BRIDGE]
