"""Pulumi: Release and Chart of the Kubernetes provider, in YAML and in literal TypeScript and
Python calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policylint.errors import ReadError
from policylint.runtime.patterns import pattern
from policylint.scan.declarations.declared import Declaration, Read, Word, first, readings, word
from policylint.scan.invocations.model import INLINE
from policylint.scan.invocations.reader import Reader, Reading
from policylint.scan.invocations.settings import Setting, literal, settings, strongest, tables
from policylint.scan.texts.hcl import UNDECIDED
from policylint.scan.texts.literals import Call, Literal, typescript_calls
from policylint.scan.texts.pythoncalls import python_calls
from policylint.scan.texts.source import Source
from policylint.scan.texts.yaml import Tree, documents

_TYPE = pattern(r"kubernetes:helm\.sh/v\d\w*:(Release|Chart)$")
_CLASS = pattern(r"(?:^|\.)(?:helm\.)?v[234]\.(Release|Chart)$")
_CHARTS = {"chart", "path"}
_IMPORT = pattern(r"(?:@pulumi/kubernetes/helm|from pulumi_kubernetes\.helm)")


def read_yaml(text: str, file: str) -> Iterator[Read]:
    """The releases of a Pulumi YAML program."""
    for root in documents(text, file):
        if isinstance(root, ReadError):
            yield root
            continue
        resources = root.get("resources")
        for name, resource in resources.pairs() if resources else ():
            kind = _TYPE.match(resource.string("type") or "")
            if kind:
                yield _resource(name, resource, kind[1])


def _resource(name: str, resource: Tree, kind: str) -> Declaration:
    options = resource.get("properties")
    at = options or resource
    return Declaration(
        tool="pulumi",
        place=resource.place,
        release=first(word(at.get("name")), _unnamed(name, kind)),
        chart=first(word(at.get("chart")), word(at.get("path"))),
        version=word(at.get("version")),
        namespace=word(at.get("namespace")),
        settings=strongest(settings(at, "pulumi")) if options else {},
        values=tuple(_values(dict(at.pairs()))),
        hidden=at.open,
    )


def _unnamed(name: object, kind: str) -> Word:
    """A Chart without a name is called as the resource; to a Release Pulumi adds random digits."""
    if kind == "Chart" and isinstance(name, str):
        return Word(name)
    return Word(None, True)


def _values(options: dict[str, Any]) -> Iterator[str]:
    files = options.get("valueYamlFiles")
    if isinstance(files, Tree):
        yield from (item.text or INLINE for item in files.items())
    elif isinstance(files, Literal):
        yield from (INLINE for _ in (files.value if isinstance(files.value, list) else [0]))
    if "values" in options:
        yield INLINE


def read_typescript(text: str) -> Iterator[Read]:
    """The releases of a TypeScript or JavaScript program."""
    calls = typescript_calls(text, _may_declare)
    yield from (
        _call(call, kind) for call in calls if (kind := _kind(call, text)) and _declares(call)
    )


def read_python(text: str, file: str) -> Iterator[Read]:
    """The releases of a Python program."""
    try:
        calls = list(python_calls(text, _may_declare))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", 0) or 0
        yield ReadError(f"not Python: {error}", file=file, line=line, remedy="correct the program")
        return
    yield from (
        _call(call, kind) for call in calls if (kind := _kind(call, text)) and _declares(call)
    )


def _may_declare(name: str) -> bool:
    return name.rpartition(".")[2] in ("Release", "Chart")


def _declares(call: Call) -> bool:
    """Whether a chart is named, or may be: without one the call makes nothing (the classes' own
    code does so)."""
    return call.spread or bool(_CHARTS & set(call.options))


def _kind(call: Call, text: str) -> str:
    """Release or Chart, when the name called is one of the provider's helm classes."""
    named = _CLASS.search(call.name)
    if named:
        return named[1]
    last = call.name.rpartition(".")[2]
    if last in ("Release", "Chart") and _IMPORT.search(text) and call.first is not None:
        return last
    return ""


def _call(call: Call, kind: str) -> Declaration:
    options = call.options
    name = _word(options.get("name"))
    return Declaration(
        tool="pulumi",
        place=call.place,
        release=first(name, _unnamed(call.first, kind)),
        chart=first(_word(options.get("chart")), _word(options.get("path"))),
        version=_word(options.get("version")),
        namespace=_word(options.get("namespace")),
        settings=strongest(_settings(call)),
        values=tuple(_values(dict(options))),
        hidden=call.spread,
        syntax="code",
    )


def _word(argument: Literal | None) -> Word:
    if argument is None or argument.value is None:
        return Word()
    if isinstance(argument.value, str):
        return Word(argument.value)
    return Word(None, True, argument.text)


def _settings(call: Call) -> Iterator[Setting]:
    for name, reading in tables()["pulumi"].settings.items():
        option = call.options.get(name)
        if option is not None:
            yield from literal(
                option.value, option.value is UNDECIDED, reading, option.place, option.written
            )


def _read(source: Source) -> Iterator[Reading]:
    if source.suffix in (".yaml", ".yml"):
        return readings(read_yaml(source.text, source.file), source)
    if source.suffix == ".py":
        return readings(read_python(source.text, source.file), source)
    return readings(read_typescript(source.text), source)


READER = Reader(_read)
