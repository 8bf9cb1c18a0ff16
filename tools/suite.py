"""Print the PDF and run the tests; where no browser is, all that need none, and then fail.

What is given on the command line goes to pytest.
"""

from __future__ import annotations

import os
import subprocess
import sys

from tools import chromium, pdf
from tools.notebooks import BookError


def main(arguments: list[str]) -> int | str:
    """pytest's status, or what to say at the end instead."""
    try:
        path = chromium.find()
        os.environ["CHROMIUM"] = path  # found once for all of pytest's processes
        pdf.make()
    except chromium.MissingBrowser as missing:
        failed = _pytest(*arguments, "-m", "not browser")
        return f"Without a browser: tests {'failed' if failed else 'passed'}. {missing}"
    except (BookError, ValueError) as error:
        return str(error)
    return _pytest(*arguments)


def _pytest(*arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *arguments]).returncode


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
