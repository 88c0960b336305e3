"""sprig's functions on texts (strings.go, regex.go, crypto.go of Masterminds/sprig v3.3)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import posixpath
import re
from collections.abc import Iterator
from typing import Any

from policylint.runtime.gotexts import quoted
from policylint.runtime.linear import engine
from policylint.runtime.patterns import pattern
from policylint.scan.gitops.gotemplates.functions import Function
from policylint.scan.gitops.gotemplates.model import TemplateError
from policylint.scan.gitops.gotemplates.values import shown

_SPACE = " \t\n\v\f\r\x85\xa0"
_GROUP = pattern(r"\$(?:\$|\{(\w+)\}|(\w+))", re.ASCII)


def indented(count: int, text: str) -> str:
    """indent."""
    if count < 0:
        raise TemplateError("indent by less than nothing")
    pad = " " * count
    return pad + text.replace("\n", f"\n{pad}")


def _quoted(*values: Any) -> str:
    return " ".join(quoted(shown(value)) for value in values if value is not None)


def _single_quoted(*values: Any) -> str:
    return " ".join(f"'{shown(value)}'" for value in values if value is not None)


def _cut(count: int, text: str) -> str:
    """trunc, by bytes."""
    data = text.encode()
    if count < 0 and len(data) + count > 0:
        return _decoded(data[count:])
    if count >= 0:
        return _decoded(data[:count])
    return text


def _part(start: int, end: int, text: str) -> str:
    """substr, by bytes."""
    data = text.encode()
    has_end = 0 <= end <= len(data)
    if start >= 0 and not has_end:
        end = len(data)
    if not 0 <= max(start, 0) <= end <= len(data):
        raise TemplateError("a part of a text that it does not have")
    return _decoded(data[max(start, 0) : end])


def _decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise TemplateError("a text that is cut within a character") from None


def _title(text: str) -> str:
    """strings.Title: the first letter of each word, words parted by what is no letter, digit or
    underscore."""
    parts = []
    before = " "
    for char in text:
        starts = not (before.isalnum() or before == "_")
        parts.append(char.title() if starts else char)
        before = char
    return "".join(parts)


def _untitle(text: str) -> str:
    """goutils.Uncapitalize: the first letter of each word, words parted by space."""
    parts = []
    starts = True
    for char in text:
        parts.append(char.lower() if starts else char)
        starts = char.isspace()
    return "".join(parts)


def _without_space(text: str) -> str:
    if not text.isascii():
        raise TemplateError("nospace of what is not ASCII is not evaluated here")
    return "".join(text.split())


def _repeated(count: int, text: str) -> str:
    if count < 0 or count * len(text) > 1_000_000:
        raise TemplateError("repeat of more than is evaluated here")
    return text * count


def _split(separator: str, text: str) -> list[str]:
    return text.split(separator) if separator else list(text)


def _split_table(separator: str, text: str) -> dict[str, Any]:
    return {f"_{number}": part for number, part in enumerate(_split(separator, text))}


def _split_some(separator: str, count: int, text: str) -> dict[str, Any]:
    if not separator or count < 1:
        raise TemplateError("splitn without a separator or a count is not evaluated here")
    return {f"_{number}": part for number, part in enumerate(text.split(separator, count - 1))}


def strings(value: Any) -> list[str]:
    """toStrings: a list as texts, nil left out."""
    if isinstance(value, list):
        return [shown(entry) for entry in value if entry is not None]
    return [] if value is None else [shown(value)]


def _joined(separator: str, value: Any) -> str:
    return separator.join(strings(value))


def _together(*values: Any) -> str:
    return " ".join(shown(value) for value in values if value is not None)


def _base(path: str) -> str:
    if not path:
        return "."
    return posixpath.basename(path.rstrip("/")) or "/"


def _clean(path: str) -> str:
    cleaned = posixpath.normpath(path)
    return f"/{cleaned.lstrip('/')}" if cleaned.startswith("/") else cleaned


def _folder(path: str) -> str:
    return _clean(path[: path.rfind("/") + 1])


def _extension(path: str) -> str:
    last = path.rpartition("/")[2]
    return last[last.rfind(".") :] if "." in last else ""


def _from_base64(text: str) -> str:
    try:
        return _decoded(base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True))
    except (binascii.Error, ValueError):
        raise TemplateError("b64dec of what is no base64") from None


def _matches(expression: str, text: str) -> Iterator[Any]:
    """The matches of Go's regexp: an empty one beside the match before it is none."""
    module, options = engine()
    try:
        matches = list(module.compile(expression, options).finditer(text))
    except (module.error, UnicodeEncodeError) as error:
        raise TemplateError(f"a regular expression that cannot be read: {error}") from None
    end = -1
    for match in matches:
        if match.end() > match.start() or match.start() != end:
            yield match
        end = match.end()


