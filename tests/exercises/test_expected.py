"""An expected error is shown, and anything else is not swallowed."""

from __future__ import annotations

import warnings

import pytest
import torch

from lecture_pkg import expect_error


def test_it_prints_type_and_message(capsys: pytest.CaptureFixture[str]) -> None:
    with expect_error(ZeroDivisionError, "division"):
        1 / 0  # noqa: B018
    assert capsys.readouterr().out == "ZeroDivisionError: division by zero\n"


def test_a_warning_is_caught_and_its_build_path_dropped(capsys: pytest.CaptureFixture[str]) -> None:
    with expect_error(UserWarning, "not a leaf"):
        warnings.warn("not a leaf. (Triggered internally at /somewhere/x.cpp:1.)", stacklevel=1)
    assert capsys.readouterr().out == "UserWarning: not a leaf.\n"


def test_other_warnings_of_the_block_are_not_shown() -> None:
    with warnings.catch_warnings(record=True) as shown, expect_error(ValueError, "wrong"):
        warnings.warn("by the way", stacklevel=1)
        raise ValueError("wrong")
    assert shown == []


def test_a_block_that_runs_through_fails() -> None:
    with pytest.raises(AssertionError, match="ran through"), expect_error(ValueError, "x"):
        pass


@pytest.mark.parametrize("error", [TypeError("right text"), ValueError("other text")])
def test_another_type_or_text_fails_and_keeps_the_cause(error: Exception) -> None:
    with pytest.raises(AssertionError) as caught, expect_error(ValueError, "right text"):
        raise error
    assert caught.value.__cause__ is error


def test_a_subclass_is_not_the_type() -> None:
    with pytest.raises(AssertionError), expect_error(ArithmeticError, "division"):
        1 / 0  # noqa: B018


@pytest.mark.parametrize(("kind", "message"), [("ValueError", "x"), (int, "x"), (ValueError, "")])
def test_bad_arguments_are_named(kind: type[Exception], message: str) -> None:
    with (
        pytest.raises(TypeError, match=r"kind must be|message must be"),
        expect_error(kind, message),
    ):
        pass


@pytest.mark.parametrize("error", [TypeError("can't multiply"), IndexError("out of range")])
def test_without_a_gpu_only_its_absence_is_set_aside(error: Exception) -> None:
    with (
        pytest.raises(AssertionError),
        expect_error(TypeError, "can't convert cuda:0", needs_cuda=True),
    ):
        raise error


def test_a_gpu_message_is_the_recorded_one_or_the_real_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    message = (
        "can't convert cuda:0 device type tensor to numpy. "
        "Use Tensor.cpu() to copy the tensor to host memory first."
    )
    with expect_error(TypeError, message, needs_cuda=True):
        torch.ones(2, device="cuda").numpy()
    assert capsys.readouterr().out == f"TypeError: {message}\n"
