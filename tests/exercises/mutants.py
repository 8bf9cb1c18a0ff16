"""Small changes of right answers, such as a slip makes: an operator, a number, a line, an order."""

from __future__ import annotations

import ast
import copy
import importlib
import inspect
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import answers

SWAPS: dict[type[ast.AST], list[type[ast.AST]]] = {
    ast.Add: [ast.Sub],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Div, ast.Add],
    ast.Div: [ast.Mult],
    ast.FloorDiv: [ast.Div],
    ast.Pow: [ast.Mult],
    ast.MatMult: [ast.Mult],
    ast.Lt: [ast.LtE, ast.GtE],
    ast.Gt: [ast.GtE, ast.LtE],
    ast.LtE: [ast.Lt],
    ast.GtE: [ast.Gt],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
    ast.And: [ast.Or],
    ast.Or: [ast.And],
}
PAIRS = [("sin", "cos"), ("sum", "mean"), ("zeros_like", "ones_like"), ("float32", "float64")]
NAMES = {a: b for a, b in PAIRS} | {b: a for a, b in PAIRS}
NAMES |= {"tanh": "sigmoid", "relu": "tanh", "ReLU": "Tanh", "min": "max", "outer": "mul"}
NAMES |= {"append": "count", "grad": "data"}
# what is no part of an answer: a test's seed, and how much of a training is enough
SKIPPED_CALLS = {"manual_seed"}


class Mutant(NamedTuple):
    """A changed answer: what was changed, and the answer, made when it is asked for."""

    exercise: str
    number: int
    change: str
    make: Callable[[], Any]


class Answer(NamedTuple):
    """A right answer as source: the expression in RIGHT and the definitions that it uses."""

    exercise: str
    number: int
    code: ast.Module
    names: dict[str, Any]

    def made(self, code: ast.Module | None = None) -> Any:
        """What the source gives; training is run where the answer is a maker."""
        names = dict(self.names)
        exec(compile(code or self.code, "<an answer>", "exec"), names)
        answer = names["_answer"]
        return answer() if getattr(answer, "is_maker", False) else answer


def right_answers() -> Iterator[Answer]:
    """All of RIGHT, in the order of the modules."""
    for chapter in answers.CHAPTERS:
        module = importlib.import_module(f"answers.{chapter}")
        tree = ast.parse(inspect.getsource(module))
        definitions = {
            node.name: node
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.ClassDef)
        }
        table = next(
            node.value
            for node in tree.body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "RIGHT"
        )
        assert isinstance(table, ast.Dict)
        for key, row in zip(table.keys, table.values, strict=True):
            assert isinstance(key, ast.Constant) and isinstance(row, ast.List)
            for number, expression in enumerate(row.elts):
                code = _whole(expression, definitions)
                yield Answer(str(key.value), number, code, vars(module))


def _whole(expression: ast.expr, definitions: dict[str, Any]) -> ast.Module:
    """The expression, and before it the definitions that it needs, as one module."""
    needed: list[str] = []
    waiting: list[ast.AST] = [expression]
    while waiting:
        for node in ast.walk(waiting.pop()):
            if isinstance(node, ast.Name) and node.id in definitions and node.id not in needed:
                needed.append(node.id)
                waiting.append(definitions[node.id])
    target = ast.Name("_answer", ast.Store())
    body = [node for name, node in definitions.items() if name in needed]
    return ast.fix_missing_locations(ast.Module([*body, ast.Assign([target], expression)], []))


def mutants(answer: Answer) -> Iterator[Mutant]:
    """The answer with one thing changed, each change once."""
    seen = {ast.unparse(answer.code)}
    for place, node in enumerate(ast.walk(answer.code)):
        for way in range(len(list(_edits(node)))):
            code = copy.deepcopy(answer.code)
            changed = next(n for k, n in enumerate(ast.walk(code)) if k == place)
            before = _line(changed)
            list(_edits(changed))[way]()
            text = ast.unparse(ast.fix_missing_locations(code))
            if text not in seen:
                seen.add(text)
                change = f"{before}  →  {_line(changed)}"
                yield Mutant(
                    answer.exercise, answer.number, change, lambda code=code: answer.made(code)
                )


