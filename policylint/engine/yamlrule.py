"""Rules written in YAML: CEL over `object` and `oldObject`, with ValidatingAdmissionPolicy's words.

A true expression passes. `operations` are Kubernetes' own: CREATE sees `object`, UPDATE both,
DELETE `oldObject`.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

from msgspec import Struct

from policylint.engine.rule import Context, Rule
from policylint.errors import ReadError, nearest
from policylint.kyaml.load import load
from policylint.model import (
    Category,
    Confidence,
    Created,
    Deleted,
    Fix,
    Grade,
    Json,
    Kept,
    Severity,
    Violation,
)
from policylint.runtime.derived import derived
from policylint.runtime.resources import rule_files

OPERATIONS: Mapping[str, type] = {"CREATE": Created, "UPDATE": Kept, "DELETE": Deleted}
REQUIRED = ("title", "category", "severity", "operations", "validations", "page", "examples")
OPTIONAL = ("confidence", "since", "kinds", "matchConditions", "variables", "fixes", "params")
KEYS = frozenset((*REQUIRED, *OPTIONAL))


class Expressions(Struct, frozen=True):
    """A YAML rule's expressions, ready to judge a change."""

    kinds: frozenset[str]
    conditions: tuple[str, ...]
    variables: tuple[tuple[str, str], ...]
    validations: tuple[Mapping[str, str], ...]
    fixes: tuple[Mapping[str, Any], ...]

    @property
    def every(self) -> tuple[str, ...]:
        """All of them, each once."""
        of_validations = (
            validation[key]
            for validation in self.validations
            for key in ("expression", "messageExpression")
            if key in validation
        )
        of_variables = (expression for _, expression in self.variables)
        return tuple(dict.fromkeys((*self.conditions, *of_variables, *of_validations)))

    def __call__(self, change: Created | Kept | Deleted, context: Context) -> Iterator[Violation]:
        """One violation for each validation that is not true. Raises `ExpressionError` for one that
        cannot be evaluated."""
        if self.kinds and not self.kinds & {change.id.kind, f"{change.id.group}/{change.id.kind}"}:
            return
        bindings = self._bindings(change, context)
        if not all(_true(condition, bindings) for condition in self.conditions):
            return
        for validation in self.validations:
            if not _true(validation["expression"], bindings):
                yield self._violation(validation, change, bindings)

    def _bindings(self, change: Created | Kept | Deleted, context: Context) -> dict[str, Json]:
        bindings: dict[str, Json] = {
            "params": dict(context.params),
            "object": None,
            "oldObject": None,
        }
        if isinstance(change, (Created, Kept)):
            bindings["object"] = change.after.body
        if isinstance(change, (Kept, Deleted)):
            bindings["oldObject"] = change.before.body
        values: dict[str, Json] = {}
        bindings["variables"] = values
        for name, expression in self.variables:
            values[name] = _value(expression, bindings)
        return bindings

    def _violation(
        self,
        validation: Mapping[str, str],
        change: Created | Kept | Deleted,
        bindings: Mapping[str, Json],
    ) -> Violation:
        message = validation.get("message", f"failed expression: {validation['expression']}")
        if "messageExpression" in validation:
            message = str(_value(validation["messageExpression"], bindings))
        return Violation(
            message=message,
            because=validation.get("because", ""),
            path=validation.get("path", ""),
            fixes=tuple(_fix(fix, change) for fix in self.fixes),
        )


def read_rule(text: str, path: str) -> Rule:
    """The rule of a file "pack/id.yaml". Raises `ReadError` for a file that is no rule."""
    return rule_of(load(text, path), path)


def rule_of(raw: Json, path: str) -> Rule:
    """The rule of what a file says. Raises `ReadError` where that is no rule."""
    if not isinstance(raw, dict):
        raise ReadError(
            "a rule is a mapping", file=path, line=1, remedy="see an existing rule in rules/"
        )
    for key in raw.keys() - KEYS:
        raise ReadError(f"unknown key {key!r}", file=path, remedy=nearest(key, KEYS))
    for key in REQUIRED:
        if key not in raw:
            raise ReadError(f"a rule without {key}", file=path, remedy=f"add {key}: ...")
    pack, _, name = path.replace("\\", "/").rpartition("/")
    return Rule(
        id=name.removesuffix(".yaml"),
        subjects=tuple(OPERATIONS[word] for word in raw["operations"]),
        category=Category(raw["category"]),
        severity=Severity(raw["severity"]),
        confidence=Confidence(raw.get("confidence", "certain")),
        since=str(raw.get("since", "0.1")),
        title=raw["title"],
        page=f"{raw['title']}.\n\n{raw['page'].strip()}",
        check=expressions(raw, path),
        pack=pack.rpartition("/")[2] or "local",
        params=raw.get("params", {}),
        examples=tuple(raw["examples"]),
    )


def shipped_rules() -> Iterator[Rule]:
    """The rules that come with policylint."""
    texts = dict(rule_files())
    contents = [text.encode() for text in texts.values()]
    read: Mapping[str, Json] = derived("rules", contents, lambda: _read_all(texts))
    for path, raw in read.items():
        yield rule_of(raw, path)


def _read_all(texts: Mapping[str, str]) -> dict[str, Json]:
    """What the files say; their expressions are parsed and noted with them."""
    read = {path: load(text, path) for path, text in texts.items()}
    rules = [rule_of(raw, path) for path, raw in read.items()]
    _cel().note([expression for rule in rules for expression in _expressions(rule)])
    return read


def _expressions(rule: Rule) -> tuple[str, ...]:
    return rule.check.every if isinstance(rule.check, Expressions) else ()


def expressions(raw: Mapping[str, Any], path: str) -> Expressions:
    """The expressions of a rule's mapping. Raises `ReadError` where one is missing."""
    for validation in raw["validations"]:
        if "expression" not in validation:
            raise ReadError(
                "a validation without expression", file=path, remedy="add expression: ..."
            )
    return Expressions(
        kinds=frozenset(raw.get("kinds", ())),
        conditions=tuple(condition["expression"] for condition in raw.get("matchConditions", ())),
        variables=tuple(
            (variable["name"], variable["expression"]) for variable in raw.get("variables", ())
        ),
        validations=tuple(raw["validations"]),
        fixes=tuple(raw.get("fixes", ())),
    )


def _true(expression: str, bindings: Mapping[str, Json]) -> bool:
    holds: bool = _cel().is_true(expression, bindings)
    return holds


def _value(expression: str, bindings: Mapping[str, Json]) -> Json:
    value: Json = _cel().value(expression, bindings)
    return value


def _cel() -> ModuleType:
    # Loaded by name when the first expression is evaluated: most changes are of kinds that no rule
    # in YAML judges, and CEL takes longer to load than they take to judge.
    return importlib.import_module("policylint.engine.expressions")


def _fix(raw: Mapping[str, Any], change: Created | Kept | Deleted) -> Fix:
    names = {"kind": change.id.kind, "name": change.id.name, "namespace": change.id.namespace}

    def filled(text: str) -> str:
        for key, value in names.items():
            text = text.replace(f"<{key}>", value)
        return text

    steps = tuple(filled(step) for step in raw.get("steps", ()))
    return Fix(
        filled(raw["title"]), Grade(raw.get("grade", "manual")), steps, cost=raw.get("cost", "")
    )
