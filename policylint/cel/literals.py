"""Literals of an expression that can be seen to be wrong before it runs: patterns, times, templates
of format(), conversions.

Source: the validators of k8s.io/apiserver pkg/cel/environment (cel.ASTValidators) and the constant
folding of cel-go's program planner.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from policylint.cel.check import Checked
from policylint.cel.evaluate import Evaluation
from policylint.cel.formatting import ACCEPTS, clauses
from policylint.cel.regex import compiled
from policylint.cel.times import duration, timestamp
from policylint.cel.tree import Call, Literal, MakeList, Node, children
from policylint.cel.values import CelError, CelUnsupported

_CONVERSIONS = frozenset(
    ("bool", "bytes", "double", "duration", "int", "string", "timestamp", "uint")
)
_LITERAL_CHECKS: Mapping[str, Callable[[str], object]] = {
    "matches": compiled,
    "find": compiled,
    "findAll": compiled,
    "duration": duration,
    "timestamp": timestamp,
}

_TEMPLATES_SINCE = 31
"""The minor from which literal templates of format() are checked (1.30 does not, 1.34 does)."""


def bad_literals(node: Node, checked: Checked, minor: int) -> list[tuple[int, str]]:
    """Literals that can be seen to be wrong: patterns, times, templates of format()."""
    problems: list[tuple[int, str]] = []
    if isinstance(node, Call):
        if node.function == "format" and isinstance(node.target, Literal) and node.args:
            if minor >= _TEMPLATES_SINCE:
                problems += _bad_format(str(node.target.value), node.args[0], checked)
        elif node.function in _LITERAL_CHECKS and node.args:
            problems += _bad_argument(node)
    for child in children(node):
        problems += bad_literals(child, checked, minor)
    return problems


def _bad_argument(node: Call) -> list[tuple[int, str]]:
    last = node.args[-1 if node.target is None else 0]
    if not isinstance(last, Literal) or isinstance(last.value, bool):
        return []
    if not isinstance(last.value, str):
        if node.function == "duration":
            return [(last.id, f"invalid {node.function} argument")]
        return []
    try:
        _LITERAL_CHECKS[node.function](last.value)
    except CelError:
        return [(last.id, f"invalid {node.function} argument")]
    except CelUnsupported:
        return []
    return []


def _bad_format(template: str, args: Node, checked: Checked) -> list[tuple[int, str]]:
    if not isinstance(args, MakeList):
        return []
    try:
        verbs = list(clauses(template))
    except CelError as error:
        return [(args.id, str(error))]
    count = len(args.elements)
    if len(verbs) > count:
        return [(args.id, f"index {count} out of range")]
    if len(verbs) < count:
        text = f"too many arguments supplied to string.format (expected {len(verbs)}, got {count})"
        return [(args.id, text)]
    pairs = zip(verbs, args.elements, strict=True)
    wrong = [
        (item, checked.type(item))
        for verb, item in pairs
        if checked.type(item).kind not in ACCEPTS[verb]
    ]
    return [
        (item.id, f"error during formatting: the clause cannot be used on {kind}")
        for item, kind in wrong
    ]


def bad_constant(node: Node) -> str:
    """What a conversion of a literal fails with: the server tries these when it builds the
    program."""
    for child in children(node):
        problem = bad_constant(child)
        if problem:
            return problem
    converts = isinstance(node, Call) and node.function in _CONVERSIONS and node.target is None
    if not converts or not all(isinstance(item, Literal) for item in children(node)):
        return ""
    try:
        Evaluation({}).run(node)
    except CelError as error:
        return str(error)
    return ""
