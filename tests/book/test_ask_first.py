"""A question comes before its answer: nothing above it on its page says the right option."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lecture_pkg.exercises.questions import Question, load

BOOK = Path(__file__).parents[2] / "book"
CALL = re.compile(r'^predict\("([a-z0-9-]+)"\)$', re.MULTILINE)
# words that say nothing of their own
COMMON = set(
    re.findall(
        r"\S+",
        """a an and are as at be because both but by can do does for from had has have if in is it
        its more no not of on one only or same so than that the their them then there they this to
        two was what when which will with you your x y 0 1 0.0 1.0""",
    )
)


def asked() -> Iterator[tuple[str, Path, list[str]]]:
    """Each question's id, its page, and the blocks of text that stand above it there."""
    for path in sorted(BOOK.glob("*.ipynb")):
        above: list[str] = []
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            source = "".join(cell["source"])
            if cell["cell_type"] == "markdown":
                above += re.split(r"\n\s*\n|\n(?=[-|#\d])", source)
                continue
            if "remove-cell" in cell["metadata"].get("tags", []):
                continue
            if found := CALL.search(source):
                yield found[1], path, list(above)
                continue
            above += [line for line in source.splitlines() if "#" in line]
            above += ["".join(out.get("text", "")) for out in cell["outputs"]]


def words(text: str) -> set[str]:
    """The words and numbers of a text, endings cut off."""
    found = re.findall(r"[a-zα-ω_]+|−?\d+(?:\.\d+)?", text.lower())
    return {re.sub(r"(?<=[a-z]{3})(es|s|ed|ing)$", "", word) for word in found} - COMMON


def right_words(question: Question) -> tuple[set[str], set[str]]:
    """What the right option says beyond the question, and what its feedback does."""
    (right,) = (choice for choice in question.choices if choice.right)
    known = words(question.text)
    wrong = (words(choice.text) for choice in question.choices if not choice.right)
    own = words(right.text) - known
    only = own - set.union(*wrong)  # what no other option says
    return only if len(only) > 1 else own, words(right.feedback) - known


def gives_away(question: Question, above: list[str]) -> list[str]:
    """Blocks that say all of the right option, or most of its feedback; of headings, half."""
    option, feedback = right_words(question)
    found = []
    for block in above:
        said = words(block)
        share = 1 / 2 if block.lstrip().startswith("#") else 1
        says_option = len(option) > 1 and len(option & said) >= share * len(option)
        says_why = len(feedback) > 3 and len(feedback & said) >= 3 / 4 * share * len(feedback)
        if says_option or says_why:
            found.append(block)
    return found


PLACES = list(asked())


@pytest.mark.parametrize(("name", "path", "above"), PLACES, ids=[name for name, *_ in PLACES])
def test_nothing_above_a_question_answers_it(name: str, path: Path, above: list[str]) -> None:
    assert gives_away(load()[name], above) == []


def test_a_page_that_tells_is_found() -> None:
    question = load()["bridge-dtypes"]
    (right,) = (choice.text for choice in question.choices if choice.right)
    assert gives_away(question, ["Nothing of it.", right]) == [right]
