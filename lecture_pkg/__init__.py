"""Learn automatic differentiation with PyTorch: the companion package of the book."""

from __future__ import annotations

import importlib
from typing import Any

# name -> module that defines it; nothing is imported before it is asked for (PEP 562)
_HOME: dict[str, str] = {
    "default_device": "devices",
    "record": "recording",
    "trace": "tracing",
    "record_backward": "stepping",
    "gradient_descent": "descent",
    "descend_grid": "grid",
    "find_minima": "minima",
    "show_graph": "draw",
    "show_dot": "draw",
    "plot_objective": "plots",
    "plot_path": "plots",
    "plot_paths": "grid_plots",
    "plot_losses": "plots",
    "plot_basins": "grid_plots",
    "visualize_results": "plots",
    "step_backward": "interactive.stepper",
    "explore_descent": "interactive.explorer",
    "basin_map": "interactive.basins",
    "compare_optimizers": "interactive.optimizers",
    "predict": "interactive.quiz",
    "check": "checks",
    "expect_error": "expected",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f".{_HOME[name]}", __name__)
    globals()[name] = value = getattr(module, name)
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]
