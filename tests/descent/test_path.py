"""One descent, against a loop written with bare torch, and what is said of wrong arguments."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lecture_pkg.descent.path import Descent, DivergedError, gradient_descent


def lecture(theta: torch.Tensor) -> torch.Tensor:
    return theta * torch.cos(4 * theta) + 2 * torch.abs(theta)


def bowl(theta: torch.Tensor) -> torch.Tensor:
    return (theta**2).sum()


def bare_loop(
    objective: Callable[[torch.Tensor], torch.Tensor], step_size: float, max_iter: int, start: Any
) -> tuple[np.ndarray, np.ndarray]:
    """The lecture's loop as it was meant."""
    theta = start.clone().requires_grad_()
    thetas, values = [theta.detach().cpu().numpy().copy()], [objective(theta).item()]
    for _ in range(max_iter):
        objective(theta).backward()
        with torch.no_grad():
            theta -= step_size * theta.grad
        theta.grad.zero_()
        thetas.append(theta.detach().cpu().numpy().copy())
        values.append(objective(theta).item())
    return np.array(thetas), np.array(values)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("step_size", [0.05, 0.07, 0.15])
@pytest.mark.parametrize("start", [0.5, -3.5])
def test_the_same_floats_as_a_bare_loop(
    step_size: float, start: float, dtype: torch.dtype, device: str
) -> None:
    path = gradient_descent(lecture, step_size, 100, start, dtype=dtype, device=device)
    theta = torch.tensor(start, dtype=dtype, device=device)
    thetas, values = bare_loop(lecture, step_size, 100, theta)
    np.testing.assert_array_equal(path.thetas, thetas, strict=True)
    np.testing.assert_array_equal(path.objectives, values.astype(thetas.dtype), strict=True)


def test_many_dimensions_have_the_same_floats_too(device: str) -> None:
    matrix = torch.tensor([[2.0, 0.3], [0.3, 1.0]], device=device)
    start = torch.tensor([[1.0, -2.0], [0.5, 3.0]], device=device)

    def saddle(theta: torch.Tensor) -> torch.Tensor:
        return (theta @ matrix @ theta.T).trace() + torch.sin(theta).sum()

    path = gradient_descent(saddle, 0.1, 30, start)
    thetas, values = bare_loop(saddle, 0.1, 30, start)
    assert path.thetas.shape == (31, 2, 2) and path.objectives.shape == (31,)
    np.testing.assert_array_equal(path.thetas, thetas)
    np.testing.assert_array_equal(path.objectives, values.astype(np.float32))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("step_size", [0.05, 0.07, 0.15])
def test_from_a_half_every_step_size_rests_in_the_same_minimum(
    step_size: float, dtype: torch.dtype
) -> None:
    """Row L15 as printed: none of the three escapes. Any dtype shows it: the descent converges."""
    thetas, values = gradient_descent(lecture, step_size, 100, 0.5, dtype=dtype)
    assert f"{thetas[-1]:.4f} {values[-1]:.4f}" == "0.6838 0.7395"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("step_size", "end"), [(0.05, "-3.30 3.90"), (0.07, "-1.53 1.55"), (0.15, "0.11 0.32")]
)
def test_from_further_out_the_step_size_decides(
    step_size: float, end: str, dtype: torch.dtype
) -> None:
    """Row L15 mended. Both dtypes show it: after some wandering each path settles on a rhythm."""
    thetas, values = gradient_descent(lecture, step_size, 100, -3.5, dtype=dtype)
    assert f"{thetas[-1]:.2f} {values[-1]:.2f}" == end


def test_the_ends_of_the_lecture_to_four_digits() -> None:
    ends = [gradient_descent(lecture, step, 100, -3.5) for step in (0.05, 0.07, 0.15)]
    assert [f"{path.objectives[-1]:.4f}" for path in ends] == ["3.9046", "1.5503", "0.3236"]
    assert [f"{path.thetas[-1]:.4f}" for path in ends] == ["-3.2960", "-1.5292", "0.1115"]


def test_the_lectures_defaults_and_unpacking() -> None:
    thetas, objectives = gradient_descent(lambda theta: (theta - 1) ** 2)
    assert thetas.shape == objectives.shape == (101,)
    assert thetas[0] == 0 and thetas.dtype == objectives.dtype == np.float32
    assert thetas[1] == np.float32(0.1)


