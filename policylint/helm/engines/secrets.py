"""The secrets of a side that is rendered, and helm's words without them.

They are collected only where helm said something: it quotes values, whole or in part, wherever they
come from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from policylint.errors import PolicylintError
from policylint.helm.engines.command import argument_of
from policylint.helm.inputs.sides import ChartSide
from policylint.helm.values import files as chart_files
from policylint.helm.values.chart import read_values
from policylint.helm.values.given import laid, read_file
from policylint.helm.values.tables import Table
from policylint.redaction.collect import argument_secrets, secret_lines, secret_values
from policylint.redaction.logins import without_logins
from policylint.redaction.quoted import without
from policylint.redaction.texts import secrets_in
from policylint.redaction.vocabulary import MASK
from policylint.runtime.patterns import pattern

_READ = pattern(rb" ?\$?\.Values\.[\w.]+")
_COMMENT = pattern(r"(?m)^[ \t]*#.*$")
_LITERAL = pattern(r"(?!/[\w.-]+(?:/[\w.-]+)+$)[^\s{}$()]+")
"""No template's own words, and no path of a container."""
_DOCUMENTS = (".md", "LICENSE")
_NAMES = ("password", "credential", "secret", "token", "certificate")
"""What secrets are called: no part of one, whatever is called after it."""
_TEXT = 512 * 1024
"""Larger files of a chart are data."""
_TEXTS = 1024
"""Files whose secrets are kept: those of a large chart and of its dependencies."""


class Secrets(Struct, frozen=True):
    """What is secret on a side, and the keys and names that are not."""

    known: frozenset[str]
    public: tuple[str, ...]

    def hidden(self, words: str) -> str:
        """Words of helm without the secrets that they quote, whole or in part."""
        return without_logins(without(words, self.known, MASK, self.public))


def secrets_of(side: ChartSide) -> Secrets:
    """The secrets of a side's values, of its chart and of its command line."""
    files = _files(side.chart)
    tables = [
        *_flag_values(side),
        *(_table(name, data) for name, data in files.items() if _is_values(name)),
    ]
    known = {
        *_typed(side),
        *_of_files(files),
        *(secret for table in tables for secret in secret_values(table)),
    }
    names = (side.release, side.namespace, side.chart, side.version, *side.values.files, *files)
    keys = (key for table in tables for key in _keys(table))
    called = (word for name in _NAMES for word in _spelled(name))
    public = (*map(without_logins, names), *keys, *_read_keys(files), *called)
    return Secrets(frozenset(known), public)


def _spelled(name: str) -> Iterator[str]:
    for text in (name, name.capitalize(), name.upper()):
        yield from (f"_{text}", f"-{text}", f"{text}s", f"{text}S")


def _flag_values(side: ChartSide) -> Iterator[Table]:
    """What each flag gives by itself, and all of them together as far as they can be read."""
    together: Table = {}
    for flag, argument in side.values.flags():
        with suppress(PolicylintError):
            yield laid({}, flag, argument, "4")
        with suppress(PolicylintError):
            together = laid(together, flag, argument, "4")
    yield together


def _typed(side: ChartSide) -> Iterator[str]:
    """The secrets that stand on the command line, and those of values files that are no YAML."""
    for flag, argument in side.values.flags():
        if flag == "--values":
            with suppress(PolicylintError):
                yield from secret_lines(read_file(argument), nested=True)
        else:
            yield from argument_secrets(flag, argument)
    for named in (side, side.reference or side):
        for address in (named.chart, named.repo):
            yield from secret_lines(address)
        yield argument_of(named, "--password")


def _of_files(files: dict[str, bytes]) -> Iterator[str]:
    """The secrets in what helm may quote: not in comments of values, which it never sees, nor in
    documentation."""
    for name, data in files.items():
        if len(data) > _TEXT or name.endswith(_DOCUMENTS):
            continue
        yield from _of_text(data.decode("utf-8", "replace"), is_values=_is_values(name))


@lru_cache(maxsize=_TEXTS)
def _of_text(text: str, *, is_values: bool) -> tuple[str, ...]:
    """Kept: one chart may fail to render for many releases, and in many trials of one."""
    if is_values:
        return tuple(secret_lines(_COMMENT.sub("", text), nested=True))
    return tuple(filter(_is_literal, secrets_in(text)))


def _is_literal(secret: str) -> bool:
    """Whether a template holds a secret itself, rather than what makes or reads one."""
    if secret.lstrip().startswith("-----BEGIN "):
        return "-----END " in secret and "{{" not in secret
    return _LITERAL.fullmatch(secret) is not None


def _files(chart: str) -> dict[str, bytes]:
    """The files of a chart by path, as far as they can be read, those of packed charts within it
    too."""
    path = Path(chart)
    files: dict[str, bytes] = {}
    with suppress(PolicylintError, OSError):
        if path.exists():
            if path.is_dir():
                files = chart_files.from_directory(path)
            else:
                files = chart_files.from_archive(path)
    for name in [name for name in files if name.endswith(".tgz")]:
        with suppress(PolicylintError):
            packed = chart_files.unpack(files.pop(name), name)
            files.update(
                {f"{name.removesuffix('.tgz')}/{inner}": data for inner, data in packed.items()}
            )
    return files


def _read_keys(files: dict[str, bytes]) -> Iterator[str]:
    """The values that templates read, by name."""
    for name, data in files.items():
        if "templates/" in name and b".Values." in data:
            yield from (key.decode() for key in _READ.findall(data))


def _is_values(name: str) -> bool:
    return name.rpartition("/")[2] == "values.yaml"


def _table(name: str, data: bytes) -> Table:
    with suppress(PolicylintError):
        return read_values(data.decode("utf-8", "replace"), name)
    return {}


def _keys(value: Any, path: str = "") -> Iterable[str]:
    """Every key, by the path to it: no secret."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield f"{path}.{key}"
            yield f"{path}/{key}".replace(".", "/")
            yield from _keys(item, f"{path}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from _keys(item, path)
