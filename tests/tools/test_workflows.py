"""The workflows call what a person can type, pin what they take from others, and may do little."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.notebooks import ROOT

PATHS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def workflow(request: pytest.FixtureRequest) -> dict[str, Any]:
    path: Path = request.param
    return dict(yaml.safe_load(path.read_text("utf-8")))


def steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def test_the_four_workflows_are_there() -> None:
    assert [path.stem for path in PATHS] == ["ci", "cuda", "pages", "weekly"]


def commands(job: dict[str, Any]) -> list[str]:
    return [step["run"] for step in job["steps"] if "run" in step]


def test_commands_can_be_typed(workflow: dict[str, Any]) -> None:
    for job in workflow["jobs"].values():
        # only in a container is it ours to say what the machine has
        others = r"apt-get|git" if "container" in job else r"python|\.venv/bin/pip"
        for command in commands(job):
            program, *arguments = command.split()
            if program == "make":
                assert set(arguments) <= TARGETS, command
            else:
                assert re.fullmatch(others, program), command
            assert not re.search(r"\$\{|[;&|\n]", command), command


def test_a_bare_machine_types_the_readmes_two_commands() -> None:
    """In a Debian that has what the README asks for, and certificates; nobody adds a Python."""
    ci = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))
    job = ci["jobs"]["bare"]
    readme = (ROOT / "README.md").read_text("utf-8")
    typed = re.findall(r"^\$ (make \w+) +#", readme.split("```")[1], re.MULTILINE)
    assert commands(job)[-2:] == typed == ["make book", "make test"]
    (installed,) = [command for command in commands(job) if " install " in command]
    packages = {word for word in installed.split()[2:] if not word.startswith("--")}
    assert packages == {"ca-certificates", "git", "make", "python3", "python3-venv"}
    assert [step["uses"].split("@")[0] for step in job["steps"] if "uses" in step] == [
        "actions/checkout"
    ]
    assert re.fullmatch(r"debian:\w+-slim", job["container"])


def test_the_packages_own_tests_are_where_ci_looks_for_them() -> None:
    ci = (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    command = 'python -m pytest -m "not book" '
    (named,) = re.findall(f"run: {re.escape(command)}(.+)", ci)
    assert [place for place in named.split() if not (ROOT / place).is_dir()] == []


def test_actions_are_pinned_by_commit(workflow: dict[str, Any]) -> None:
    used = [step["uses"] for step in steps(workflow) if "uses" in step]
    assert [name for name in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", name)] == []


def test_only_the_site_may_be_written(workflow: dict[str, Any]) -> None:
    assert workflow["permissions"] == {"contents": "read"}
    granted = {name: job.get("permissions") for name, job in workflow["jobs"].items()}
    given = {name: rights for name, rights in granted.items() if rights}
    assert given in ({}, {"deploy": {"pages": "write", "id-token": "write"}})


def test_every_python_that_is_promised_is_tried() -> None:
    ci = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))
    tried = ci["jobs"]["book"]["strategy"]["matrix"]["python"]
    assert tried == ["3.10", "3.11", "3.12", "3.13"]
