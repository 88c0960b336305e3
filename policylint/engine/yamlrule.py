"""Rules written in YAML: CEL over `object` and `oldObject`, with ValidatingAdmissionPolicy's words.

A true expression passes. `operations` are Kubernetes' own: CREATE sees `object`, UPDATE both,
DELETE `oldObject`. A rule may also judge all of a release, an invocation or a history. What is
not at hand (the values of manifests) is unknown to an expression that looks at it.
"""

from __future__ import annotations

import importlib
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from types import ModuleType
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from policylint.engine.rule import Context, Rule
from policylint.engine.shape import problems
from policylint.errors import PolicylintError, ReadError
from policylint.kyaml.load import compose, line_of, load
from policylint.model import (
    Category,
    Confidence,
    Created,
    Deleted,
    Direction,
    Fix,
    Grade,
    Json,
    Kept,
    Location,
    Severity,
    Upgrade,
    Violation,
)
from policylint.runtime.derived import derived
from policylint.runtime.pointers import value_at
from policylint.runtime.resources import data, rule_files

OPERATIONS: Mapping[str, type] = {"CREATE": Created, "UPDATE": Kept, "DELETE": Deleted}
OTHERS: Mapping[str, str] = {
    "release": "policylint.model.Upgrade",
    "invocation": "policylint.scan.invocations.model.Invocation",
    "history": "policylint.helm.inputs.revisions.History",
}
"""What a rule may judge beside one resource's change: found by name, as rules stand below them."""
_AS_JSON: Mapping[str, str] = {
    "invocation": "policylint.scan.invocations.model.as_json",
    "history": "policylint.helm.history.report.to_json",
}
"""What makes JSON values of a subject."""
_EDITS: Mapping[str, str] = {
    "add": "policylint.scan.invocations.advice.add_flag",
    "remove": "policylint.scan.invocations.advice.remove_flag",
}
"""What edits the user's file where a fix adds or removes a flag."""
_LAZY = ("objects", "oldObjects", "values", "oldValues", "release", "history", "invocation")
"""What is only made where an expression names it."""


