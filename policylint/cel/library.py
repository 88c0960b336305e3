"""The one module that imports the CEL library: cel-expr-python (cel-expr's C++ implementation)
parses expressions.

Chosen by measurement (2 shared cores, Python 3.11; ratios matter): cel-expr-python 0.1.3 imports in
3 ms and parses an expression in 0.03 ms, common-expression-language 0.10.0 (Rust) imports in 163 ms
and has no optionals and no Linux arm64 wheel, cel-python 0.5.0 (pure Python) imports in 81 ms,
parses in 0.17 ms and has no optionals. It is the only one that knows the optional syntax (`a.?b`,
`a[?0]`) and two-variable comprehensions that Kubernetes enables.

Its own evaluator is not used: from Python it takes neither nested timestamps nor optionals nor
opaque values, and a function it already knows (`indexOf`, `string`) cannot be given another
overload, so quantities, addresses, formats and sets could not be told apart from maps.
`policylint.cel.evaluate` walks the parsed tree instead.
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import Any

from policylint.cel.tree import Node
from policylint.cel.values import CelUnsupported
from policylint.cel.wire import parsed
from policylint.errors import PolicylintError
from policylint.runtime import resources
from policylint.runtime.derived import digest, keep, kept

_EXTENSIONS = """
extensions:
  - name: optional
  - name: two-var-comprehensions
  - name: strings
  - name: lists
  - name: sets
"""
TOO_DEEP = "an expression nested too deeply"
NOTED = "expressions"
_NOISE = " [INVALID_ARGUMENT]"


class CelUnavailable(PolicylintError):  # noqa: N818 - named after what it is about
    """The CEL library has no wheel for this platform: expressions are unknown, everything else
    works."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"CEL expressions cannot be judged here: {why}",
            remedy=(
                "install cel-expr-python (wheels exist for Linux x86-64 and arm64, macOS arm64 "
                "and Windows)"
            ),
        )


class CelSyntaxError(PolicylintError):
    """An expression that does not parse; the message is the parser's, with line and column."""


@lru_cache(maxsize=4096)
def parse(expression: str) -> tuple[Node, dict[int, int]]:
    """The tree of an expression, macros expanded, and each node's offset; raises CelSyntaxError,
    CelUnavailable, and CelUnsupported where it is nested too deeply."""
    known = noted().get(expression)
    if known is None:
        message = serialized(expression)
    else:
        message = base64.b64decode(known)
    try:
        return parsed(message)
    except RecursionError as error:
        raise CelUnsupported(TOO_DEEP) from error


def serialized(expression: str) -> bytes:
    """An expression as the library parses it (cel.expr.ParsedExpr); raises CelSyntaxError or
    CelUnavailable."""
    environment = _environment()
    try:
        tree: bytes = environment.compile(expression, disable_check=True).serialize()
    except RuntimeError as error:
        message = str(error).removeprefix("INVALID_ARGUMENT: ").removesuffix(_NOISE)
        if "recursion" in message.lower():  # the server's parser goes deeper than this one
            raise CelUnsupported(TOO_DEEP) from error
        raise CelSyntaxError(message) from error
    return tree


@cache
def noted() -> Mapping[str, str]:
    """Expressions as the library parses them, in base64: those of the shipped rules are kept, as
    loading the library takes a while."""
    return kept(NOTED, _mark()) or {}


def note(expressions: Iterable[str]) -> None:
    """Parse expressions and keep them for `noted`; where there is no library, none."""
    with contextlib.suppress(CelUnavailable):
        by_text = {text: base64.b64encode(serialized(text)).decode() for text in expressions}
        keep(NOTED, _mark(), by_text)
        noted.cache_clear()


def _mark() -> str:
    """An expression stands for itself; how it is parsed is said in this module."""
    return digest([resources.read("cel/library.py")])


@cache
def _environment() -> Any:
    try:
        from cel_expr_python import cel
    except ImportError as error:
        raise CelUnavailable(str(error)) from error
    return cel.NewEnv(config=cel.NewEnvConfigFromYaml(_EXTENSIONS))