def _is_match(expression: str, text: str) -> bool:
    return next(_matches(expression, text), None) is not None


def _first_match(expression: str, text: str) -> str:
    match = next(_matches(expression, text), None)
    return str(match[0]) if match else ""


def _all_matches(expression: str, text: str, count: int) -> list[str]:
    every = [str(match[0]) for match in _matches(expression, text)]
    if not every or not count:
        raise TemplateError("regexFindAll that finds nothing is not evaluated here")
    return every if count < 0 else every[:count]


def _substituted(expression: str, text: str, by: str) -> str:
    parts = []
    at = 0
    for match in _matches(expression, text):
        parts += [text[at : match.start()], _expanded(by, match)]
        at = match.end()
    return "".join([*parts, text[at:]])


def _expanded(by: str, match: Any) -> str:
    """A replacement with its `$1` and `${name}`; a group that is not there is empty."""

    def group(reference: re.Match[str]) -> str:
        name = reference[1] or reference[2]
        if name is None:
            return "$"
        try:
            return str(match[int(name) if name.isdecimal() else name] or "")
        except (IndexError, KeyError):
            return ""

    return _GROUP.sub(group, by)


def _substituted_literally(expression: str, text: str, by: str) -> str:
    return _substituted(expression, text, by.replace("$", "$$"))


def _quoted_expression(text: str) -> str:
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", text)


def _failed(message: str) -> str:
    raise TemplateError(f"fail: {message}")


TEXTS = {
    "trunc": Function("is", _cut),
    "trim": Function("s", lambda text: text.strip()),
    "upper": Function("s", lambda text: text.upper()),
    "lower": Function("s", lambda text: text.lower()),
    "title": Function("s", _title),
    "untitle": Function("s", _untitle),
    "substr": Function("iis", _part),
    "repeat": Function("is", _repeated),
    "trimAll": Function("ss", lambda marks, text: text.strip(marks)),
    "trimall": Function("ss", lambda marks, text: text.strip(marks)),
    "trimSuffix": Function("ss", lambda suffix, text: text.removesuffix(suffix)),
    "trimPrefix": Function("ss", lambda prefix, text: text.removeprefix(prefix)),
    "nospace": Function("s", _without_space),
    "contains": Function("ss", lambda part, text: part in text),
    "hasPrefix": Function("ss", lambda prefix, text: text.startswith(prefix)),
    "hasSuffix": Function("ss", lambda suffix, text: text.endswith(suffix)),
    "quote": Function("*a", _quoted),
    "squote": Function("*a", _single_quoted),
    "cat": Function("*a", _together),
    "indent": Function("is", indented),
    "nindent": Function("is", lambda count, text: f"\n{indented(count, text)}"),
    "replace": Function("sss", lambda old, new, text: text.replace(old, new)),
    "plural": Function("ssi", lambda single, many, count: single if count == 1 else many),
    "toString": Function("a", shown),
    "toStrings": Function("a", strings),
    "splitList": Function("ss", _split),
    "split": Function("ss", _split_table),
    "splitn": Function("sis", _split_some),
    "join": Function("sa", _joined),
    "base": Function("s", _base),
    "dir": Function("s", _folder),
    "clean": Function("s", _clean),
    "ext": Function("s", _extension),
    "isAbs": Function("s", lambda path: path.startswith("/")),
    "b64enc": Function("s", lambda text: base64.b64encode(text.encode()).decode()),
    "b64dec": Function("s", _from_base64),
    "sha1sum": Function("s", lambda text: hashlib.sha1(text.encode()).hexdigest()),  # noqa: S324
    "sha256sum": Function("s", lambda text: hashlib.sha256(text.encode()).hexdigest()),
    "sha512sum": Function("s", lambda text: hashlib.sha512(text.encode()).hexdigest()),
    "regexMatch": Function("ss", _is_match),
    "regexFind": Function("ss", _first_match),
    "regexFindAll": Function("ssi", _all_matches),
    "regexReplaceAll": Function("sss", _substituted),
    "regexReplaceAllLiteral": Function("sss", _substituted_literally),
    "regexQuoteMeta": Function("s", _quoted_expression),
    "fail": Function("s", _failed),
}