class Expressions(Struct, frozen=True):
    """A YAML rule's expressions, ready to judge a subject."""

    kinds: frozenset[str]
    conditions: tuple[str, ...]
    variables: Mapping[str, str]
    validations: tuple[Mapping[str, Any], ...]
    fixes: tuple[Mapping[str, Any], ...]
    fields: tuple[str, ...] = ()
    """Pointers of which one must change for it to have its say; none: whatever changes."""
    narrowed: Mapping[str, frozenset[str]] = {}
    """Of invocations: the tools, actions and flags (one of which is set) that it is about alone."""
    is_habit: bool = False
    """Whether it is an error in production, and where habits are asked for."""
    asks: tuple[str, ...] = ()
    """What its expressions name beside their subject, which is made for them alone."""

    @property
    def every(self) -> tuple[str, ...]:
        """All of them, each once."""
        return tuple(dict.fromkeys(expression for expression, _ in self.kinds_of_expressions()))

    def kinds_of_expressions(self) -> Iterator[tuple[str, str]]:
        """(expression, what it must give: condition, text, list or value)."""
        yield from ((condition, "condition") for condition in self.conditions)
        yield from ((expression, "value") for expression in self.variables.values())
        for validation in self.validations:
            for key, kind in _EXPRESSION_KEYS.items():
                if key in validation:
                    yield validation[key], kind
        for fix in self._all_fixes():
            if "stepsExpression" in fix:
                yield fix["stepsExpression"], "list"

    def _all_fixes(self) -> Iterator[Mapping[str, Any]]:
        yield from self.fixes
        for validation in self.validations:
            yield from validation.get("fixes", ())

    def __call__(self, subject: Any, context: Context) -> Iterator[Violation]:
        """One violation for each validation that is not true. Raises `ExpressionError` for one that
        cannot be evaluated."""
        if not (self._touches(subject) and self._concerns(subject)):
            return
        cel = _cel()
        purse = _purse(context)
        if purse.is_closed():
            return  # the verdict is unknown by what was told of an earlier subject
        bindings = self._bindings(subject, context, purse)
        if not all(cel.is_true(condition, bindings, purse) for condition in self.conditions):
            return
        for validation in self.validations:
            for own in _per_item(validation, bindings, purse):
                if not cel.is_true(validation["expression"], own, purse):
                    violation = self._violation(validation, subject, own, purse)
                    yield self._weighed(violation, context)

    def _touches(self, subject: Any) -> bool:
        """Whether one of its fields changes, which costs less to see than any expression."""
        if not self.fields or not isinstance(subject, Kept):
            return True
        paths = [change.path for change in subject.fields]
        return any(_meet(path, field) for path in paths for field in self.fields)

    def _concerns(self, subject: Any) -> bool:
        """Whether it is of a kind, or an invocation, that the rule is about."""
        if self.kinds:
            identity = subject.id
            return not self.kinds.isdisjoint((identity.kind, f"{identity.group}/{identity.kind}"))
        for key, names in self.narrowed.items():
            if names.isdisjoint(_facts(subject, key)):
                return False
        return True

    def _weighed(self, violation: Violation, context: Context) -> Violation:
        """A habit is an error where it is asked for, whatever the rule says."""
        if not (self.is_habit and context.asks_for_habits):
            return violation
        return replace(violation, severity=Severity.ERROR)

    def _bindings(self, subject: Any, context: Context, purse: Any) -> dict[str, Json]:
        bindings: dict[str, Json] = {
            "params": dict(context.params),
            "object": None,
            "oldObject": None,
        }
        if isinstance(subject, (Created, Kept, Deleted)):
            bindings["resource"] = _resource(subject)
        if isinstance(subject, (Created, Kept)):
            bindings["object"] = subject.after.body
        if isinstance(subject, (Kept, Deleted)):
            bindings["oldObject"] = subject.before.body
        for name in self.asks:
            bindings[name] = _binding(name, subject, context)
        bindings["variables"] = _cel().Variables(self.variables, bindings, purse)
        return bindings

    def _violation(
        self,
        validation: Mapping[str, Any],
        subject: Any,
        bindings: Mapping[str, Json],
        purse: Any,
    ) -> Violation:
        cel = _cel()
        texts = {name: validation.get(name, "") for name in ("message", "because", "path")}
        texts["message"] = texts["message"] or f"failed expression: {validation['expression']}"
        for name, words in texts.items():
            if f"{name}Expression" in validation:
                texts[name] = cel.text(validation[f"{name}Expression"], bindings, purse, words)
        severity, direction = validation.get("severity"), validation.get("direction", "upgrade")
        sides = [_at(bindings[name], texts["path"]) for name in ("oldObject", "object")]
        for number, key in enumerate(("beforeExpression", "afterExpression")):
            if key in validation:
                sides[number] = cel.value(validation[key], bindings, purse)
        names = _names_of(subject, sides)
        fixes = validation.get("fixes", self.fixes)
        return Violation(
            message=texts["message"],
            because=texts["because"],
            path=texts["path"],
            before=sides[0],
            after=sides[1],
            fixes=tuple(_fix(_told(fix, bindings, purse), names, subject) for fix in fixes),
            severity=Severity(severity) if severity else None,
            direction=Direction(direction),
            locations=_locations(validation, subject, bindings, purse),
        )


def _purse(context: Context) -> Any:
    """What the rule may still spend in this run."""
    if context.purse.content is None:
        context.purse.content = _cel().Purse()
    return context.purse.content


def _meet(path: str, field: str) -> bool:
    """Whether one of two pointers leads to the other."""
    return path == field or path.startswith(f"{field}/") or field.startswith(f"{path}/")


_EXPRESSION_KEYS: Mapping[str, str] = {
    "forEach": "list",
    "expression": "condition",
    "messageExpression": "text",
    "becauseExpression": "text",
    "pathExpression": "text",
    "beforeExpression": "value",
    "afterExpression": "value",
    "revisionsExpression": "value",
}


