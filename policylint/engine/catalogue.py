"""The catalogue of rules: for `policylint rules` and the generated pages."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from policylint.engine.rule import Rule
from policylint.errors import UsageError
from policylint.model import Category
from policylint.runtime import resources

SCHEMA = "policylint/rules/v1"


def as_json(rules: Iterable[Rule]) -> dict[str, Any]:
    """The catalogue as JSON values."""
    return {"schema": SCHEMA, "rules": [_row(rule) for rule in rules]}


def _row(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "pack": rule.pack,
        "title": rule.title,
        "category": str(rule.category),
        "severity": str(rule.severity),
        "confidence": str(rule.confidence),
        "since": rule.since,
        "subjects": [subject.__name__ for subject in rule.subjects],
        "params": dict(rule.params),
        "page": rule.page,
    }


def as_text(rules: Iterable[Rule]) -> str:
    """One line per rule, hardest category first."""
    rows = sorted(rules, key=_weight)
    width = max((len(rule.id) for rule in rows), default=0)
    return "".join(
        f"{rule.id:<{width}}  {rule.category:<15}  {rule.severity:<7}  {rule.title}\n"
        for rule in rows
    )


def page(rule: Rule) -> str:
    """A rule's page, as `policylint explain RULE` prints it."""
    weights = f"{rule.category} / {rule.severity} / {rule.confidence}"
    facts = f"{weights}, since {rule.since}, pack {rule.pack}"
    params = "".join(f"  {name}: {value!r}\n" for name, value in rule.params.items())
    return f"{rule.id}\n{facts}\n\n{rule.page}\n" + (f"\nParameters:\n{params}" if params else "")


def as_markdown(rules: Iterable[Rule]) -> str:
    """The generated catalogue page, `rules/README.md`."""
    rows = sorted(rules, key=_weight)
    lines = [
        "# The rules",
        "",
        "Generated from the rules by `make docs`; `policylint explain RULE` prints the same pages.",
        "",
        "| rule | category | severity | confidence | what it finds |",
        "|---|---|---|---|---|",
    ]
    lines += [
        (
            f"| [`{rule.id}`](#{rule.id}) | {rule.category} | {rule.severity} | "
            f"{rule.confidence} | {rule.title} |"
        )
        for rule in rows
    ]
    for rule in rows:
        body = rule.page.partition("\n")[2].strip()
        lines += ["", f"## {rule.id}", "", f"**{rule.title}**", "", body]
        if rule.params:
            params = ", ".join(f"`{name}: {value}`" for name, value in rule.params.items())
            lines += ["", f"Parameters: {params}"]
    return "\n".join(lines) + "\n"


def _weight(rule: Rule) -> tuple[int, int, str]:
    return list(Category).index(rule.category), -rule.severity.rank, rule.id


def schema(name: str) -> dict[str, Any]:
    """A published JSON Schema by name. Raises `UsageError`."""
    if name not in ("report", "config", "rule"):
        raise UsageError(
            f"no schema is called {name!r}", remedy="the schemas are report, config and rule"
        )
    document: dict[str, Any] = json.loads(resources.data(f"{name}.schema.json"))
    return document
