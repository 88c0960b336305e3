"""Tasks and actions that run Helm for a pipeline: their inputs become Helm's flags, by
data/actions.yaml."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from policylint.kyaml.tables import table
from policylint.scan.invocations.model import Flag, Invocation, Job
from policylint.scan.scripts.ci import script
from policylint.scan.shells import argv
from policylint.scan.shells import flags as tables
from policylint.scan.shells.syntax import prepare
from policylint.scan.shells.words import split
from policylint.scan.texts.source import Place, Source
from policylint.scan.texts.text import Text
from policylint.scan.texts.yaml import Tree
from policylint.scan.texts.yamlscalars import text_of

_TRUE = ("true", "yes", "on", "1", "enabled")
_FALSE = ("false", "no", "off", "0", "disabled", "")


@functools.cache
def rows() -> tuple[Mapping[str, Any], ...]:
    """data/actions.yaml."""
    return tuple(table("actions"))


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
        node = self._input(name)
        if node is not None and node.scalar:
            return self.fill(text_of(node))
        return None

    def _input(self, name: str) -> Tree | None:
        """The node of an input, whatever the case of its name, as GitHub and Azure read it."""
        if self.inputs is None:
            return None
        exact = self.inputs.get(name)
        if exact is not None:
            return exact
        for key, value in self.inputs.pairs():
            if key.lower() == name.lower():
                return value
        return None


def invocation(step: Step, row: Mapping[str, Any]) -> Iterator[Invocation]:
    """What one step does with Helm."""
    if "script" in row:
        yield from _scripts(step, row)
    elif _applies(step, row):
        yield _invocation(step, row)


def _applies(step: Step, row: Mapping[str, Any]) -> bool:
    """Whether the inputs are those with which the action runs Helm."""
    for name, expression in row.get("when", {}).items():
        text = step.text(name)
        if text is None or not re.fullmatch(expression, text.text, re.IGNORECASE):
            return False
    return True


def _invocation(step: Step, row: Mapping[str, Any]) -> Invocation:
    action = _action(step, row)
    place = step.source.place(step.node.start)
    raw = _arguments(step, row)
    names = {name: _name(step, inputs) for name, inputs in row.get("names", {}).items()}
    flags = _flags(step, row, action)
    if raw is not None:
        _add_arguments(raw, flags, names, place)
    for name in ("version", "namespace"):
        if names.get(name) is not None:
            flags.setdefault(name, Flag("set", _known(names.get(name)), place, name))
    return Invocation(
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
        dynamic=_is_dynamic(raw),
        written={name: argv.shown(text) for name, text in names.items() if text is not None},
        job=step.job,
        syntax="yaml",
        span=step.source.place(step.node.start, step.node.end),
    )


def _add_arguments(
    raw: argv.Command, flags: dict[str, Flag], names: dict[str, Text | None], place: Place
) -> None:
    """Add the flags of an input that holds raw arguments: they win over the other inputs."""
    for word in raw.flags:
        name = tables.canonical(word.option.name)
        flags[name] = Flag(word.state, word.data, place, word.written)
        if name in ("version", "namespace"):
            names[name] = word.value


def _is_dynamic(raw: argv.Command | None) -> bool:
    if raw is None:
        return False
    return raw.dynamic or any(word.text.untold for word in raw.positionals)


def _action(step: Step, row: Mapping[str, Any]) -> str:
    """Helm's verb: the input that names it, the one of a task, or the action's own."""
    if "command" in row:
        return _commanded(step, row)
    own: str = row["action"]
    task: Mapping[str, str] = row.get("task", {})
    name = step.text(task["input"]) if task else None
    if name is not None:
        return task.get(name.known or "", own)
    return own


def _commanded(step: Step, row: Mapping[str, Any]) -> str:
    command = step.text(row["command"])
    if command is not None and command.known is None:
        # which verb it is cannot be told; a step that names a release deploys it
        is_release = any(step.text(name) for name in row["names"]["release"])
        if is_release:
            return "upgrade"
        return ""
    verb: str = (command.known or "") if command is not None else row["default"]
    return tables.verbs().get(verb, verb)


def _name(step: Step, inputs: list[str]) -> Text | None:
    for name in inputs:
        text = step.text(name)
        if text is not None and text.text:
            return text
    return None


def _known(text: Text | None) -> str | None:
    if text is not None:
        return text.known
    return None


def _flags(step: Step, row: Mapping[str, Any], action: str) -> dict[str, Flag]:
    """The flags that the inputs set; `only` says, for each verb, which flags the action hands
    on."""
    place = step.source.place(step.node.start)
    flags: dict[str, Flag] = {}
    if "only" not in row:
        allowed = None
        if action in ("upgrade", "install"):
            flags |= _always(row, place)
    elif action not in row["only"]:
        return {}
    else:
        allowed = row["only"][action]
        flags |= _always(row, place)
    for name, flag in row.get("switches", {}).items():
        text = step.text(name)
        if text is not None and flag:
            flags[flag] = _switch(text, step, name)
    if allowed is not None:
        flags = {flag: value for flag, value in flags.items() if flag in allowed}
    return flags | _texts(step, row, place)


def _always(row: Mapping[str, Any], place: Place) -> dict[str, Flag]:
    """What the action sets by itself."""
    return {
        flag: Flag("set" if value else "unset", value, place)
        for flag, value in row.get("always", {}).items()
    }


def _texts(step: Step, row: Mapping[str, Any], place: Place) -> dict[str, Flag]:
    flags: dict[str, Flag] = {}
    for name, flag in row.get("texts", {}).items():
        text = step.text(name)
        if text is not None and text.text:
            flags[flag] = Flag("set", text.known, place, name)
    return flags


def _switch(text: Text, step: Step, name: str) -> Flag:
    place = step.source.place(text.start if text.start >= 0 else step.node.start)
    known = text.known
    if known is None:
        return Flag("unknown", None, place, name)
    if known.lower() in _FALSE:
        return Flag("unset", False, place, name)
    return Flag("set", True if known.lower() in _TRUE else known, place, name)


def _arguments(step: Step, row: Mapping[str, Any]) -> argv.Command | None:
    """The input that holds raw arguments, as they would follow `helm upgrade`."""
    if "arguments" in row:
        text = step.text(row["arguments"])
    else:
        text = None
    if text is not None:
        return argv.parse([*split(Text.of("upgrade")), *split(text)])
    return None


def _list(step: Step, inputs: list[str], between: str = r"\n+") -> Iterator[str]:
    """The items of an input: a YAML or JSON list, or a text with something between them."""
    for name in inputs:
        node = step.inputs.get(name) if step.inputs else None
        if node is not None and (node.mapping or list(node.items())):
            yield from (argv.shown(text_of(item)) for item in node.items())
            yield from (f"{key}={value.value()}" for key, value in node.pairs())
        else:
            yield from _split(step.text(name), between)


def _split(text: Text | None, between: str) -> Iterator[str]:
    if text is None:
        return
    stripped = text.text.strip().strip("[]")
    for part in re.split(between, argv.shown(Text.of(stripped))):
        if part.strip():
            yield part.strip(" \"'")


def _scripts(step: Step, row: Mapping[str, Any]) -> Iterator[Invocation]:
    known = dict(step.known or {})
    for name in row["script"]:
        node = step.inputs.get(name) if step.inputs else None
        if node is None or not node.scalar:
            continue
        for command in script(step.source, _led(step, row, text_of(node)), known, step.job):
            is_helm = command.tool == "helm"
            yield replace(command, tool="github-action" if is_helm else command.tool)


def _led(step: Step, row: Mapping[str, Any], text: Text) -> Text:
    """A script with the program in front that the action runs, where it names none itself."""
    if re.search(r"\bhelm(?:file)?\b", text.text):
        return text
    if "program" not in row and not re.match(r"\s*[a-z]+\s", text.text):
        return text
    program = f"{row.get('program', 'helm')} "
    return Text(program, (step.node.start,) * len(program), "." * len(program)) + text
