"""What Helm versions know: verbs, flags that came and went, leftovers of Helm 2."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from policylint.runtime.digits import whole_or
from policylint.scan.invocations.advice import declared_text
from policylint.scan.invocations.model import Invocation
from policylint.scan.shells import flags

_HELM2_VERBS = ("init", "reset", "serve", "home", "tiller")


def known_verb(verb: str) -> bool:
    """Whether all of a verb's flags are known, those included that help hides (found by trying, for
    these verbs)."""
    return verb in ("install", "upgrade", "rollback", "uninstall", "template")


def through_plugin(invocation: Invocation) -> bool:
    """Whether a plugin runs Helm's verb and may have flags of its own (`helm secrets upgrade`)."""
    return _plugins().search(declared_text(invocation)) is not None


@cache
def _plugins() -> re.Pattern[str]:
    names = "|".join(re.escape(word.split()[0]) for word in flags.notes()["wraps"])
    return re.compile(rf"\s(?:{names})\s")


@cache
def is_helm2(verb: str, name: str) -> bool:
    """Whether a flag is one of Helm 2's that neither Helm 3 nor 4 has on this verb."""
    listed = any(row["name"] == name and verb in row["verbs"] for row in flags.notes()["helm2"])
    return listed and not any(name in flags.options(line, verb) for line in flags.LINES)


def is_helm2_verb(verb: str) -> bool:
    """Whether the verb ended with Helm 2."""
    return verb in _HELM2_VERBS


def absent(version: str, verb: str, name: str) -> str:
    """Why an exact version lacks a flag that its line has; "" where it has it, or where only the
    line is known."""
    at = _numbers(version)
    if len(at) < 2:
        return ""
    reasons = (_reason(at, row) for row in _rows("changed", version, verb, name))
    return next(filter(None, reasons), "")


def _reason(at: tuple[int, ...], row: Mapping[str, Any]) -> str:
    """Why a version lacks the flag of a row of changes; "" where the row does not tell."""
    if "since" in row and at < _numbers(row["since"])[: len(at)]:
        return f"--{row['name']} came with Helm {row['since']}"
    if "absent" in row:
        first, last = (_numbers(word) for word in row["absent"].split(" - "))
        if len(at) == len(first) and first <= at <= last:
            return f"Helm {row['absent']} do not have --{row['name']}"
    return ""


def _rows(part: str, version: str, verb: str, name: str) -> Iterator[Mapping[str, Any]]:
    """The rows of a part of the notes that are about this flag."""
    for row in flags.notes()[part]:
        if row["line"] == version[:1] and row["name"] == name and verb in row["verbs"]:
            yield row


def refuses(version: str, verb: str, name: str, value: str) -> bool:
    """Whether a Helm stops at this value of a flag that it knows; an unknown patch of a line counts
    as its newest."""
    at = _numbers(version)
    for row in _rows("values", version, verb, name):
        matching = re.fullmatch(row.get("matching", r"(?!)"), value)
        refused = value in row.get("values", ()) or matching is not None
        old = "since" not in row or (len(at) > 1 and at < _numbers(row["since"])[: len(at)])
        if refused and old:
            return True
    return False


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(whole_or(part, 0) for part in re.findall(r"[0-9]+", version)[:3])
