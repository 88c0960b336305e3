"""Literal calls in Python programs: the name, the first argument and the options, with places."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from policylint.scan.texts.hclfunctions import UNDECIDED
from policylint.scan.texts.literals import SHOWN, Call, Literal, Wanted
from policylint.scan.texts.source import Place


def python_calls(text: str, wanted: Wanted, position: int = 1) -> Iterator[Call]:
    """The calls of a Python program, keyword arguments and those of an `...Args(...)` argument as
    options.

    Raises SyntaxError (or ValueError) for a text that is no Python.
    """
    tree = ast.parse(text)
    constants = dict(_constants(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = _dotted(node.func)
            if name and wanted(name):
                if node.args:
                    first = _python(node.args[0], constants)
                else:
                    first = None
                options, spread = _keywords(node, constants, position)
                yield Call(name, _place(node), first, options, spread)


def _constants(tree: ast.Module) -> Iterator[tuple[str, Any]]:
    """The names that the module gives a literal."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            names = (target.id for target in node.targets if isinstance(target, ast.Name))
            yield from ((name, node.value.value) for name in names)


def _place(node: ast.expr | ast.keyword) -> Place:
    return Place(
        node.lineno, node.col_offset + 1, node.end_lineno or 0, (node.end_col_offset or 0) + 1
    )


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        if before:
            return f"{before}.{node.attr}"
        return ""
    if isinstance(node, ast.Name):
        return node.id
    return ""


def _keywords(
    node: ast.Call, constants: Mapping[str, Any], position: int
) -> tuple[dict[str, Literal], bool]:
    options: dict[str, Literal] = {}
    spread = False
    inner = [argument for argument in node.args[1:] if isinstance(argument, ast.Call)]
    for call in (*inner, node):
        for keyword in call.keywords:
            if keyword.arg is None:
                spread = True
            else:
                value = _python(keyword.value, constants)
                text = ast.unparse(keyword.value)[:SHOWN]
                literal = Literal(value, _place(keyword), keyword.arg, text)
                options[_camel(keyword.arg)] = literal
    argument = node.args[position : position + 1]
    unread = bool(argument) and not isinstance(argument[0], ast.Call)
    return options, spread or unread


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def _python(node: ast.expr, constants: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return constants.get(node.id, UNDECIDED)
    if isinstance(node, (ast.List, ast.Tuple)):
        return [Literal(_python(item, constants), _place(item)) for item in node.elts]
    return UNDECIDED