_NARROWED = ("tools", "actions", "flags")
"""Keys of rules on invocations, the cheapest to ask first."""


def _per_item(
    validation: Mapping[str, Any], bindings: Mapping[str, Json], purse: Any
) -> Iterator[Mapping[str, Json]]:
    """The bindings, once for each item where a validation is of several."""
    if "forEach" not in validation:
        yield bindings
        return
    for item in _cel().items(validation["forEach"], bindings, purse):
        yield {**bindings, "item": item}


def _binding(name: str, subject: Any, context: Context) -> Json:
    """What a name stands for; what is not at hand is unknown to whoever looks at it."""
    upgrade = subject if isinstance(subject, Upgrade) else context.upgrade
    if name in _AS_JSON and _full_name(type(subject)) == OTHERS[name]:
        return _found_by_name(_AS_JSON[name])(subject)
    if name in context.inputs:
        return context.inputs[name]
    if upgrade is None:
        return _cel().unknown(f"{name}: nothing is upgraded here")
    if name == "release":
        return _release(upgrade)
    if name in ("objects", "oldObjects"):
        if name == "objects":
            side = upgrade.after
        else:
            side = upgrade.before
        return [resource.body for resource in (*side.resources.values(), *side.hooks.values())]
    return _cel().unknown(f"{name}: not at hand in this run")


def _resource(change: Created | Kept | Deleted) -> Json:
    """What the subject is: its namespace too, where the manifest does not name one."""
    identity = change.id
    return {
        "group": identity.group,
        "kind": identity.kind,
        "namespace": identity.namespace,
        "name": identity.name,
        "shown": str(identity),
    }


def _release(upgrade: Upgrade) -> Json:
    target = upgrade.target
    return {
        "name": upgrade.release,
        "namespace": upgrade.namespace,
        "environment": target.environment,
        "kubernetes": target.kubernetes,
        "helm": target.helm,
        "apply": str(target.apply),
        "force": target.force,
        "forceConflicts": target.force_conflicts,
        "takeOwnership": target.take_ownership,
    }


def _facts(invocation: Any, key: str) -> tuple[str, ...]:
    """What an invocation is, by a key of the rules that narrow it: its tool, its action, the flags
    that are set."""
    if key == "flags":
        return tuple(name for name, flag in invocation.flags.items() if flag.state == "set")
    return (getattr(invocation, key.removesuffix("s")),)


def _locations(
    validation: Mapping[str, Any], subject: Any, bindings: Mapping[str, Json], purse: Any
) -> tuple[Location, ...]:
    """Where the flag is set that a validation is about, or the record of the revision."""
    if "flag" in validation:
        places: tuple[Location, ...] = subject.places(validation["flag"])
        return places
    if "revisionsExpression" in validation:
        numbers = _cel().value(validation["revisionsExpression"], bindings, purse)
        if isinstance(numbers, list):
            wanted = numbers
        else:
            wanted = [numbers]
        return tuple(
            subject.place(revision) for revision in subject.revisions if revision.number in wanted
        )
    return ()


def _at(body: Json, path: str) -> Json:
    """What a pointer leads to; None where it leads nowhere."""
    if path:
        return value_at(body, path)
    return None


def read_rule(text: str, path: str) -> Rule:
    """The rule of a file "pack/id.yaml". Raises `ReadError` with the line, the nearest key and
    CEL's own words for a file that is no rule."""
    raw = load(text, path)
    if not isinstance(raw, dict):
        raise ReadError("a rule is a mapping", file=path, line=1, remedy="policylint schema rule")
    root = compose(text, path)
    for where, message, remedy in problems(raw, schema()):
        raise ReadError(message, file=path, line=line_of(root, where), remedy=remedy)
    _refuse_misfits(raw, path, root)
    rule = rule_of(raw, path)
    for expression, kind in _expressions(rule):
        complaint = _cel().complaint(expression, kind, _names(raw))
        if complaint:
            line = _line_of_expression(text, expression)
            raise ReadError(
                f"the expression {expression!r}: {complaint}",
                file=path,
                line=line,
                remedy="the functions and variables: docs/policies.md",
            )
    return rule


