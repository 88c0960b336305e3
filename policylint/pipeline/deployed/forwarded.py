"""`policylint check -- helm upgrade ...`: the command that is about to run becomes the options of
the check."""

from __future__ import annotations

import itertools
import os
import shlex
import shutil
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from policylint.errors import UsageError
from policylint.helm.engines.command import PASSED_ON, without_secrets
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.sides import ValuesInput, default_namespace
from policylint.helm.values.modes import Mode
from policylint.model import Apply
from policylint.runtime.patterns import pattern
from policylint.scan.invocations.commands import parse_command
from policylint.scan.invocations.model import Invocation
from policylint.scan.shells.argv import Command, parse
from policylint.scan.shells.wrappers import Call, calls, tool_of
from policylint.scan.texts.text import Text, Word

_LINE = pattern(r"(?<![\d.])v?([34])(?:\.\d+)*(?:\.exe)?$")
_ACTIONS = ("install", "upgrade", "template")
_SETS = ("set", "set_string", "set_json", "set_file", "set_literal")


def from_command(options: Options) -> tuple[Options, tuple[Invocation, ...]]:
    """The options with what the helm command says, and the command as a subject of rules.

    What the user gives to policylint itself wins; `helm diff upgrade` names an upgrade, but is none
    to judge. Raises `UsageError` for a command that installs or upgrades nothing.
    """
    words = _split(options.command)
    call, command = _parsed(words)
    if command.action == "diff":
        shown = list(words)
        shown.remove("diff")
        return from_command(replace(options, command=tuple(shown)))[0], ()
    variables = {**os.environ, **_assigned(words)}
    invocation = _invocation(words, variables)
    _check_values(command)
    release, chart = _name(command, "release"), _name(command, "chart")
    named = _value(command, "namespace") or variables.get("HELM_NAMESPACE", "")
    options = replace(options, namespace=options.namespace or named)
    if command.action == "rollback" and release:
        return _rollback(options, command, release), (invocation,)
    if command.action not in _ACTIONS or not chart:
        raise UsageError(
            f"this command upgrades nothing: {' '.join(without_secrets(words))}",
            remedy="policylint check -- helm upgrade --install RELEASE CHART ...",
        )
    return _upgrade(options, command, call, release, chart), (invocation,)


def _invocation(words: Sequence[str], variables: Mapping[str, str]) -> Invocation:
    """The command as a subject of rules, with Helm's own variables around it."""
    invocation = parse_command(words)
    assert invocation is not None  # noqa: S101  the same words were parsed before
    helms = {name: value for name, value in variables.items() if name.startswith("HELM_")}
    environment = {**invocation.environment, **helms}
    return replace(invocation, file="the command", environment=environment)


def _upgrade(options: Options, command: Command, call: Call, release: str, chart: str) -> Options:
    """The check of an install, upgrade or template: what the user gave to policylint wins."""
    helm, line = _program(call)
    stated = {
        "after": chart,
        "release": release,
        "version": _value(command, "version"),
        "repo": _value(command, "repo"),
        "kube_version": _value(command, "kube-version"),
        "post_renderer": _value(command, "post-renderer"),
        "helm": helm,
        "helm_version": "" if options.helm else line,
        "apply": _apply(command),
        "force": _is_set(command, "force"),
        "force_conflicts": _is_set(command, "force-conflicts"),
        "take_ownership": _is_set(command, "take-ownership"),
        "skip_crds": _is_set(command, "skip-crds"),
        "values_mode": _mode(command),
    }
    left_open = {name: value for name, value in stated.items() if not getattr(options, name)}
    return replace(
        options,
        values=_values(options.values, command),
        api_versions=(*options.api_versions, *_every(command, "api-versions")),
        extra=(*options.extra, *passed_on(command)),
        command=(),
        **left_open,
    )


def _split(words: Sequence[str]) -> tuple[str, ...]:
    """A command given as one word (`-- "helm upgrade ..."`) as its words."""
    if len(words) != 1 or " " not in words[0].strip():
        return tuple(words)
    try:
        return tuple(shlex.split(words[0]))
    except ValueError as error:
        raise UsageError(
            f"this is no command: {error}", remedy="give the words of the command as they are"
        ) from None


