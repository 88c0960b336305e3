"""Pulumi: Release and Chart of the Kubernetes provider, in YAML and in literal TypeScript and Python calls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from policylint.errors import ReadError
from policylint.invocations.declared import (
    INLINE,
    Declaration,
    Reading,
    Setting,
    Word,
    first,
    read_value,
    settings,
    strongest,
    tables,
    word,
)
from policylint.invocations.hcl import UNDECIDED
from policylint.invocations.literals import Call, Literal, python_calls, typescript_calls
from policylint.invocations.tree import Tree, documents

_TYPE = re.compile(r"kubernetes:helm\.sh/v\d\w*:(Release|Chart)$")
_CLASS = re.compile(r"(?:^|\.)(?:helm\.)?v[234]\.(Release|Chart)$")
_IMPORT = re.compile(r"(?:@pulumi/kubernetes/helm|from pulumi_kubernetes\.helm)")


def read_yaml(text: str, file: str) -> Iterator[Declaration | ReadError]:
    """The releases of a Pulumi YAML program."""
    if "kubernetes:helm.sh/" not in text:
        return
    for root in documents(text, file):
        if isinstance(root, ReadError):
            yield root
            continue
        found = root.get("resources")
        for name, resource in found.pairs() if found else ():
            kind = _TYPE.match(resource.string("type") or "")
            if kind:
                yield _resource(name, resource, kind[1], file)


def _resource(name: str, resource: Tree, kind: str, file: str) -> Declaration:
    options = resource.get("properties")
    at = options or resource
    return Declaration(
        tool="pulumi",
        file=file,
        line=resource.line,
        column=resource.column,
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
    return Word(name) if kind == "Chart" and isinstance(name, str) else Word(None, True)


def _values(options: dict[str, Any]) -> Iterator[str]:
    files = options.get("valueYamlFiles")
    if isinstance(files, Tree):
        yield from (item.text or INLINE for item in files.items())
    elif isinstance(files, Literal):
        yield from (INLINE for _ in (files.value if isinstance(files.value, list) else [0]))
    if "values" in options:
        yield INLINE


def read_typescript(text: str, file: str) -> Iterator[Declaration]:
    """The releases of a TypeScript or JavaScript program."""
    if "@pulumi/kubernetes" in text:
        yield from (_call(call, kind, file) for call in typescript_calls(text) if (kind := _kind(call, text)))


def read_python(text: str, file: str) -> Iterator[Declaration | ReadError]:
    """The releases of a Python program."""
    if "pulumi_kubernetes" not in text or not re.search(r"\b(?:Release|Chart)\(", text):
        return
    try:
        calls = list(python_calls(text))
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", 0) or 0
        yield ReadError(f"not Python: {error}", file=file, line=line, remedy="correct the program")
        return
    yield from (_call(call, kind, file) for call in calls if (kind := _kind(call, text)))


def _kind(call: Call, text: str) -> str:
    """Release or Chart, when the name called is one of the provider's helm classes."""
    named = _CLASS.search(call.name)
    if named:
        return named[1]
    last = call.name.rpartition(".")[2]
    return last if last in ("Release", "Chart") and _IMPORT.search(text) and call.first is not None else ""


def _call(call: Call, kind: str, file: str) -> Declaration:
    options = call.options
    name = _word(options.get("name"))
    return Declaration(
        tool="pulumi",
        file=file,
        line=call.line,
        column=call.column,
        release=first(name, _unnamed(call.first, kind)),
        chart=first(_word(options.get("chart")), _word(options.get("path"))),
        version=_word(options.get("version")),
        namespace=_word(options.get("namespace")),
        settings=strongest(_settings(call)),
        values=tuple(_values(dict(options))),
        hidden=call.spread,
    )


def _word(found: Literal | None) -> Word:
    if found is None or found.value is None:
        return Word()
    return Word(found.value) if isinstance(found.value, str) else Word(None, True)


def _settings(call: Call) -> Iterator[Setting]:
    for name, reading in tables()["pulumi"].settings.items():
        found = call.options.get(name)
        if found is not None and found.value is not None:
            yield from _setting(found, reading)


def _setting(found: Literal, reading: Reading) -> Iterator[Setting]:
    if found.value is UNDECIDED or isinstance(found.value, (list, dict)):
        yield Setting(reading[0], "unknown", None, found.line, found.column)
    else:
        text = str(found.value).lower() if isinstance(found.value, bool) else str(found.value)
        yield from read_value(text, reading, found.line, found.column)
