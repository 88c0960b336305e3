"""What no linter at hand counts: complexity, comprehensions and ternaries inside another, imports
inside functions, and names that say nothing. Tests, where they are named (`check_style.py tests`),
are held to the names alone.

Complexity is one more than the branches of a function: conditions (`and`, `or` and ternaries too),
loops, handlers, `with`, `assert`, and the comprehensions with their conditions, those of functions
defined inside included. Imports of our own inside functions stand only at a stage's door.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

MOST = 10
DOORS = ("commands", "pipeline", "__main__.py")
"""Where imports inside functions keep the start short: a stage's door, and that of the program."""
ROOT = Path(__file__).parent.parent
CODE = ("policylint", "rules", "scripts", "bench", "hatch_build.py")

BRANCHES = (
    ast.If,
    ast.IfExp,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.ExceptHandler,
    ast.With,
    ast.AsyncWith,
    ast.Assert,
    ast.match_case,
)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
FILLERS = frozenset(["each", "found", "given", "held", "it", "one", "other", "others", "said"])
"""Names that stand for anything: a thing is called by what it is (manifest, pointer, refusal)."""


def complexity(function: ast.AST) -> int:
    """One more than the branches of a function."""
    total = 1
    for node in ast.walk(function):
        if isinstance(node, BRANCHES):
            total += 1
        elif isinstance(node, ast.BoolOp):
            total += len(node.values) - 1
        elif isinstance(node, ast.comprehension):
            total += 1 + len(node.ifs)
    return total


def nested(comprehension: ast.AST) -> bool:
    """Whether a comprehension holds another one."""
    inner = (node for node in ast.walk(comprehension) if node is not comprehension)
    return any(isinstance(node, COMPREHENSIONS) for node in inner)


def chained(ternary: ast.IfExp) -> bool:
    """Whether a ternary chooses between ternaries."""
    parts = (ternary.test, ternary.body, ternary.orelse)
    return any(isinstance(part, ast.IfExp) for part in parts)


def own_imports(function: ast.AST) -> Iterator[int]:
    """The lines of a function that import a module of ours."""
    for node in ast.walk(function):
        if (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("policylint")) or (
            isinstance(node, ast.Import) and node.names[0].name.startswith("policylint")
        ):
            yield node.lineno


def bound(node: ast.AST) -> str:
    """The name that a node gives to something, "" where it gives none."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return node.id
    if isinstance(node, ast.arg):
        return node.arg
    return node.name if isinstance(node, FUNCTIONS) else ""


def fillers(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of what is bound to a filler; `other` is the usual word in `__eq__` and its
    like."""
    usual: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, FUNCTIONS) and node.name.startswith("__"):
            usual.update(node.args.args)
    for node in ast.walk(tree):
        name = bound(node)
        if name.strip("_") in FILLERS and node not in usual:
            yield node.lineno, name


def complaints(file: Path) -> Iterator[str]:
    """What is wrong in one file, each as `file:line: words`."""
    name = file.relative_to(ROOT)
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for line, filler in fillers(tree):
        yield f"{name}:{line}: `{filler}` says nothing: call it by what it is"
    if name.parts[0] == "tests":
        return
    at_a_door = name.parts[0] != "policylint" or name.parts[1] in DOORS
    for node in ast.walk(tree):
        if isinstance(node, FUNCTIONS):
            yield from of_function(node, f"{name}", at_a_door=at_a_door)
        elif isinstance(node, COMPREHENSIONS) and nested(node):
            yield f"{name}:{node.lineno}: a comprehension inside another"
        elif isinstance(node, ast.IfExp) and chained(node):
            yield f"{name}:{node.lineno}: a ternary inside another"


def of_function(function: ast.AST, file: str, *, at_a_door: bool) -> Iterator[str]:
    """What is wrong in one function."""
    count = complexity(function)
    if count > MOST:
        yield f"{file}:{function.lineno}: {function.name} has a complexity of {count}"
    if not at_a_door:
        for line in own_imports(function):
            yield f"{file}:{line}: an import of our own inside a function"


def main() -> int:
    """Print every complaint about our code (or the files and folders named); 1 where any."""
    named = [Path(word).resolve() for word in sys.argv[1:]] or [ROOT / name for name in CODE]
    lines: dict[str, None] = {}
    for path in named:
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            lines.update(dict.fromkeys(complaints(file)))
    for line in lines:
        print(line)
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main())
