"""An error that a page expects: shown like the last line of a traceback, and held to its text."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from .._arguments import refuse


@contextmanager
def expect_error(
    kind: type[Exception], message: str, *, needs_cuda: bool = False
) -> Iterator[None]:
    """Run a block that must fail; print its error, or say that it no longer reads so.

    A warning counts as an error when `kind` is a Warning class; other warnings of the block are not
    shown. Only the first line of a message is printed, up to torch's note on where in its sources
    it was triggered.

    Args:
        kind: the exception's or warning's exact class.
        message: a part of the message; with `needs_cuda`, the whole of it.
        needs_cuda: the block uses a CUDA device. Where there is none, the block's failure to find
            one is set aside and `message` is printed as it was recorded on a GPU.

    Raises:
        TypeError: `kind` is no exception class, or `message` no text.
        AssertionError: the block did not fail, or with another type or message.

    Example:
        >>> with expect_error(RuntimeError, "only for scalar outputs"):
        ...     (torch.ones(3, requires_grad=True) * 2).backward()
        RuntimeError: grad can be implicitly created only for scalar outputs
    """
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        refuse("kind", kind, "an exception class", TypeError)
    if not isinstance(message, str) or not message:
        refuse("message", message, "a part of the expected message", TypeError)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they carry paths of the machine that runs the block
            if issubclass(kind, Warning):
                warnings.simplefilter("error", kind)
            yield
    except Exception as error:
        if needs_cuda and not torch.cuda.is_available() and _NO_CUDA.search(str(error)):
            print(f"{kind.__name__}: {message}")
            return
        _hold(error, kind, message)
        print(f"{type(error).__name__}: {_readable(error)}")
    else:
        raise AssertionError(f"expected {kind.__name__} ({message!r}), but the block ran through")


# "Torch not compiled with CUDA enabled", "Found no NVIDIA driver", "No CUDA GPUs are available", …
_NO_CUDA = re.compile("CUDA|NVIDIA|accelerator")


def _hold(error: Exception, kind: type[Exception], message: str) -> None:
    """Fail, with the error found as the cause, unless it is the one that was expected."""
    if type(error) is not kind or message not in str(error):
        raise AssertionError(
            f"expected {kind.__name__} ({message!r}), "
            f"but the block raised {type(error).__name__} ({str(error)!r})"
        ) from error


def _readable(error: Exception) -> str:
    """The message's first line, without the path of the build that raised it."""
    return str(error).split("\n")[0].split(" (Triggered internally")[0]
