"""`policylint check -- helm upgrade ...`: the command that is about to run becomes the options of the check."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from msgspec.structs import replace

from policylint.errors import UsageError
from policylint.invocations.argv import Command, parse
from policylint.invocations.commands import parse_command
from policylint.invocations.model import Invocation
from policylint.invocations.text import Text, Word
from policylint.invocations.wrappers import Call, calls
from policylint.model import Apply
from policylint.options import Options
from policylint.sources.sides import ValuesInput, default_namespace
from policylint.values.modes import Mode

_ACTIONS = ("install", "upgrade", "template")
_SETS = ("set", "set_string", "set_json", "set_file", "set_literal")


def from_command(options: Options) -> tuple[Options, Invocation]:
    """The options with what the helm command says, and the command as a subject of rules.

    What the user gives to policylint itself wins. Raises `UsageError` for a command that installs or upgrades nothing.
    """
    call, command = _parsed(options.command)
    invocation = parse_command(options.command)
    assert invocation is not None  # noqa: S101  the same words were parsed above
    invocation = dataclasses.replace(invocation, file="the command")
    release, chart = _name(command, "release"), _name(command, "chart")
    if command.action == "rollback" and release:
        return _rollback(options, command, release), invocation
    if command.action not in _ACTIONS or not chart:
        raise UsageError(
            f"this command upgrades nothing: {' '.join(options.command)}",
            remedy="policylint check -- helm upgrade --install RELEASE CHART ...",
        )
    word = call.word.text.text
    own = replace(
        options,
        after=options.after or chart,
        release=options.release or release,
        namespace=options.namespace or _value(command, "namespace"),
        values=_values(options.values, command),
        version=options.version or _value(command, "version"),
        repo=options.repo or _value(command, "repo"),
        kube_version=options.kube_version or _value(command, "kube-version"),
        api_versions=(*options.api_versions, *_every(command, "api-versions")),
        post_renderer=options.post_renderer or _value(command, "post-renderer"),
        helm=options.helm or (word if "/" in word else ""),
        apply=options.apply or _apply(command),
        force=options.force or _is_set(command, "force"),
        values_mode=options.values_mode or _mode(command),
        command=(),
    )
    return own, invocation


def _rollback(options: Options, command: Command, release: str) -> Options:
    """The check of `helm rollback RELEASE [REVISION]`: of the release in the cluster, or the record given as a side."""
    namespace = options.namespace or _value(command, "namespace") or default_namespace()
    named = options.before or options.after
    return replace(
        options,
        before="",
        after=named or f"release:{namespace}/{release}",
        release=release,
        namespace=namespace,
        rollback=options.rollback or _name(command, "revision") or "0",
        force=options.force or _is_set(command, "force"),
        command=(),
    )


def _name(command: Command, slot: str) -> str:
    """A word of the command by its place; "" where there is none or it is not known."""
    return command.names[slot].text.known or "" if slot in command.names else ""


def _parsed(words: Sequence[str]) -> tuple[Call, Command]:
    found = next(
        (call for call in calls([Word(Text.of(word), word) for word in words]) if isinstance(call, Call)), None
    )
    command = parse(found.words, found.tool) if found and found.tool == "helm" else None
    if found is None or command is None:
        raise UsageError(
            f"this is no helm command: {' '.join(words)}",
            remedy="policylint check -- helm upgrade --install RELEASE CHART",
        )
    return found, command


def _value(command: Command, name: str) -> str:
    given = command.last(name)
    return str(given.data) if given is not None and isinstance(given.data, str) else ""


def _every(command: Command, name: str) -> tuple[str, ...]:
    return tuple(given.value.text for given in command.given if given.option.name == name and given.value is not None)


def _is_set(command: Command, name: str) -> bool:
    given = command.last(name)
    return given is not None and given.state == "set"


def _values(values: ValuesInput, command: Command) -> ValuesInput:
    files = tuple(file for given in _every(command, "values") for file in given.split(","))
    sets = {name: (*_every(command, name.replace("_", "-")), *getattr(values, name)) for name in _SETS}
    return ValuesInput(files=(*files, *values.files), **sets)


def _apply(command: Command) -> Apply | None:
    """What `--server-side` of Helm 4 says; auto and silence leave it to the line and the record."""
    given = command.last("server-side")
    if given is None or given.data == "auto":
        return None
    return Apply.CLIENT_SIDE if given.data in (False, "false") else Apply.SERVER_SIDE


def _mode(command: Command) -> str:
    """The values mode of the flags; reset wins over reuse, reuse over reset-then-reuse."""
    modes = (Mode.RESET, Mode.REUSE, Mode.RESET_THEN_REUSE)
    return next((str(mode) for mode in modes if _is_set(command, mode.flag.removeprefix("--"))), "")
