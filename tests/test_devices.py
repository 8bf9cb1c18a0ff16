"""The device of the lesson, and what is said of one that is not there."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch

from lecture_pkg import descend_grid
from lecture_pkg.devices import VARIABLE, available_devices, checked_device, default_device


@pytest.mark.parametrize("value", [None, "", "auto", " auto "])
def test_auto_takes_the_gpu_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    if value is not None:
        monkeypatch.setenv(VARIABLE, value)
    assert default_device().type == ("cuda" if torch.cuda.is_available() else "cpu")


def test_the_variable_names_the_device(monkeypatch: pytest.MonkeyPatch, device: str) -> None:
    monkeypatch.setenv(VARIABLE, device)
    assert default_device() == torch.device(device)
    assert torch.zeros(1, device=default_device()).device.type == device


@pytest.mark.parametrize(
    "wanted", ["CPU", "gpu", "cuda:99", "cuda:-1", "cuda0", "meta", "7", "mps"]
)
def test_a_device_that_is_not_there_is_refused_with_a_list(
    monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    monkeypatch.setenv(VARIABLE, wanted)
    with pytest.raises(ValueError, match=VARIABLE) as error:
        default_device()
    assert wanted in str(error.value) and "'auto', 'cpu'" in str(error.value)


@pytest.mark.parametrize("value", [0, None, 1.5, ["cpu"], True])
def test_what_is_no_name_of_a_device_is_a_type_error(value: Any) -> None:
    with pytest.raises(TypeError, match=re.escape("device must be one of 'cpu'")):
        checked_device("device", value)


def test_one_gpu_more_than_there_are_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert available_devices() == ["cpu", "cuda:0", "cuda:1"]
    assert checked_device("device", "cuda:1") == torch.device("cuda:1")
    assert checked_device("device", "cuda") == torch.device("cuda")
    with pytest.raises(ValueError, match="'cpu', 'cuda:0', 'cuda:1', but it is 'cuda:2'"):
        checked_device("device", "cuda:2")
    monkeypatch.setenv(VARIABLE, "auto")
    assert default_device() == torch.device("cuda")


@pytest.fixture
def apple(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with Apple's GPU and no other."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.mark.usefixtures("apple")
def test_apples_gpu_is_a_device_for_float32_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert available_devices() == ["cpu", "mps"]
    assert available_devices(torch.float64) == ["cpu"]
    assert default_device(torch.float32) == torch.device("mps")
    assert default_device() == torch.device("cpu"), "the book checks its formulas in float64"
    assert checked_device("device", "mps") == torch.device("mps")
    assert checked_device("device", "mps:0") == torch.device("mps:0")
    monkeypatch.setenv(VARIABLE, "mps")
    assert default_device(torch.float32) == torch.device("mps")
    monkeypatch.setenv(VARIABLE, "cpu")
    assert default_device(torch.float32) == torch.device("cpu")


@pytest.mark.usefixtures("apple")
def test_what_apples_gpu_cannot_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "mps")
    with pytest.raises(ValueError) as error:
        default_device()
    assert str(error.value) == (
        "LECTURE_DEVICE must be one of 'auto', 'cpu' ('mps' has no float64), but it is 'mps' (str)."
    )
    with pytest.raises(ValueError, match=re.escape("one of 'cpu' ('mps' has no float64)")):
        checked_device("device", "mps", torch.float64)
    with pytest.raises(ValueError, match=re.escape("one of 'cpu', 'mps', but it is 'mps:1'")):
        checked_device("device", "mps:1")


@pytest.mark.usefixtures("apple")
def test_many_descents_in_float64_do_not_begin_on_apples_gpu() -> None:
    with pytest.raises(ValueError, match=re.escape("('mps' has no float64)")):
        descend_grid(torch.square, [0.1], [1.0], 2, device="mps")