def _line(node: ast.AST) -> str:
    try:
        return " ".join(ast.unparse(node).split())[:150]
    except Exception:  # an operator alone has no source
        return type(node).__name__


def _edits(node: ast.AST) -> Iterator[Callable[[], None]]:
    """What can be changed in a node, in place."""
    if isinstance(node, ast.BinOp | ast.AugAssign):
        for other in SWAPS.get(type(node.op), []):
            yield lambda other=other: setattr(node, "op", other())
    if isinstance(node, ast.BinOp):
        yield lambda: _become(node, node.left)
        yield lambda: _become(node, node.right)
    elif isinstance(node, ast.AugAssign):
        yield lambda: _become(node, ast.Assign([node.target], node.value))
    elif isinstance(node, ast.Compare):
        for other in SWAPS.get(type(node.ops[0]), []):
            yield lambda other=other: setattr(node, "ops", [other(), *node.ops[1:]])
    elif isinstance(node, ast.BoolOp):
        yield lambda: setattr(node, "op", SWAPS[type(node.op)][0]())
    elif isinstance(node, ast.UnaryOp):
        yield lambda: _become(node, node.operand)
    elif isinstance(node, ast.If | ast.IfExp):
        yield lambda: setattr(node, "test", ast.UnaryOp(ast.Not(), node.test))
    elif isinstance(node, ast.Constant):
        yield from _constants(node)
    elif isinstance(node, ast.Call):
        yield from _calls(node)
    elif isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield lambda: setattr(node, "attr", NAMES[node.attr])
    elif isinstance(node, ast.Slice):
        for end in ("lower", "upper"):
            if getattr(node, end) is not None:
                yield lambda end=end: setattr(node, end, None)
    elif isinstance(node, ast.Tuple | ast.List | ast.Set) and len(node.elts) > 1:
        yield lambda: setattr(node, "elts", [node.elts[1], node.elts[0], *node.elts[2:]])
        yield lambda: setattr(node, "elts", node.elts[:-1])
    if isinstance(node, ast.Module):
        return
    for field in ("body", "orelse"):
        if isinstance(lines := getattr(node, field, None), list):
            yield from _lines(lines)


def _become(node: ast.AST, other: ast.AST) -> None:
    node.__class__ = other.__class__  # type: ignore[assignment]
    node.__dict__ = dict(other.__dict__)


def _constants(node: ast.Constant) -> Iterator[Callable[[], None]]:
    value = node.value
    if isinstance(value, bool):
        yield lambda: setattr(node, "value", not value)
    elif isinstance(value, int):
        yield lambda: setattr(node, "value", value + 1)
        yield lambda: setattr(node, "value", value - 1)
    elif isinstance(value, float):
        yield lambda: setattr(node, "value", 2 * value)
        yield lambda: setattr(node, "value", -value)


def _calls(node: ast.Call) -> Iterator[Callable[[], None]]:
    if isinstance(node.func, ast.Attribute) and node.func.attr in SKIPPED_CALLS:
        return
    if node.args and not isinstance(node.args[0], ast.Starred):
        yield lambda: _become(node, node.args[0])
    if isinstance(node.func, ast.Attribute):
        yield lambda: _become(node, node.func.value)  # type: ignore[attr-defined]
    if len(node.args) > 1:
        yield lambda: setattr(node, "args", [node.args[1], node.args[0], *node.args[2:]])
    for place in range(len(node.keywords)):
        yield lambda place=place: node.keywords.pop(place)  # type: ignore[misc]


def _lines(lines: list[ast.stmt]) -> Iterator[Callable[[], None]]:
    for place, line in enumerate(lines):
        yield lambda place=place: lines.__setitem__(place, ast.Pass())
        if place + 1 < len(lines):
            yield lambda place=place: lines.__setitem__(
                slice(place, place + 2), [lines[place + 1], lines[place]]
            )
        if isinstance(line, ast.With):
            yield lambda place=place, line=line: lines.__setitem__(
                slice(place, place + 1), line.body
            )