@pytest.mark.parametrize(
    ("init", "dtype", "expected"),
    [
        (3, None, np.float32),
        (3.0, None, np.float32),
        (np.float64(3), None, np.float32),
        (np.array(3.0), None, np.float64),
        (np.array([3, 4]), None, np.float32),
        ([3, 4.5], None, np.float32),
        (torch.tensor(3), None, np.float32),
        (torch.tensor(3.0, dtype=torch.float64), None, np.float64),
        (torch.tensor(3.0, dtype=torch.float64), torch.float32, np.float32),
        (3, torch.float16, np.float16),
        (3, torch.bfloat16, np.float32),
        (torch.nn.Parameter(torch.ones(2)), None, np.float32),
    ],
)
def test_starts_of_every_kind(init: Any, dtype: torch.dtype | None, expected: Any) -> None:
    path = gradient_descent(bowl, 0.25, 3, init, dtype=dtype)
    assert path.thetas.dtype == expected
    np.testing.assert_allclose(path.thetas[3], path.thetas[0] / 8, rtol=1e-2)


@pytest.mark.parametrize("init", [0.1, [0.1], np.float64(0.1), np.array(0.1)])
def test_a_start_reaches_float64_unrounded(init: Any) -> None:
    path = gradient_descent(bowl, max_iter=0, init=init, dtype=torch.float64)
    assert path.thetas.ravel().tolist() == [0.1]


def test_no_iteration_is_the_start_alone() -> None:
    path = gradient_descent(bowl, max_iter=0, init=[1.0, 2.0])
    assert path.thetas.tolist() == [[1.0, 2.0]] and path.objectives.tolist() == [5.0]


OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "SGD": torch.optim.SGD,
    "Adam": torch.optim.Adam,
    "RMSprop": torch.optim.RMSprop,
    "momentum": lambda params: torch.optim.SGD(params, lr=0.02, momentum=0.9),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_takes_the_steps_it_takes_in_a_bare_loop(name: str, device: str) -> None:
    make = OPTIMIZERS[name]
    path = gradient_descent(lecture, 0.05, 50, -3.5, optimizer=make, device=device)
    theta = torch.tensor(-3.5, device=device, requires_grad=True)
    optimizer = make([theta], lr=0.05) if isinstance(make, type) else make([theta])
    for iteration in range(51):
        assert path.thetas[iteration] == theta.item()
        optimizer.zero_grad()
        value = lecture(theta)
        assert path.objectives[iteration] == value.item()
        value.backward()
        optimizer.step()


def test_plain_sgd_is_the_plain_walk() -> None:
    plain = gradient_descent(lecture, 0.07, 60, -3.5, dtype=torch.float64)
    sgd = gradient_descent(lecture, 0.07, 60, -3.5, dtype=torch.float64, optimizer=torch.optim.SGD)
    np.testing.assert_allclose(plain.thetas, sgd.thetas, rtol=1e-12)


def test_an_optimizer_that_looks_at_several_points_gets_its_closure() -> None:
    def rosenbrock(theta: torch.Tensor) -> torch.Tensor:
        return (1 - theta[0]) ** 2 + 100 * (theta[1] - theta[0] ** 2) ** 2

    path = gradient_descent(
        rosenbrock, 1, 20, [-1.0, 1.5], optimizer=torch.optim.LBFGS, dtype=torch.float64
    )
    np.testing.assert_allclose(path.thetas[-1], [1, 1], atol=1e-5)
    for theta, value in zip(path.thetas, path.objectives, strict=True):
        assert value == rosenbrock(torch.tensor(theta)).item()


def test_nothing_of_the_callers_is_touched() -> None:
    start = torch.tensor([1.0, 2.0], requires_grad=True)
    start.grad = torch.tensor([7.0, 7.0])
    weight = torch.tensor(2.0, requires_grad=True)
    for optimizer in (None, torch.optim.Adam):
        gradient_descent(
            lambda theta: (weight * theta**2).sum(), 0.1, 5, start, optimizer=optimizer
        )
    assert start.tolist() == [1.0, 2.0] and start.requires_grad and start.is_leaf
    assert start.grad.tolist() == [7.0, 7.0] and weight.grad is None
    assert not start._backward_hooks and torch.is_grad_enabled()