def _assigned(words: Sequence[str]) -> dict[str, str]:
    """The variables that stand before the command (`HELM_NAMESPACE=prod helm ...`, `env A=b helm
    ...`)."""
    pairs = (
        word.partition("=")
        for word in itertools.takewhile(lambda word: not tool_of(_word(word)), words)
    )
    return {name: value for name, equals, value in pairs if equals and name.isidentifier()}


def _word(word: str) -> Word:
    return Word(Text.of(word), word)


def _program(call: Call) -> tuple[str, str]:
    """(the helm binary to run, its line where there is none): `helm` itself is found as always."""
    word = call.word.text.text
    if word == "helm":
        return "", ""
    if shutil.which(word) or word.startswith((".", "/")):
        return word, ""
    named = _LINE.search(word)
    return "", named[1] if named else ""


def _check_values(command: Command) -> None:
    """Raise `UsageError` for a flag at the end whose argument is missing, in Helm's words."""
    for flag in command.flags[-1:]:
        alone = flag.option.takes == "yes" and len(flag.words) == 1
        if alone and flag.value and flag.value.known is None:
            raise UsageError(
                f"flag needs an argument: {flag.written}", remedy="complete the command"
            )


def passed_on(command: Command) -> tuple[str, ...]:
    """The flags that change what is rendered or how a chart is fetched, as far as they can be
    told; a post-renderer is never run."""
    flags = []
    for flag in command.flags:
        name = f"--{flag.option.name}"
        takes = PASSED_ON.get(name)
        if takes is None or flag.state != "set" or name.startswith("--post-renderer"):
            continue
        if flag.value and flag.value.known is None:
            continue
        flags.append(f"{name}={flag.value.text}" if takes and flag.value else name)
    return tuple(flags)


def _rollback(options: Options, command: Command, release: str) -> Options:
    """The check of `helm rollback RELEASE [REVISION]`: of the release in the cluster, or the record
    given as a side."""
    namespace = options.namespace or default_namespace()
    named = options.before or options.after
    return replace(
        options,
        before="",
        after=named or f"release:{namespace}/{release}",
        release=release,
        namespace=namespace,
        rollback=options.rollback or _name(command, "revision") or "0",
        force=options.force or _is_set(command, "force"),
        force_conflicts=options.force_conflicts or _is_set(command, "force-conflicts"),
        apply=options.apply or _apply(command),
        command=(),
    )


def _name(command: Command, slot: str) -> str:
    """A word of the command by its place; "" where there is none or it is not known."""
    if slot in command.names:
        return command.names[slot].text.known or ""
    return ""


def _parsed(words: Sequence[str]) -> tuple[Call, Command]:
    line = calls([Word(Text.of(word), word) for word in words])
    call = next((part for part in line if isinstance(part, Call)), None)
    if call and call.tool == "helm":
        command = parse(call.words, call.tool)
    else:
        command = None
    if call is None or command is None:
        raise UsageError(
            f"this is no helm command: {' '.join(without_secrets(words))}",
            remedy="policylint check -- helm upgrade --install RELEASE CHART",
        )
    return call, command


def _value(command: Command, name: str) -> str:
    flag = command.last(name)
    if flag is not None and isinstance(flag.data, str):
        return str(flag.data)
    return ""


def _every(command: Command, name: str) -> tuple[str, ...]:
    return tuple(
        flag.value.text
        for flag in command.flags
        if flag.option.name == name and flag.value is not None
    )


def _is_set(command: Command, name: str) -> bool:
    flag = command.last(name)
    return flag is not None and flag.state == "set"


def _values(values: ValuesInput, command: Command) -> ValuesInput:
    files = tuple(file for listed in _every(command, "values") for file in listed.split(","))
    sets = {}
    for name in _SETS:
        sets[name] = (*_every(command, name.replace("_", "-")), *getattr(values, name))
    return ValuesInput(files=(*files, *values.files), **sets)


def _apply(command: Command) -> Apply | None:
    """What `--server-side` of Helm 4 says; auto and silence leave it to the line and the record."""
    flag = command.last("server-side")
    if flag is None or flag.data == "auto":
        return None
    if flag.data in (False, "false"):
        return Apply.CLIENT_SIDE
    return Apply.SERVER_SIDE


def _mode(command: Command) -> str:
    """The values mode of the flags; reset wins over reuse, reuse over reset-then-reuse."""
    modes = (Mode.RESET, Mode.REUSE, Mode.RESET_THEN_REUSE)
    return next((str(mode) for mode in modes if _is_set(command, mode.flag.removeprefix("--"))), "")
