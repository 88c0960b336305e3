"""The settings in a text of configuration: YAML and JSON by their structure, everything else line
by line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from policylint.errors import PolicylintError
from policylint.kubernetes.settings.model import Setting, unquoted, words_of
from policylint.kyaml.load import load_all
from policylint.model import Json
from policylint.runtime.patterns import pattern

LONGEST = 200_000
"""Characters of a text that is read; what is longer is a dashboard or a bundle."""
DEEPEST = 12
NAMES = ("name", "job_name", "id", "alias", "uid", "receiver", "record", "alert", "url", "host")
"""What names an item of a list in files of configuration."""
STRUCTURED = (".yaml", ".yml", ".json")
ROWS = (".csv", ".acl")
"""Files in which every line is an entry."""
PROGRAMS = (".sh", ".sql", ".js", ".lua", ".rb", ".md", ".html", ".css", ".pem", ".crt", ".txt")
"""Files that are no configuration."""
FILES = (
    *STRUCTURED,
    *(".toml", ".ini", ".conf", ".cfg", ".cnf", ".properties", ".xml", ".sh", ".txt", ".sql"),
    *(".env", ".hcl", ".js", ".py", ".lua", ".rb", ".md", ".html", ".css", ".pem", ".crt"),
    *(".config", ".alloy", ".river", ".tpl", ".tmpl", ".rules", *ROWS),
)
"""How names of files end."""
_COMMENT = ("#", "//", ";", "--", "!", "%", "/*", "*")
_STATEMENTS = ("from ", "import ", "def ", "class ", "if ", "else", "for ", "return ", "@")
"""How lines of Python begin that set nothing."""
_ELEMENT = pattern(r"<(?P<name>[A-Za-z][\w.\-:]*+)[^<>]{0,400}+>(?P<value>[^<>\n]{1,400}+)</")
_PROPERTY = pattern(r"<name>([^<>\n]{1,200})</name>\s{0,80}<value>([^<>\n]{0,400})</value>")
_LINE = pattern(
    r"(?P<name>[A-Za-z_@\"'][\w.\-/@\"']*+)"
    r"(?:\s*+(?:\+?=|:=|:(?!/))\s*+|\s++)(?P<value>\S.*+)"
)
_TAIL = pattern(r"\s[#;]\s.*+$")


class UnreadableTextError(ValueError):
    """A text that is not of the format that its name tells; its message says why."""


def settings_in(file: str, text: str) -> list[Setting]:
    """The settings of a text; none of one that is too long or cannot be read."""
    if len(text) > LONGEST or file.endswith(PROGRAMS):
        return []
    with suppress(UnreadableTextError):
        structured = structure(file, text)
        if isinstance(structured, dict | list):
            return list(_of_value(structured, "", "", 0))
    if file.endswith(STRUCTURED):
        return []
    if file.endswith(ROWS):
        rows = [line.strip() for line in text.splitlines() if line.strip()]
        return [Setting(file, words_of(file), tuple(rows), is_list=True)]
    if text.lstrip().startswith("<"):
        return list(_of_elements(text))
    return list(_of_lines(text))


def structure(file: str, text: str) -> Json:
    """What a text of YAML, JSON or TOML holds, one value for each document; None for other formats.
    Raises UnreadableTextError."""
    try:
        if file.endswith(".json"):
            parsed: Json = json.loads(text)
            return parsed
        if file.endswith(".toml"):
            import tomllib  # few files are TOML

            return tomllib.loads(text)
        if file.endswith(STRUCTURED) or _looks_structured(file, text):
            documents = [document.body() for document in load_all(text, file)]
            return documents[0] if len(documents) == 1 else documents
    except (PolicylintError, ValueError, RecursionError) as error:
        raise UnreadableTextError(str(error)) from None
    return None


def _looks_structured(file: str, text: str) -> bool:
    """Whether a text without the ending of another format may be YAML: its first line is a key."""
    if "." in file.rpartition("/")[2]:
        return False
    first = next((line for line in text.splitlines() if line.strip() and line[0] not in "#"), "")
    return first.rstrip().endswith(":") or ": " in first or first.startswith(("{", "- ", "---"))


def _of_value(value: Any, name: str, words: str, depth: int) -> Iterator[Setting]:
    """Every plain value below, by the names that lead to it; the items of a list by what names
    them, and the list itself as the names of its items."""
    if depth > DEEPEST:
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            below = f"{name}.{key}" if name else str(key)
            yield from _of_value(item, below, f"{words} {words_of(str(key))}".strip(), depth + 1)
    elif isinstance(value, list):
        yield Setting(name, words, tuple(_named(item) for item in value), is_list=True)
        for item in value:
            if isinstance(item, Mapping):
                yield from _of_value(item, f"{name}[{_named(item)}]", words, depth + 1)
    elif name:
        yield Setting(name, words, (_plain(value),))


def _named(item: Any) -> str:
    """What tells an item from others: a plain one's text, or the value of a key that names it."""
    if not isinstance(item, Mapping):
        return _plain(item)
    for key in NAMES:
        if isinstance(item.get(key), str | int):
            return str(item[key])
    first = next((key for key, inner in item.items() if inner is not None), "")
    if isinstance(item.get(first), str | int):
        return f"{first} {item[first]}"
    return str(first)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return ""
    if isinstance(value, Mapping | list):
        return json.dumps(value, sort_keys=True, default=str)
    return str(value)


def _of_lines(text: str) -> Iterator[Setting]:
    """`key = value`, `key: value`, `key value` below their [section] or block { }."""
    section, blocks = "", list[str]()
    for line in map(str.strip, text.splitlines()):
        if not line or line.startswith(_COMMENT):
            continue
        if line.startswith("[") and line.endswith("]"):
            section = line.strip("[] ")
        elif line.endswith("{"):
            head = line[:-1].rstrip(" =")
            yield from _of_line(head, [section, *blocks])
            blocks.append(unquoted(head))
        elif line.startswith("}"):
            del blocks[-1:]
        elif not line.startswith(_STATEMENTS):
            yield from _of_line(line, [section, *blocks])


def _of_line(line: str, above: list[str]) -> Iterator[Setting]:
    matched = _LINE.match(_TAIL.sub("", line).rstrip("; ,"))
    if matched:
        names = [name for name in (*above, unquoted(matched["name"])) if name]
        words = " ".join(words_of(name) for name in names)
        yield Setting(".".join(names), words, (unquoted(matched["value"]),))


def _of_elements(text: str) -> Iterator[Setting]:
    """Elements of XML that hold a plain text, and Hadoop's properties."""
    for name, value in _PROPERTY.findall(text):
        yield Setting(name, words_of(name), (value.strip(),))
    for element in _ELEMENT.finditer(text):
        name = element["name"]
        if name not in ("name", "value"):
            yield Setting(name, words_of(name), (element["value"].strip(),))