def test_it_descends_where_gradients_are_switched_off() -> None:
    expected = gradient_descent(lecture, 0.07, 20, -3.5)
    with torch.no_grad():
        np.testing.assert_array_equal(gradient_descent(lecture, 0.07, 20, -3.5)[0], expected[0])
        assert not torch.is_grad_enabled()
    with torch.inference_mode():
        start = torch.tensor(-3.5)
        np.testing.assert_array_equal(gradient_descent(lecture, 0.07, 20, start)[0], expected[0])
        assert torch.is_inference_mode_enabled()


def test_a_number_starts_on_torchs_default_device_and_dtype(device: str) -> None:
    seen = []

    def look(theta: torch.Tensor) -> torch.Tensor:
        seen.append((theta.device.type, theta.dtype))
        return theta**2

    try:
        torch.set_default_device(device)
        torch.set_default_dtype(torch.float64)
        gradient_descent(look, 0.1, 1, 2)
    finally:
        torch.set_default_device(None)
        torch.set_default_dtype(torch.float32)
    assert set(seen) == {(device, torch.float64)}


def test_a_diverging_path_names_its_iteration_and_keeps_what_was_finite() -> None:
    with pytest.raises(DivergedError, match="iteration 28") as error:
        gradient_descent(bowl, 3, 1000, 1)
    finite = error.value.path
    assert error.value.iteration == len(finite.thetas) == len(finite.objectives) == 28
    assert np.isfinite(finite.thetas).all() and np.isfinite(finite.objectives).all()
    np.testing.assert_allclose(finite.thetas, (-5.0) ** np.arange(28), rtol=1e-5)
    again = pickle.loads(pickle.dumps(error.value))
    assert again.iteration == 28 and str(again) == str(error.value)


def test_a_point_that_overflows_under_a_finite_value_diverges_too() -> None:
    def flat_but_steep(theta: torch.Tensor) -> torch.Tensor:
        return -(torch.tanh(theta * 1e30))

    with pytest.raises(DivergedError) as error:
        gradient_descent(flat_but_steep, 1e30, 3, 0)
    assert error.value.iteration == 1 and error.value.path.thetas.tolist() == [0.0]


def test_a_gradient_that_is_nan_diverges_at_the_next_iteration() -> None:
    with pytest.raises(DivergedError) as error:
        gradient_descent(lambda theta: theta.abs().sqrt(), 0.1, 10, 0)
    assert error.value.iteration == 1


def other() -> torch.Tensor:
    return torch.tensor(3.0, requires_grad=True)


def foreign_optimizer(_: Any) -> torch.optim.Optimizer:
    return torch.optim.SGD([other()], lr=0.1)


