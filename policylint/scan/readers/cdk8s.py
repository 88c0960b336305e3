"""CDK8s: the Helm construct of TypeScript and Python programs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policylint.errors import ReadError
from policylint.runtime.patterns import pattern
from policylint.scan.declarations.declared import Declaration, Read, Word, readings
from policylint.scan.invocations.model import INLINE
from policylint.scan.invocations.reader import Reader
from policylint.scan.invocations.settings import Setting, argument_list, strongest
from policylint.scan.texts.literals import Call, Literal, typescript_calls
from policylint.scan.texts.pythoncalls import python_calls
from policylint.scan.texts.source import Source

_OPTIONS = 2
"""Where the options stand: behind the scope and the id."""
_CLASS = pattern(r"(?:^|\.)Helm$")
_IMPORT = pattern(
    r"from\s+[\"']cdk8s[\"']|require\([\"']cdk8s[\"']\)|^[ \t]*(?:from|import)\s+cdk8s\b",
    re.MULTILINE,
)


def read(source: Source) -> Iterator[Read]:
    """The charts that a program includes."""
    python = source.suffix == ".py"
    try:
        calls = list(_calls(source.text, python=python))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        yield ReadError(
            f"not Python: {error}",
            line=getattr(error, "lineno", 0) or 0,
            remedy="correct the program",
        )
        return
    yield from (_call(call) for call in calls if "chart" in call.options or call.spread)


def _calls(text: str, *, python: bool) -> Iterator[Call]:
    if not python:
        return typescript_calls(text, _is_helm, _OPTIONS)
    return python_calls(text, _is_helm, _OPTIONS)


def _is_helm(name: str) -> bool:
    return bool(_CLASS.search(name))


def _call(call: Call) -> Declaration:
    options = call.options
    release = _word(options.get("releaseName"))
    return Declaration(
        tool="cdk8s",
        place=call.place,
        release=release
        if release != Word()
        else Word(None, True),  # the construct makes one of its path
        chart=_word(options.get("chart")),
        version=_word(options.get("version")),
        namespace=_word(options.get("namespace")),
        settings=strongest(_settings(options.get("helmFlags"))),
        values=(INLINE,) if "values" in options else (),
        hidden=call.spread,
        syntax="code",
    )


def _settings(argument: Literal | None) -> Iterator[Setting]:
    if argument is not None and isinstance(argument.value, list):
        yield from argument_list(
            (item.value if isinstance(item.value, str) else "", item.place, False)
            for item in argument.value
        )


def _word(argument: Literal | None) -> Word:
    if argument is None or argument.value is None:
        return Word()
    if isinstance(argument.value, str):
        return Word(argument.value)
    return Word(None, True, argument.text)


def _wants(source: Source) -> bool:
    return bool(_IMPORT.search(source.text))


READER = Reader(lambda source: readings(read(source), source), _wants)
