"""A chapter with an exercise and questions is added as CONTRIBUTING.md says: by adding files."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import lecture_pkg

ROOT = Path(__file__).parents[2]
PROGRAM = """
from lecture_pkg import check, predict
check.two_calls(lambda x: 4 * x)
check.two_calls(lambda x: 2 * x)
print(predict("second-call"))
print("twice: two_calls" in repr(check).splitlines())
"""


def test_a_new_chapter_is_found(tmp_path: Path) -> None:
    package = shutil.copytree(Path(lecture_pkg.__file__).parent, tmp_path / "lecture_pkg")
    recipe = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    (code,) = re.findall(r"(?s)```python\n(.*?)```", recipe)
    (package / "exercises" / "twice.py").write_text(code, "utf-8")
    form = (package / "exercises" / "questions.py").read_text("utf-8")
    (question,) = re.findall(r"(?ms)^    # second-call\n.*?\n\n(?=\S)", form)
    (package / "exercises" / "twice.md").write_text(re.sub("(?m)^    ", "", question), "utf-8")
    run = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", PROGRAM],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
    )
    shown = run.stdout.decode().splitlines()
    assert run.returncode == 0, run.stderr.decode()
    assert shown[:2] == ["✓ two_calls: right.", "✗ two_calls: not right yet."]
    assert "  hint:     backward() adds: the second call counts too." in shown
    assert "Answer: B. Why this is right." in shown and shown[-1] == "True"