BAD: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "objective is no function": ({"objective": 3.0}, TypeError, "objective must be a function"),
    "a Python float": ({"objective": lambda t: 1.5}, TypeError, "math, NumPy, float"),
    "math": ({"objective": lambda t: math.cos(t.detach())}, TypeError, "torch functions"),
    "a vector": ({"objective": lambda t: t * torch.ones(3)}, ValueError, r"\(3,\).*\.sum\(\)"),
    "detached": ({"objective": lambda t: (t**2).detach()}, ValueError, "cut off.*detach"),
    "another's": ({"objective": lambda t: other() ** 2}, ValueError, "does not use theta"),
    "no_grad": ({"objective": torch.no_grad()(bowl)}, ValueError, r"torch\.no_grad"),
    "complex": ({"objective": lambda t: t * 1j}, TypeError, "floating-point"),
    "nan": ({"objective": lambda t: t * torch.nan}, ValueError, "finite at init.*nan"),
    "inf": ({"objective": lambda t: 1 / (t - 1)}, ValueError, "finite at init.*inf"),
    "init text": ({"init": "0.5"}, TypeError, "init must be a finite number.*'0.5'"),
    "init inf": ({"init": math.inf}, ValueError, "init must be.*inf"),
    "init nan inside": ({"init": torch.tensor([1.0, math.nan])}, ValueError, "init must be.*nan"),
    "init complex tensor": ({"init": torch.tensor(1j)}, TypeError, "init must be"),
    "init empty": ({"init": torch.empty(0)}, TypeError, "init must be"),
    "init ragged": ({"init": [[1.0], [1.0, 2.0]]}, TypeError, "init must be"),
    "step 0": ({"step_size": 0}, ValueError, "step_size must be.*above 0, but it is 0"),
    "iterations negative": ({"max_iter": -1}, ValueError, "max_iter must be.*-1"),
    "device absent": ({"device": "cuda:99"}, ValueError, "device must be one of 'cpu'.*cuda:99"),
    "dtype text": ({"dtype": "float32"}, TypeError, "dtype must be one of"),
    "optimizer text": ({"optimizer": "Adam"}, TypeError, "optimizer must be a class"),
    "optimizer made": (
        {"optimizer": torch.optim.SGD([torch.ones(1)], lr=1)},
        TypeError,
        "optimizer must be a class",
    ),
    "optimizer makes none": ({"optimizer": lambda p: None}, TypeError, "what it returned.*None"),
    "optimizer of others": (
        {"optimizer": foreign_optimizer},
        ValueError,
        "parameters it is called",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_in_words(case: str) -> None:
    changed, error, words = BAD[case]
    arguments: dict[str, Any] = {"objective": bowl, "init": 1.0, **changed}
    with pytest.raises(error, match=words) as caught:
        gradient_descent(**arguments)
    assert not isinstance(caught.value, DivergedError) and torch.is_grad_enabled()


def test_an_objective_that_is_cut_off_later_is_refused_then() -> None:
    def cliff(theta: torch.Tensor) -> torch.Tensor:
        return theta**2 if theta > 0.5 else torch.tensor(0.25)

    with pytest.raises(ValueError, match="cut off"):
        gradient_descent(cliff, 0.1, 100, 1)


def test_an_error_of_the_objective_itself_passes_through() -> None:
    def broken(theta: torch.Tensor) -> torch.Tensor:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        gradient_descent(broken)


numbers = st.floats(-3, 3, width=32)


@settings(deadline=None, max_examples=60)
@given(
    coefficients=st.lists(numbers, min_size=2, max_size=5),
    start=numbers,
    step_size=st.floats(1e-4, 2.0),
    max_iter=st.integers(0, 25),
)
def test_any_polynomial_goes_the_way_of_a_bare_loop(
    coefficients: list[float], start: float, step_size: float, max_iter: int
) -> None:
    def polynomial(theta: torch.Tensor) -> torch.Tensor:
        total = 0 * theta
        for coefficient in coefficients:
            total = total * theta + coefficient
        return total

    expected, values = bare_loop(polynomial, step_size, max_iter, torch.tensor(start))
    finite = np.isfinite(expected) & np.isfinite(values)
    try:
        path, length = gradient_descent(polynomial, step_size, max_iter, start), max_iter + 1
        assert finite.all()
    except DivergedError as error:
        path, length = error.path, error.iteration
        assert length == np.argmin(finite) and not finite.all()
    np.testing.assert_array_equal(path.thetas, expected[:length])
    np.testing.assert_array_equal(path.objectives, values[:length].astype(np.float32))


anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.complex_numbers(),
    st.text(max_size=5),
    st.lists(st.one_of(st.floats(), st.integers(-5, 5), st.text(max_size=2)), max_size=3),
)


@settings(deadline=None, max_examples=200)
@given(init=anything, step_size=anything, max_iter=st.one_of(anything, st.integers(0, 5)))
def test_any_argument_gives_a_finite_path_or_an_error_in_words(
    init: Any, step_size: Any, max_iter: Any
) -> None:
    if isinstance(max_iter, (int, float)) and max_iter > 50:
        max_iter = 50
    try:
        path = gradient_descent(lambda t: torch.tanh(t).sum(), step_size, max_iter, init)
    except DivergedError as error:
        path = error.path
        assert len(path.thetas) == error.iteration
    except (TypeError, ValueError) as error:
        assert "must be" in str(error), error
        return
    assert isinstance(path, Descent)
    assert np.isfinite(path.thetas).all() and np.isfinite(path.objectives).all()
