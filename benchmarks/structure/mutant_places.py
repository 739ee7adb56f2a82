"""The places of a module that can be changed, and the changed text of each."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.provider import OperatorProvider

_COMPARED = ("Eq", "NotEq", "Lt", "LtE", "Gt", "GtE")
_ORDERED = _COMPARED[2:]
_SUMS = ("Add", "Sub", "Mul", "Div", "FloorDiv", "Mod", "Pow")
OPERATORS = (
    *(f"ReplaceComparisonOperator_{one}_{two}" for one in _ORDERED for two in _COMPARED if one != two),
    "ReplaceComparisonOperator_Eq_NotEq",
    "ReplaceComparisonOperator_NotEq_Eq",
    "ReplaceComparisonOperator_Is_IsNot",
    "ReplaceComparisonOperator_IsNot_Is",
    *(f"ReplaceBinaryOperator_{one}_{two}" for one in _SUMS for two in _SUMS if one != two),
    "ReplaceUnaryOperator_USub_UAdd",
    "ReplaceUnaryOperator_Delete_USub",
    "ReplaceUnaryOperator_Delete_Not",
    "AddNot",
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
    "ExceptionReplacer",
    "ZeroIterationForLoop",
    "NumberReplacer",
)
"""Cosmic Ray's operators without those that break types (bits of floats) or order names."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One changed place."""

    file: str
    operator: str
    occurrence: int
    line: int
    before: str
    after: str


def drawn(root: Path, room: str, seed: int) -> Iterator[tuple[Mutant, str]]:
    """All mutants of a room in a random order, each with its module's text."""
    places = [(path, *place) for path in sorted((root / room).rglob("*.py")) for place in _places(path)]
    random.Random(seed).shuffle(places)
    for path, operator, occurrence in places:
        source = path.read_text(encoding="utf-8")
        try:
            changed = mutate_code(source, OperatorProvider()[operator](), occurrence)
        except AttributeError:  # Cosmic Ray cannot replace an exception whose name has a dot
            continue
        if changed is None or _meaning(changed) in (None, _meaning(source)):
            continue
        line, before, after = _difference(source, changed)
        if before.startswith("@dataclass(") or (operator == "NumberReplacer" and line in _constant_lines(source)):
            continue
        yield Mutant(str(path.relative_to(root)), operator, occurrence, line, before, after), changed


def statement_lines(source: str, line: int) -> range:
    """The lines of the smallest statement around `line`; of a compound one its head."""
    found = range(line, line + 1)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno):
            body = getattr(node, "body", None)
            end = body[0].lineno if body else (node.end_lineno or node.lineno) + 1
            if line < end:
                found = range(node.lineno, end)
    return found


def _places(path: Path) -> list[tuple[str, int]]:
    """Operator and occurrence of each place of a module."""
    nodes, provider = list(ast_nodes(get_ast(path.read_text(encoding="utf-8")))), OperatorProvider()
    found: list[tuple[str, int]] = []
    for name in OPERATORS:
        operator = provider[name]()
        count = sum(len(list(operator.mutation_positions(node))) for node in nodes)
        found += [(name, occurrence) for occurrence in range(count)]
    return found


def _constant_lines(source: str) -> set[int]:
    """The lines of the values that a module gives names to."""
    named = [node for node in ast.parse(source).body if isinstance(node, ast.Assign | ast.AnnAssign)]
    return {line for node in named for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}


class _Plain(ast.NodeTransformer):
    """Takes off what no run reads: annotations and texts that stand alone."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.returns = None
        self.generic_visit(node)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AnnAssign:
        node.annotation = ast.Constant(None)
        self.generic_visit(node)
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        return None if isinstance(node.value, ast.Constant) else node


def _meaning(source: str) -> str | None:
    """The program without annotations; None where it is none."""
    try:
        return ast.dump(_Plain().visit(ast.parse(source)))
    except SyntaxError:
        return None


def _difference(source: str, changed: str) -> tuple[int, str, str]:
    pairs = enumerate(zip(source.splitlines(), changed.splitlines(), strict=False), 1)
    return next(((line, one.strip(), two.strip()) for line, (one, two) in pairs if one != two), (0, "", ""))
