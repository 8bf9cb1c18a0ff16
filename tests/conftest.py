"""What all tests share."""

from __future__ import annotations

import pytest


def _devices() -> list[str]:
    import torch

    return ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test with an argument `device` runs on the CPU and, where there is one, on a GPU."""
    if "device" in metafunc.fixturenames:
        metafunc.parametrize("device", _devices())
