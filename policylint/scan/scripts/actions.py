"""Tasks and actions that run Helm for a pipeline: their inputs become Helm's flags, by
data/actions.yaml."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from policylint.runtime import resources
from policylint.scan.invocations.model import Flag, Invocation, Job
from policylint.scan.scripts.ci import script, variables
from policylint.scan.shells import argv
from policylint.scan.shells import flags as tables
from policylint.scan.shells.syntax import prepare
from policylint.scan.shells.words import split
from policylint.scan.texts.source import Source
from policylint.scan.texts.text import Text
from policylint.scan.texts.yaml import Tree
from policylint.scan.texts.yamlscalars import text_of

_TRUE = ("true", "yes", "on", "1", "enabled")
_FALSE = ("false", "no", "off", "0", "disabled", "")


@functools.cache
def rows() -> tuple[Mapping[str, Any], ...]:
    """data/actions.yaml."""
    return tuple(resources.table("actions"))


def row_of(name: str) -> Mapping[str, Any] | None:
    """The row of an action, task or step by its name without version; None for one that runs no
    Helm."""
    return next((row for row in rows() if re.fullmatch(row["match"], name, re.IGNORECASE)), None)


class Step(Struct, frozen=True):
    """One use of an action: the step's node (its first line is the place), the inputs, what
    surrounds it."""

    source: Source
    node: Tree
    inputs: Tree | None
    job: Job | None = None
    known: Mapping[str, Text] | None = None
    fill: Callable[[Text], Text] = prepare
    """Puts known variables in, and what cannot be told for the CI's own expressions."""

    def text(self, name: str) -> Text | None:
        """An input, templates as what cannot be told."""
        found = self.inputs.get(name) if self.inputs else None
        if found is None:
            found = (
                next((v for k, v in self.inputs.pairs() if k.lower() == name.lower()), None)
                if self.inputs
                else None
            )
        return self.fill(text_of(found)) if found is not None and found.scalar else None


def invocation(step: Step, row: Mapping[str, Any]) -> Iterator[Invocation]:
    """What one step does with Helm."""
    if "script" in row:
        yield from _scripts(step, row)
        return
    for name, pattern in row.get("when", {}).items():
        given = step.text(name)
        if given is None or not re.fullmatch(pattern, given.text, re.IGNORECASE):
            return
    action = _action(step, row)
    place = step.source.place(step.node.start)
    flags = _flags(step, row, action)
    raw = _arguments(step, row)
    names = {name: _name(step, inputs) for name, inputs in row.get("names", {}).items()}
    for word in raw.given if raw else ():
        name = tables.canonical(word.option.name)
        flags[name] = Flag(word.state, word.data, place, word.written)
        if name in ("version", "namespace"):
            names[name] = word.value
    for name in ("version", "namespace"):
        if names.get(name) is not None:
            flags.setdefault(name, Flag("set", _known(names.get(name)), place, name))
    yield Invocation(
        file=step.source.file,
        line=place.line,
        column=place.column,
        tool=row["tool"],
        action=action,
        release=_known(names.get("release")),
        chart=_known(names.get("chart")),
        version=_known(names.get("version")),
        namespace=_known(names.get("namespace")),
        flags=flags,
        values_files=(
            *_list(step, row.get("files", ()), r"[\n,;]+"),
            *(raw.values() if raw else ()),
        ),
        sets=(*_list(step, row.get("sets", ())), *(raw.sets() if raw else ())),
        dynamic=bool(raw and (raw.dynamic or any(word.text.untold for word in raw.positionals))),
        written={name: argv.shown(text) for name, text in names.items() if text is not None},
        job=step.job,
        syntax="yaml",
        span=step.source.place(step.node.start, step.node.end),
    )


def _action(step: Step, row: Mapping[str, Any]) -> str:
    if "command" in row:
        given = step.text(row["command"])
        if given is not None and given.known is None:  # a step that names a release deploys it
            return "upgrade" if any(step.text(name) for name in row["names"]["release"]) else ""
        word: str = (given.known or "") if given is not None else row["default"]
        return tables.verbs().get(word, word)
    task = row.get("task", {})
    given = step.text(task["input"]) if task else None
    found: str = task.get(given.known or "", row["action"]) if given is not None else row["action"]
    return found


def _name(step: Step, inputs: list[str]) -> Text | None:
    found = (step.text(name) for name in inputs)
    return next((text for text in found if text is not None and text.text), None)


def _known(text: Text | None) -> str | None:
    return text.known if text is not None else None


def _flags(step: Step, row: Mapping[str, Any], action: str) -> dict[str, Flag]:
    place = step.source.place(step.node.start)
    only = row.get("only", {}).get(action) if "only" in row else None
    deploys = action in ("upgrade", "install") if "only" not in row else True
    allowed = [*only] if only else None
    found: dict[str, Flag] = {}
    if deploys:
        for flag, value in row.get("always", {}).items():
            if allowed is None or flag in allowed:
                found[flag] = Flag("set" if value else "unset", value, place)
    if "only" in row and only is None:
        return {}
    for name, flag in row.get("switches", {}).items():
        given = step.text(name)
        if given is not None and flag and (allowed is None or flag in allowed):
            found[flag] = _switch(given, step, name)
    for name, flag in row.get("texts", {}).items():
        given = step.text(name)
        if given is not None and given.text:
            found[flag] = Flag("set", given.known, place, name)
    return found


def _switch(given: Text, step: Step, name: str) -> Flag:
    place = step.source.place(given.start if given.start >= 0 else step.node.start)
    known = given.known
    if known is None:
        return Flag("unknown", None, place, name)
    if known.lower() in _FALSE:
        return Flag("unset", False, place, name)
    return Flag("set", True if known.lower() in _TRUE else known, place, name)


def _arguments(step: Step, row: Mapping[str, Any]) -> argv.Command | None:
    given = step.text(row["arguments"]) if "arguments" in row else None
    return argv.parse([*split(Text.of("upgrade")), *split(given)]) if given is not None else None


def _list(step: Step, inputs: list[str], between: str = r"\n+") -> Iterator[str]:
    """The items of an input: a YAML or JSON list, or a text with something between them."""
    for name in inputs:
        node = step.inputs.get(name) if step.inputs else None
        text = step.text(name)
        if node is not None and (node.mapping or list(node.items())):
            yield from (argv.shown(text_of(item)) for item in node.items())
            yield from (f"{key}={value.value()}" for key, value in node.pairs())
        elif text is not None and text.text.strip():
            stripped = text.text.strip().strip("[]")
            parts = re.split(between, argv.shown(Text.of(stripped)))
            yield from (part.strip(" \"'") for part in parts if part.strip())


def _scripts(step: Step, row: Mapping[str, Any]) -> Iterator[Invocation]:
    known = {**(step.known or {}), **variables(None)}
    program = f"{row.get('program', 'helm')} "
    lead = Text(program, (step.node.start,) * len(program), "." * len(program))
    for name in row["script"]:
        node = step.inputs.get(name) if step.inputs else None
        if node is None or not node.scalar:
            continue
        text = text_of(node)
        if not re.search(r"\bhelm(?:file)?\b", text.text):
            text = lead + text if "program" in row or re.match(r"\s*[a-z]+\s", text.text) else text
        for found in script(step.source, text, known, step.job):
            yield replace(found, tool="github-action" if found.tool == "helm" else found.tool)
