"""The patterns of the package take time that grows as the length of what they read does.

Each pattern that is searched for in a whole text is tried on each of the pieces, repeated.
Times are compared with each other, never with a clock: four times the text may take at most nine
times as long, where quadratic searching takes 16 times as long.
"""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import policylint

pytestmark = pytest.mark.heavy

PACKAGE = Path(policylint.__file__).parent
SEARCHING = {"search", "finditer", "findall", "sub", "subn", "split"}
SHORT, FACTOR, ALLOWED = 1500, 4, 9
QUICK = 0.02
"""Seconds of the longer text below which a ratio says nothing."""
PIECES = (*"a1 \t\n\"'{}[]()<>=:-_/.,;#$&|+*@\\`", "a ", "a.", ".a", "a-", " \n", "a=", "a,", "{{ ")
BOUNDED = (
    # the selectors of a kustomization's patches, whose length is checked first
    r",(?![^(]*\))",
    # the parts of a duration that was matched as a whole
    r"([0-9]+)(ms|[smhdwy])",
    r"(\d+(?:\.\d+)?)(ms|h|m|s)",
    r"([\d.]+)(ms|[smhdwy])",
    # templates of which what stands behind the last action was cut off (`goactions.closed`)
    r"\{\{(?!-?\s*/\*)(.*?)\}\}",
    r"\{\{.*?\}\}",
    r"\{\{-?\s*(?!/\*)(.*?)",
    # numbers of their own: at most so many characters are looked at from one place
    r"(?i)(?:(?<!\w)|(?<=%26)|(?<=%3f))(?P<key>[a-z_][\w.-]{0,100})",
    "\n      \\{\\{-?\\s*/\\*.{0,20000}?",
    # paths, which the system bounds
    r"(?:^|/)(?:\.(?:github|gitea|forgejo)/workflows",
    r"(?:^|/)(?:GNUmakefile|[Mm]akefile",
)
"""How those begin that are for texts which cannot be long."""
COMPILING = {("re", "compile"), ("", "pattern")}


def patterns(file: Path) -> Iterator[str | bytes]:
    """The plain patterns of a module that it searches for in texts."""
    tree = ast.parse(file.read_text("utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    used = {called(call) for call in calls}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            names = {(ast.unparse(node.targets[0]), method) for method in SEARCHING}
            if called(node.value) in COMPILING and names & used:
                yield from written(node.value)
    for call in calls:
        if called(call) in {("re", method) for method in SEARCHING}:
            yield from written(call)


def called(call: ast.Call) -> tuple[str, str]:
    """What is called: (a name, its method), ("", a function)."""
    if isinstance(call.func, ast.Attribute):
        return ast.unparse(call.func.value), call.func.attr
    return "", ast.unparse(call.func)


def written(call: ast.Call) -> Iterator[str | bytes]:
    if call.args and isinstance(call.args[0], ast.Constant):
        yield call.args[0].value


def seconds(pattern: re.Pattern[str], text: str) -> float:
    """The least of three searches."""
    taken = []
    for _ in range(3):
        begun = time.process_time()
        for _ in pattern.finditer(text):
            pass
        taken.append(time.process_time() - begun)
        if taken[-1] < QUICK / FACTOR:
            break
    return min(taken)


def is_quadratic(pattern: re.Pattern[str], piece: str) -> bool:
    short, long = (piece * (length // len(piece)) + "\0" for length in (SHORT, SHORT * FACTOR))
    if seconds(pattern, short) < QUICK / FACTOR / ALLOWED:
        return False
    longer = seconds(pattern, long)
    return longer > QUICK and longer / seconds(pattern, short) > ALLOWED


SEARCHED = [file for file in sorted(PACKAGE.rglob("*.py")) if any(patterns(file))]


@pytest.mark.parametrize("file", SEARCHED, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_searching_grows_with_the_text(file: Path) -> None:
    for plain in patterns(file):
        text = plain.decode("latin-1") if isinstance(plain, bytes) else plain
        pattern = re.compile(text, re.M)
        slow = [piece for piece in PIECES if is_quadratic(pattern, piece)]
        assert not slow or text.startswith(BOUNDED), text