@cache
def schema() -> dict[str, Any]:
    """The shape of a rule's file."""
    document: dict[str, Any] = json.loads(data("rule.schema.json"))
    return document


def _names(raw: Mapping[str, Any]) -> frozenset[str]:
    """The variables that a rule's expressions may name."""
    every: frozenset[str] = _cel().VARIABLES
    subject = raw.get("subject", "change")
    own = {"invocation": "invocation", "history": "history"}
    if subject != "change":
        without = {"object", "oldObject", "resource"}
    else:
        without = set()
    without |= {name for name in own if subject == "change" and name == "invocation"}
    return every - without


_OWN_KEYS: Mapping[str, str] = {
    **dict.fromkeys(("operations", "kinds", "fields"), "change"),
    **dict.fromkeys((*_NARROWED, "habit"), "invocation"),
}
"""Keys that only rules on one subject have."""


def _refuse_misfits(raw: Mapping[str, Any], path: str, root: Any) -> None:
    """Raise `ReadError` for keys of another subject."""
    subject = raw.get("subject", "change")
    for key, owner in _OWN_KEYS.items():
        if key in raw and owner != subject:
            if owner == "change":
                of_whom = "one resource's change"
            else:
                of_whom = f"an {owner}"
            raise ReadError(
                f"{key} is of rules on {of_whom}",
                file=path,
                line=line_of(root, (key,)),
                remedy=f"take {key} out, or write subject: {owner}",
            )


def _line_of_expression(text: str, expression: str) -> int:
    """The line where an expression begins; of a folded one the line of its first words."""
    first = (expression.strip().splitlines() or [""])[0].strip()
    for size in (len(first), 40, 20, 8):
        at = text.find(first[:size])
        if at >= 0:
            return text.count("\n", 0, at) + 1
    return 1


def rule_of(raw: Mapping[str, Any], path: str) -> Rule:
    """The rule of what a file says."""
    pack, _, name = path.replace("\\", "/").rpartition("/")
    title = str(raw["title"])
    return Rule(
        id=name.removesuffix(".yaml").removesuffix(".yml"),
        subjects=_subjects(raw),
        category=Category(raw.get("category", "practice")),
        severity=Severity(raw["severity"]),
        confidence=Confidence(raw.get("confidence", "certain")),
        since=str(raw.get("since", "0.1")),
        title=title,
        page=f"{title}.\n\n{raw.get('page', '').strip()}".strip(),
        check=expressions(raw),
        pack=pack.rpartition("/")[2] or "local",
        params=raw.get("params", {}),
        examples=tuple(raw.get("examples", ())),
    )


def _subjects(raw: Mapping[str, Any]) -> tuple[type, ...]:
    subject = raw.get("subject", "change")
    if subject == "change":
        return tuple(OPERATIONS[word] for word in raw.get("operations", ("CREATE", "UPDATE")))
    return (_found_by_name(OTHERS[subject]),)


def _found_by_name(full: str) -> Any:
    module, _, name = full.rpartition(".")
    return getattr(importlib.import_module(module), name)


def _full_name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def subject_names(raw: Mapping[str, Any]) -> frozenset[str]:
    """The full names of the types that a rule judges; none of them is loaded for it."""
    subject = raw.get("subject", "change")
    if subject != "change":
        return frozenset({OTHERS[subject]})
    words = raw.get("operations", ("CREATE", "UPDATE"))
    return frozenset(f"policylint.model.{OPERATIONS[word].__name__}" for word in words)


def shipped_rules(wanted: frozenset[str] = frozenset()) -> Iterator[Rule]:
    """The rules that come with policylint; with `wanted`, those that judge a type of such a
    name."""
    texts = dict(rule_files())
    contents = [text.encode() for text in texts.values()]
    read: Mapping[str, Json] = derived(
        "rules", contents, lambda: {path: load(text, path) for path, text in texts.items()}
    )
    for path, raw in read.items():
        if not wanted or wanted & subject_names(raw):
            yield rule_of(raw, path)


