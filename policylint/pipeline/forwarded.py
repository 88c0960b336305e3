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
    given = {**os.environ, **_assigned(words)}
    invocation = parse_command(words)
    assert invocation is not None  # noqa: S101  the same words were parsed above
    environment = {name: value for name, value in given.items() if name.startswith("HELM_")}
    invocation = replace(
        invocation, file="the command", environment={**invocation.environment, **environment}
    )
    _check_values(command)
    release, chart = _name(command, "release"), _name(command, "chart")
    options = replace(
        options, namespace=options.namespace or _value(command, "namespace") or _namespace(given)
    )
    if command.action == "rollback" and release:
        return _rollback(options, command, release), (invocation,)
    if command.action not in _ACTIONS or not chart:
        raise UsageError(
            f"this command upgrades nothing: {' '.join(without_secrets(words))}",
            remedy="policylint check -- helm upgrade --install RELEASE CHART ...",
        )
    return _upgrade(options, command, call, release, chart), (invocation,)


def _upgrade(options: Options, command: Command, call: Call, release: str, chart: str) -> Options:
    """The check of an install, upgrade or template."""
    helm, line = _program(call)
    return replace(
        options,
        after=options.after or chart,
        release=options.release or release,
        values=_values(options.values, command),
        version=options.version or _value(command, "version"),
        repo=options.repo or _value(command, "repo"),
        kube_version=options.kube_version or _value(command, "kube-version"),
        api_versions=(*options.api_versions, *_every(command, "api-versions")),
        post_renderer=options.post_renderer or _value(command, "post-renderer"),
        helm=options.helm or helm,
        helm_version=options.helm_version or (line if not options.helm else ""),
        apply=options.apply or _apply(command),
        force=options.force or _is_set(command, "force"),
        values_mode=options.values_mode or _mode(command),
        extra=(*options.extra, *_passed_on(command)),
        command=(),
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


def _namespace(given: Mapping[str, str]) -> str:
    return given.get("HELM_NAMESPACE", "")


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
    for given in command.given[-1:]:
        if (
            given.option.takes == "yes"
            and len(given.words) == 1
            and given.value
            and given.value.known is None
        ):
            raise UsageError(
                f"flag needs an argument: {given.written}", remedy="complete the command"
            )


def _passed_on(command: Command) -> tuple[str, ...]:
    """The flags that change what is rendered or how a chart is fetched; a post-renderer is never
    run."""
    found = []
    for given in command.given:
        flag = f"--{given.option.name}"
        takes = PASSED_ON.get(flag)
        if takes is None or given.state != "set" or flag.startswith("--post-renderer"):
            continue
        found.append(f"{flag}={given.value.text}" if takes and given.value else flag)
    return tuple(found)


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
        command=(),
    )


def _name(command: Command, slot: str) -> str:
    """A word of the command by its place; "" where there is none or it is not known."""
    return command.names[slot].text.known or "" if slot in command.names else ""


def _parsed(words: Sequence[str]) -> tuple[Call, Command]:
    found = next(
        (
            call
            for call in calls([Word(Text.of(word), word) for word in words])
            if isinstance(call, Call)
        ),
        None,
    )
    command = parse(found.words, found.tool) if found and found.tool == "helm" else None
    if found is None or command is None:
        raise UsageError(
            f"this is no helm command: {' '.join(without_secrets(words))}",
            remedy="policylint check -- helm upgrade --install RELEASE CHART",
        )
    return found, command


def _value(command: Command, name: str) -> str:
    given = command.last(name)
    return str(given.data) if given is not None and isinstance(given.data, str) else ""


def _every(command: Command, name: str) -> tuple[str, ...]:
    return tuple(
        given.value.text
        for given in command.given
        if given.option.name == name and given.value is not None
    )


def _is_set(command: Command, name: str) -> bool:
    given = command.last(name)
    return given is not None and given.state == "set"


def _values(values: ValuesInput, command: Command) -> ValuesInput:
    files = tuple(file for given in _every(command, "values") for file in given.split(","))
    sets = {
        name: (*_every(command, name.replace("_", "-")), *getattr(values, name)) for name in _SETS
    }
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
