"""Templates of an ApplicationSet: the old `{{name}}`, and what is plain of Go's.

Of Go templates fields, `index`, literals and a few of sprig's functions in pipelines are
understood; anything else (conditions, ranges, variables) is not known here, and said.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from policylint.model import Json
from policylint.runtime.digits import whole
from policylint.runtime.goactions import closed
from policylint.scan.gitops.goyaml import as_yaml

_FAST = re.compile(r"\{\{([^{}]*+)\}\}")
_GO = re.compile(r"\{\{-?(.*?)-?\}\}", re.DOTALL)
_TRIMMED = re.compile(r"(?<!\s)\s*+\{\{-|-\}\}\s*+")
_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`|[^\s|]+|\|')


class TemplateError(Exception):
    """A template that is not understood here, or that Argo CD refuses."""


class Strict(dict[str, Any]):
    """Parameters of templates with the option missingkey=error: a name that is not there is
    refused."""


def filled(body: Json, parameters: Mapping[str, Any], go_template: bool) -> Json:
    """A value with every text of it rendered, keys too. Raises TemplateError."""
    if isinstance(body, str):
        if go_template:
            return _go(body, parameters)
        return _fast(body, parameters)
    if isinstance(body, list):
        return [filled(entry, parameters, go_template) for entry in body]
    if isinstance(body, dict):
        return {
            str(filled(key, parameters, go_template)): filled(entry, parameters, go_template)
            for key, entry in body.items()
        }
    return body


def _fast(text: str, parameters: Mapping[str, Any]) -> str:
    """A name that no generator gives stays as it is."""
    return _FAST.sub(lambda match: str(parameters.get(match[1].strip(), match[0])), text)


def _go(text: str, parameters: Mapping[str, Any]) -> str:
    if "{{-" in text or "-}}" in text:
        text = _TRIMMED.sub(lambda match: match[0].strip().replace("-", ""), text)
    actions = closed(text)
    shown = _GO.sub(lambda match: _shown(_pipeline(match[1].strip(), parameters)), actions)
    return shown + text[len(actions) :]


def _shown(result: Any) -> str:
    if result is None:
        return "<no value>"
    if isinstance(result, bool):
        if result:
            return "true"
        return "false"
    if isinstance(result, dict | list):
        raise TemplateError("a template prints a mapping or a list")
    return str(result)


def evaluated(action: str, parameters: Mapping[str, Any]) -> str:
    """What the inside of one action prints. Raises TemplateError."""
    return _shown(_pipeline(action, parameters))


def _pipeline(text: str, parameters: Mapping[str, Any]) -> Any:
    if text.startswith("/*"):
        return ""
    result: Any = None
    commands = _split(_WORD.findall(text))
    for number, words in enumerate(commands):
        piped = [result] if number else []
        result = _command(words, piped, parameters, text)
    return result


def _split(words: list[str]) -> list[list[str]]:
    commands: list[list[str]] = [[]]
    for word in words:
        if word == "|":
            commands.append([])
        else:
            commands[-1].append(word)
    return commands


def _command(words: list[str], piped: list[Any], parameters: Mapping[str, Any], text: str) -> Any:
    if not words:
        raise TemplateError(f"a template that is not understood: {text}")
    head, *rest = words
    arguments = [_operand(word, parameters, text) for word in rest] + piped
    if head == "index":
        return _index(arguments, text)
    if head in _FUNCTIONS:
        try:
            return _FUNCTIONS[head](*arguments)
        except (TypeError, ValueError, AttributeError):
            raise TemplateError(f"a template that is not understood: {text}") from None
    if rest or piped:
        raise TemplateError(f"a template that is not understood: {text}")
    return _operand(head, parameters, text)


def _operand(word: str, parameters: Mapping[str, Any], text: str) -> Any:
    if word[:1] == '"':
        return re.sub(r"\\(.)", r"\1", word[1:-1])
    if word[:1] == "`":
        return word[1:-1]
    if (number := whole(word)) is not None:
        return number
    if word in ("true", "false"):
        return word == "true"
    if not re.fullmatch(r"(\.[A-Za-z_]\w*)+", word):
        raise TemplateError(f"a template that is not understood: {text}")
    return _field(word, parameters)


def _field(word: str, parameters: Mapping[str, Any]) -> Any:
    """What stands below the keys of `.a.b`."""
    node: Any = parameters
    for key in word[1:].split("."):
        if isinstance(parameters, Strict) and not (isinstance(node, Mapping) and key in node):
            raise TemplateError(f"there is no {word}, and missingkey=error refuses that")
        node = node.get(key) if isinstance(node, Mapping) else None
    return node


def _index(arguments: list[Any], text: str) -> Any:
    node, *steps = arguments or [None]
    for step in steps:
        if isinstance(node, list) and isinstance(step, int) and 0 <= step < len(node):
            node = node[step]
        elif isinstance(node, Mapping):
            node = node.get(step)
        else:
            raise TemplateError(f"an index that is not there: {text}")
    return node


def _default(fallback: Any, operand: Any = None) -> Any:
    return operand or fallback


def _indented(count: int, text: str) -> str:
    pad = " " * count
    return pad + text.replace("\n", f"\n{pad}")


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "default": _default,
    "lower": lambda text: text.lower(),
    "upper": lambda text: text.upper(),
    "trim": lambda text: text.strip(),
    "quote": lambda text: json.dumps(_shown(text), ensure_ascii=False),
    "int": int,
    "get": lambda table, key: table.get(key, ""),
    "toYaml": lambda value: as_yaml(value).removesuffix("\n"),
    "indent": _indented,
    "nindent": lambda count, text: f"\n{_indented(count, text)}",
    "replace": lambda old, new, text: text.replace(old, new),
    "trimPrefix": lambda prefix, text: text.removeprefix(prefix),
    "trimSuffix": lambda suffix, text: text.removesuffix(suffix),
    "trunc": lambda count, text: text[:count] if count >= 0 else text[count:],
    "toString": str,
}