def _expressions(rule: Rule) -> tuple[tuple[str, str], ...]:
    """(expression, what it must give) of a rule."""
    if isinstance(rule.check, Expressions):
        return tuple(rule.check.kinds_of_expressions())
    return ()


def expressions(raw: Mapping[str, Any]) -> Expressions:
    """The expressions of a rule's mapping."""
    made = Expressions(
        kinds=frozenset(raw.get("kinds", ())),
        conditions=tuple(condition["expression"] for condition in raw.get("matchConditions", ())),
        variables={
            variable["name"]: variable["expression"] for variable in raw.get("variables", ())
        },
        validations=tuple(raw["validations"]),
        fixes=tuple(raw.get("fixes", ())),
        fields=tuple(raw.get("fields", ())),
        narrowed={key: frozenset(raw[key]) for key in _NARROWED if key in raw},
        is_habit=raw.get("habit", False),
    )
    text = " ".join(made.every)
    return replace(made, asks=tuple(name for name in _LAZY if name in text))


def _cel() -> ModuleType:
    # Loaded by name when the first expression is evaluated: most changes are of kinds that no rule
    # in YAML judges, and CEL takes longer to load than they take to judge.
    return importlib.import_module("policylint.engine.expressions")


def _names_of(subject: Any, sides: Sequence[Json]) -> dict[str, str]:
    """What stands for itself in a fix: <kind>, <resource> (as kubectl takes it), <name>,
    <namespace>, <before> and <after>; beside them <in-namespace> (` -n NAME`, "" where there is
    none)."""
    names = {"before": str(sides[0]), "after": str(sides[1])}
    identity = getattr(subject, "id", None)
    if identity is not None:
        names |= {"kind": identity.kind, "resource": identity.kind.lower()}
        names |= {"name": identity.name, "namespace": identity.namespace}
    elif _full_name(type(subject)) == OTHERS["history"]:
        names |= {"name": subject.title, "namespace": subject.namespace}
    return names


def _with_flag(names: Mapping[str, str]) -> dict[str, str]:
    """The names, and <in-namespace>."""
    namespace = names.get("namespace", "")
    return {**names, "in-namespace": f" -n {namespace}" if namespace else ""}


def _told(raw: Mapping[str, Any], bindings: Mapping[str, Json], purse: Any) -> Mapping[str, Any]:
    """A fix with its steps, where an expression makes them."""
    if "stepsExpression" not in raw:
        return raw
    steps = _cel().items(raw["stepsExpression"], bindings, purse)
    return {**raw, "steps": [_as_command(step) for step in steps]}


def _as_command(step: Json) -> str:
    """A step as text; the words of a command are quoted for the shell. Raises `PolicylintError`
    for what is neither text nor a list of words."""
    if isinstance(step, str):
        return step
    if isinstance(step, list) and all(isinstance(word, str) for word in step):
        return shlex.join(step)
    raise PolicylintError(
        f"a step of a fix is {step!r}, not text",
        remedy="give texts, or lists of the words of a command",
    )


def _filled(text: str, names: Mapping[str, str]) -> str:
    for key, value in names.items():
        text = text.replace(f"<{key}>", value)
    return text


def _fix(raw: Mapping[str, Any], names: Mapping[str, str], subject: Any) -> Fix:
    title = _filled(raw["title"], _with_flag(names))
    grade = Grade(raw.get("grade", "manual"))
    for key, writer in _EDITS.items():
        if key in raw:
            fix: Fix = _found_by_name(writer)(subject, raw[key], title, grade)
            return fix
    words = _with_flag({key: value and shlex.quote(value) for key, value in names.items()})
    steps = tuple(_filled(step, words) for step in raw.get("steps", ()))
    return Fix(title, grade, steps, cost=raw.get("cost", ""))
