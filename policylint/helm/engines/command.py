"""The `helm template` command of a side, as it is run and as it may be shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from policylint.errors import UsageError
from policylint.helm.engines.crds import are_own
from policylint.helm.inputs.names import chart_word, namespace_name, release_name
from policylint.helm.inputs.sides import ChartSide
from policylint.redaction.collect import argument_secrets
from policylint.redaction.quoted import without
from policylint.redaction.texts import masked
from policylint.redaction.vocabulary import MASK

# Arguments of `helm upgrade`, `install` and `template` that change what is rendered or how a chart
# is fetched; they take part as they are. The value says whether an argument follows. Everything
# else either has a field of its own in ChartSide, has no effect on a render, or would write files
# or ask the cluster.
PASSED_ON = {
    "--ca-file": True,
    "--cert-file": True,
    "--content-cache": True,
    "--devel": False,
    "--disable-openapi-validation": False,
    "--enable-dns": False,
    "--insecure-skip-tls-verify": False,
    "--key-file": True,
    "--keyring": True,
    "--no-hooks": False,
    "--pass-credentials": False,
    "--password": True,
    "--plain-http": False,
    "--post-renderer": True,
    "--post-renderer-args": True,
    "--registry-config": True,
    "--repository-cache": True,
    "--repository-config": True,
    "--skip-schema-validation": False,
    "--skip-tests": False,
    "--username": True,
    "--verify": False,
}


_JOINED = frozenset(
    (
        "--api-versions",
        "--kube-version",
        "--namespace",
        "--repo",
        "--set",
        "--set-file",
        "--set-json",
        "--set-literal",
        "--set-string",
        "--values",
        "--version",
    )
)
"""Flags that get their value in the same word, so that no value is taken for a flag."""


def template_argv(helm: str, side: ChartSide) -> list[str]:
    """The argument list that renders `side`, and its CRDs too where they are not read from the
    chart's own files.

    Raises UsageError for an extra that is not safe, and for names that Helm would refuse.
    """
    check_extra(side.extra)
    argv = [helm, "template", release_name(side.release), chart_word(side.chart)]
    argv.append(f"--namespace={namespace_name(side.namespace)}")
    argv.append(f"--kube-version={full_version(side.kube_version)}")
    if not are_own(side):
        argv.append("--include-crds")
    if side.is_upgrade:
        argv.append("--is-upgrade")
    argv += [f"{flag}={value}" for flag, value in _template_flags(side)]
    return [*argv, *side.extra]


def _template_flags(side: ChartSide) -> Iterator[tuple[str, str]]:
    """(flag, value): what a side may say of its chart and its values."""
    for flag, value in (("--version", side.version), ("--repo", side.repo)):
        if value:
            yield flag, value
    for version in side.api_versions:
        yield "--api-versions", version
    yield from side.values.flags()


def full_version(kube_version: str) -> str:
    """ "1.36" as "1.36.0": given two numbers, Helm 4 shows templates another version than Helm 3
    does."""
    if re.fullmatch(r"v?\d+\.\d+", kube_version):
        return f"{kube_version}.0"
    return kube_version


def check_extra(extra: tuple[str, ...]) -> None:
    """Raise UsageError for an argument that would write files, ask the cluster or hide part of the
    output."""
    arguments = iter(extra)
    for argument in arguments:
        flag, equals, _ = argument.partition("=")
        if flag not in PASSED_ON:
            raise UsageError(
                f"{flag} cannot be passed on to `helm template`", remedy="leave it out of the check"
            )
        if PASSED_ON[flag] and not equals:
            next(arguments, None)


def shown(argv: list[str], side: ChartSide) -> str:
    """The command as a line of shell: secret-like values hidden, paths of a revision's copy as in
    the repository, a chart that was pulled as it was named."""
    import shlex

    if side.reference is not None and argv[1] == "template":
        named = side.reference
        extra = (*named.extra, *(word for word in side.extra if word not in named.extra))
        argv = template_argv(argv[0], replace(named, values=side.values, extra=extra))
    words = (side.as_named(word) for word in without_secrets(_as_typed(argv)))
    return " ".join(map(shlex.quote, words))


def _as_typed(argv: Iterable[str]) -> Iterator[str]:
    """The words with a blank between flag and value, as people type them."""
    for word in argv:
        flag, equals, value = word.partition("=")
        if equals and flag in _JOINED:
            yield from (flag, value)
        else:
            yield word


def without_secrets(argv: Iterable[str]) -> list[str]:
    """The words of a command with secret-like values and logins hidden."""
    words: list[str] = []
    flag = ""
    for word in argv:
        words.append(_hide(flag, word))
        flag = word if word.startswith("-") else ""
    return words


def argument_of(side: ChartSide, flag: str) -> str:
    """What follows a flag among the further arguments, after a blank or `=`; "" where it is not
    there."""
    for number, argument in enumerate(side.extra):
        name, equals, value = argument.partition("=")
        if name == flag:
            if equals:
                return value
            return next(iter(side.extra[number + 1 :]), "")
    return ""


def _hide(flag: str, word: str) -> str:
    if word.startswith("--") and "=" in word:
        name, _, value = word.partition("=")
        return f"{name}={_hide(name, value)}"
    if flag in ("--password", "--username", "-p", "-u"):
        return MASK
    if flag.startswith("--set") and flag != "--set-file":
        return without(word, argument_secrets(flag, word), MASK)
    return masked(word)
