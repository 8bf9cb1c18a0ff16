"""Do the other sites that the pages point to still answer? Sphinx's linkcheck asks each of them.

A site that answers but turns programs away (401, 403), or is busy (503), counts as there.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tools.build import place, run_sphinx
from tools.notebooks import ROOT, BookError

_ANSWERS = ("working", "redirected")


def check(root: Path = ROOT) -> str:
    """Ask every address on the pages of the built book under `root`; returns the outcome in words.

    BookError names those that do not answer, and where they stand.
    """
    output = root / "_build" / "links"
    said = run_sphinx(
        root,
        "linkcheck",
        output,
        linkcheck_allow_unauthorized=True,
        linkcheck_anchors=False,  # many pages make theirs only when they are looked at
        linkcheck_rate_limit_timeout=60,
        linkcheck_retries=3,
        linkcheck_timeout=20,
    )
    results = output / "output.json"
    if not results.exists():
        raise BookError(said)
    links = [json.loads(line) for line in results.read_text("utf-8").splitlines()]
    asked = [link for link in links if link["status"] != "unchecked"]  # within the book
    if not asked:
        raise BookError("No links to other sites were found.")
    faults = [
        f"{place(root, link['filename'], link['lineno'])}: {link['uri']} does not answer "
        f"({link['info']}). Correct or remove the link."
        for link in asked
        if link["status"] not in (*_ANSWERS, "ignored") and not _turned_away(link["info"])
    ]
    if faults:
        raise BookError("\n".join(sorted(faults)))
    answering = sum(link["status"] in _ANSWERS for link in asked)
    others = "; the others turn programs away today" if answering < len(asked) else ""
    return f"{answering} of {len(asked)} addresses answer{others}."


def _turned_away(info: str) -> bool:
    return info.startswith("403 ")


if __name__ == "__main__":
    try:
        print(check(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT))
    except BookError as problem:
        sys.exit(str(problem))
