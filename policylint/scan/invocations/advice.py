"""What the rules on invocations share: which ones deploy, how severe a habit is where, and fixes in
the user's file."""

from __future__ import annotations

from collections.abc import Mapping

from policylint.engine.rule import Context
from policylint.model import Fix, Grade, Severity
from policylint.runtime.patterns import pattern
from policylint.scan.invocations.edits import added, changed
from policylint.scan.invocations.model import Invocation
from policylint.scan.shells.flags import canonical, options

_LOCAL = pattern(r"^(?:\.{1,2}(?:/|$)|/|~|[A-Za-z]:\\|file:)|\.tgz$")
_REMOTE = pattern(r"^(?:oci|https?)://|^[A-Za-z0-9][\w.-]*/[\w.-]+$")
_FOLDERS = ("charts/", "chart/", "helm/", "deploy/", "infra/", "k8s/")
_EXACT = pattern(r"v?\d+\.\d+\.\d+(?:[-+][\w.+-]+)?")

_PART = pattern(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_DURATION = pattern(r"(?:\d+(?:\.\d+)?(?:ms|h|m|s))+")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_SOURCE = pattern(
    r"\b(?:repository|repo|repoURL|chart_repo_url|repositoryOpts|HelmRepository|remoteChart)\b"
)
_NAME = pattern(r"[A-Za-z0-9][\w.-]*")

FLAG_NAMES: Mapping[str, Mapping[str, str]] = {
    "4": {"atomic": "rollback-on-failure", "force": "force-replace"}
}
"""Helm 4's names of flags that Helm 3 calls otherwise."""


def installs_or_upgrades(invocation: Invocation) -> bool:
    """Whether it is a helm command that installs or upgrades a release for real."""
    return (
        invocation.tool == "helm"
        and invocation.action in ("install", "upgrade")
        and not invocation.pretends
    )


def changes_release(invocation: Invocation) -> bool:
    """Whether it installs or upgrades a release for real, by a command or a declaration."""
    return invocation.action in ("install", "upgrade") and not invocation.pretends


def severity(context: Context) -> Severity | None:
    """Error where habits are asked for, else what the rule says."""
    if context.asks_for_habits:
        return Severity.ERROR
    return None


def line_of(invocation: Invocation, context: Context) -> str:
    """The Helm line that runs it, "3" or "4": what the file says, else the target's."""
    if invocation.helm_version[:1] in ("3", "4"):
        return invocation.helm_version[:1]
    return context.target.helm


def spelled(name: str, line: str) -> str:
    """A flag of Helm 3's name as a Helm line calls it."""
    return f"--{FLAG_NAMES.get(line, {}).get(name, name)}"


def add_flag(invocation: Invocation, text: str, title: str, grade: Grade = Grade.SAFE) -> Fix:
    """A fix that writes a flag into the user's file, or says what to write where that cannot be
    done.

    One of grade manual has no edit: its text holds a word that only a person knows.
    """
    name = canonical(text.removeprefix("--").partition(" ")[0])
    edit = None
    if grade is not Grade.MANUAL:
        there = invocation.flag(name).origin is not None  # --atomic=false
        if there:
            edit = changed(invocation, name, text)
        else:
            edit = added(invocation, text)
    if edit is None:
        return Fix(title, steps=(f"add {text}",) if title != f"add {text}" else ())
    return Fix(title, grade, (), (edit,))


def replace_flag(
    invocation: Invocation, name: str, text: str, title: str, grade: Grade = Grade.SAFE
) -> Fix:
    """A fix that writes something else where a flag stands ("" takes it away, with the blank before
    it)."""
    edit = changed(invocation, name, text)
    if edit is None and text and invocation.flag(name).state == "unset":
        edit = added(invocation, text)
    if edit is None:
        return Fix(
            title,
            steps=(f"write {text}" if text else f"remove {invocation.flag(name).written or name}",),
        )
    return Fix(title, grade, (), (edit,))


def remove_flag(invocation: Invocation, name: str, title: str, grade: Grade = Grade.SAFE) -> Fix:
    """A fix that takes a flag away, with the blank before it."""
    return replace_flag(invocation, name, "", title, grade)


def seconds(text: str) -> float | None:
    """A duration as Go writes it ("5m0s", "1h30m"); None for anything else."""
    if not _DURATION.fullmatch(text):
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))


def is_remote(invocation: Invocation) -> bool:
    """Whether the chart comes from a repository or registry, as far as the words tell."""
    chart = invocation.chart
    if chart is None or _LOCAL.search(chart):
        return False
    if invocation.flag("repo").state == "set":
        return True
    if invocation.tool != "helm" and _NAME.fullmatch(chart):
        return _SOURCE.search(declared_text(invocation)) is not None
    return bool(_REMOTE.match(chart)) and not chart.startswith(_FOLDERS)


def declared_text(invocation: Invocation) -> str:
    """The text of a declaration or a command; "" where its place is not known."""
    source, span = invocation.source, invocation.span
    if source is None or span is None or span.start < 0 or span.file != invocation.file:
        return ""
    return source.text.encode()[span.start - source.offset : span.end - source.offset].decode(
        errors="replace"
    )


def is_exact(version: str) -> bool:
    """Whether a version names one chart and no range."""
    return _EXACT.fullmatch(version) is not None


def pinned_in_reference(chart: str) -> bool:
    """Whether the reference itself names a version or a digest: oci://...@sha256:..., a .tgz
    address."""
    return "@sha256:" in chart or chart.endswith(".tgz")


def tag_of(chart: str) -> str | None:
    """The tag in an address of a registry: Helm 3.17 and later take it for the version, older ones
    stop at it."""
    name, colon, tag = chart.rpartition("/")[2].partition("@")[0].partition(":")
    if chart.startswith("oci://") and name and colon:
        return tag
    return None


def known_to(line: str, verb: str, name: str) -> bool:
    """Whether a Helm line has a flag (by Helm 3's name) on a verb."""
    return any(canonical(option) == name for option in options(line, verb))
