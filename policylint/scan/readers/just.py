"""Justfiles: each recipe in its own shell, with the variables and the defaults of the file put
in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from policylint.runtime.patterns import pattern
from policylint.scan.invocations.reader import Reader, Reading
from policylint.scan.scripts.ci import script
from policylint.scan.texts.source import Source
from policylint.scan.texts.text import TAIL, Text, filled, joined, rewritten

_STRING = r"\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'"
_ASSIGN = pattern(r"^(?:export[ \t]+)?([A-Za-z_][\w-]*)[ \t]*:=[ \t]*([^\n]*)", re.MULTILINE)
_SETTING = pattern(
    r"^set[ \t]+(?:windows-)?(?:shell|powershell)[ \t]*(?::=[ \t]*)?([^\n]*)", re.MULTILINE
)
_RECIPE = pattern(
    rf"^@?[A-Za-z_][\w-]*((?:{_STRING}|[^\n:\"'#])*+):(?!=)[^\n]*\n"
    r"((?:[ \t]+[^\n]*(?:\n|\Z)|[ \t]*\n)++)",
    re.MULTILINE,
)
_PARAMETER = pattern(rf"(?<![*+$])[*+$]*+([A-Za-z_][\w-]*)[ \t]*(?:=[ \t]*({_STRING}))?")
_VALUE = pattern(
    rf"(?:env(?:_var_or_default)?\([ \t]*(?:{_STRING})[ \t]*,[ \t]*({_STRING})[ \t]*\)"
    rf"|({_STRING})|([A-Za-z_][\w-]*))"
    r"(?:[ \t]*[+/][ \t]*|[ \t]*(?:#.*)?$)"
)
_NAME = pattern(r"\{\{[ \t]*([A-Za-z_][\w-]*)[ \t]*\}\}")
_PREFIX = pattern(r"(?<![\\`]\n)^[ \t]*(?:@-?|-@?)[ \t]*", re.MULTILINE)
_SHEBANG = pattern(r"\s*#![^\n]*?(?:\b(pwsh|powershell)\b|\b(python3?|node|perl|ruby|deno|bun)\b)")


def _read(source: Source) -> Iterator[Reading]:
    values = _values(source.text)
    setting = _SETTING.search(source.text)
    if setting and re.search(r"pwsh|powershell", setting.group(), re.IGNORECASE):
        language = "pwsh"
    else:
        language = "bash"
    for match in _RECIPE.finditer(source.text):
        if "helm" in match[2].lower() or "{{" in match[2]:
            known = {**values, **_parameters(source.text, match)}
            yield from _recipe(
                source, Text.cut(source.text, match.start(2), match.end(2)), known, language
            )


def _recipe(
    source: Source, body: Text, known: Mapping[str, Text], language: str
) -> Iterator[Reading]:
    shebang = _SHEBANG.match(body.text)
    if shebang:
        language = "pwsh" if shebang[1] else "python"
    body = filled(body, (prefix.span() for prefix in _PREFIX.finditer(body.text)), " ")
    yield from script(source, _put_in(body, known), known, None, language)


def _put_in(text: Text, known: Mapping[str, Text]) -> Text:
    """The text with `{{name}}` replaced by what is known of the variable."""
    matches = [match for match in _NAME.finditer(text.text) if match[1] in known]
    return rewritten(text, ((match.start(), match.end(), known[match[1]]) for match in matches))


def _values(text: str) -> dict[str, Text]:
    """Variables that are strings, other variables, or both put together; an environment's default
    counts."""
    values: dict[str, Text] = {}
    for match in _ASSIGN.finditer(text):
        value = _value(text, match.start(2), match.end(2), values)
        if value is not None:
            values[match[1]] = value
    return values


def _value(text: str, at: int, end: int, known: Mapping[str, Text]) -> Text | None:
    parts: list[Text] = []
    while at < end:
        match = _VALUE.match(text, at, end)
        if match is None:
            return None
        group = next(index for index in (1, 2, 3) if match[index] is not None)
        if group == 3:
            part = known.get(match[3])
        else:
            part = Text.cut(text, match.start(group) + 1, match.end(group) - 1)
        if part is None:
            return None
        parts += [part, *([Text.of("/")] if match.group().rstrip(" \t").endswith("/") else [])]
        at = match.end()
    if parts:
        return joined(parts)
    return None


def _parameters(text: str, recipe: re.Match[str]) -> dict[str, Text]:
    """A recipe's parameters: their defaults, or what cannot be told (an empty default may take any
    words)."""
    parameters: dict[str, Text] = {}
    for match in _PARAMETER.finditer(text, recipe.start(1), recipe.end(1)):
        has_default = match[2] is not None and match.end(2) - match.start(2) > 2
        parameters[match[1]] = (
            Text.cut(text, match.start(2) + 1, match.end(2) - 1) if has_default else Text.of(TAIL)
        )
    return parameters


READER = Reader(_read)
