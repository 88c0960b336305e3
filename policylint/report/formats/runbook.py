"""A runbook in Markdown: how to go through with an upgrade that breaks something, step by step,
with the check after each step, and the way back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from shlex import quote

from msgspec import Struct

from policylint.errors import RuleFailure
from policylint.model import Category, Finding, Fix, Outcome, ResourceId
from policylint.report.formats.markdown import plain
from policylint.report.model import ChangeSummary, ReleaseReport, Report, release_name
from policylint.runtime.escapes import on_one_line
from policylint.runtime.patterns import pattern

_UPGRADE = pattern(r"^helm upgrade\b")
_COMMAND = pattern(r"^(?:kubectl|helm|flux|argocd)\s")
_TARGET = pattern(
    r"^kubectl (?P<verb>delete|patch|annotate|label)\s+(?P<what>[\w.,-]+\s+[\w.-]+)"
    r"(?:.*?(?P<namespace>\s-n\s+[\w.-]+))?"
)
_CHECKS = {
    "delete": "kubectl get {what}{namespace}  # must say NotFound before the next step",
    "patch": "kubectl get {what}{namespace} -o yaml  # must show the new value",
    "annotate": "kubectl get {what}{namespace} -o jsonpath='{{.metadata.annotations}}'",
    "label": "kubectl get {what}{namespace} --show-labels",
}
_ROLLED = ("Deployment", "StatefulSet", "DaemonSet")


class _Way(Struct, frozen=True):
    """A finding and the fix that goes through with it, in steps around the upgrade."""

    finding: Finding
    fix: Fix
    before: tuple[str, ...]
    upgrade: str
    after: tuple[str, ...]


def render(report: Report) -> str:
    """The runbook of all releases of a run."""
    lines = [
        "# Runbook",
        "",
        f"policylint's verdict is **{report.verdict}**. These are the steps for whoever goes"
        " through with it all the same: in this order, and no step before the check of the one"
        " before it holds.",
        "",
    ]
    lines += _unjudged("##", report.failures)
    for release in report.releases:
        lines += _release(release)
    if not report.releases:
        lines += ["There is no release to upgrade in this report.", ""]
    return "\n".join(lines)


def _release(release: ReleaseReport) -> Iterator[str]:
    # a break that is waived is one that somebody goes through with
    errors = [row for row in (*release.findings, *release.settled) if _blocks(row)]
    ways = [way for way in map(_way, errors) if way is not None]
    through = {way.finding.fingerprint for way in ways}
    blocked = [finding for finding in errors if finding.fingerprint not in through]
    yield from (f"## {plain(release_name(release))}", "")
    yield from _unjudged("###", release.failures)
    if blocked:
        yield from _blocked(blocked)
        return
    yield from ("### Before", "", *_numbered(_preparing(release, ways)))
    yield from ("### During", "", *_numbered(_during(release, ways)))
    yield from ("### After", "", *_numbered(_after(release, ways)))
    yield from ("### Back", "", *_back(release, ways))


def _unjudged(heading: str, failures: Sequence[RuleFailure]) -> Iterator[str]:
    """What nobody can promise of the steps below."""
    if not failures:
        return
    yield from (f"{heading} Not judged", "")
    yield "Settle this first: what could not be judged may break too."
    yield ""
    for failure in failures:
        about = f"{failure.resource}: " if failure.resource else ""
        yield f"- {plain(about + failure.message)}"
        if failure.remedy:
            yield f"    - {plain(failure.remedy)}"
    yield ""


def _blocks(finding: Finding) -> bool:
    return finding.severity == "error" and finding.direction == "upgrade"


def _way(finding: Finding) -> _Way | None:
    """The first fix that goes through with it: commands, with the upgrade among them; of a loss
    that is accepted, the upgrade alone."""
    for fix in finding.fixes:
        steps = tuple(map(on_one_line, fix.steps))
        at = next((place for place, step in enumerate(steps) if _UPGRADE.match(step)), -1)
        if at >= 0 and all(map(_COMMAND.match, steps[:at])):
            return _Way(finding, fix, steps[:at], steps[at], steps[at + 1 :])
    if finding.category is Category.DATA_LOSS:
        return _Way(finding, Fix("let it happen"), (), "", ())
    return None


def _blocked(findings: Iterable[Finding]) -> Iterator[str]:
    """What no command gets through with: the chart or the values have to change first."""
    yield "There is no way through as it is: change the chart or the values first."
    yield ""
    for finding in findings:
        yield f"- {_named(finding)} ({plain(', '.join(_whence(finding)))})"
        yield from (f"    - {plain(fix.title)}" for fix in finding.fixes)
    yield ""


Step = tuple[str, tuple[str, ...]]
"""What is done, and the lines of shell for it."""


def _numbered(steps: Iterable[Step]) -> Iterator[str]:
    for number, (words, commands) in enumerate(steps, 1):
        yield f"{number}. {words}"
        if commands:
            fence = "`" * max(3, *(_longest_fence(line) + 1 for line in commands))
            yield from ("", f"   {fence}sh", *(f"   {line}" for line in commands), f"   {fence}")
        yield ""


def _longest_fence(line: str) -> int:
    return max((len(run) for run in pattern(r"`+").findall(line)), default=0)


def _preparing(release: ReleaseReport, ways: Sequence[_Way]) -> Iterator[Step]:
    name, where = _address(release)
    yield (
        "See that the last revision is `deployed`, and write its number down as REVISION.",
        (f"helm history {name}{where} --max 5",),
    )
    yield (
        "Keep what runs now.",
        (
            f"helm get values {name}{where} -o yaml > values-before.yaml",
            f"helm get manifest {name}{where} > manifest-before.yaml",
        ),
    )
    touched = dict.fromkeys(way.finding.resource for way in ways if way.finding.resource)
    if touched:
        words = "Keep each object that is replaced or deleted, as the cluster has it."
        yield words, tuple(map(_kept_copy, touched))
    lost = [way.finding for way in ways if way.finding.category is Category.DATA_LOSS]
    if lost:
        what = "; ".join(map(_named, lost))
        yield f"Take a backup of the data that goes, and try to read it back: {what}.", ()


def _kept_copy(resource: ResourceId) -> str:
    return f"kubectl get {_object(_kind(resource), resource)} -o yaml > {_file(resource)}"


def _kind(resource: ResourceId) -> str:
    """With its group: other groups may have a kind of the name."""
    if resource.group:
        return f"{resource.kind.lower()}.{resource.group}"
    return resource.kind.lower()


def _object(kind: str, resource: ResourceId) -> str:
    """A resource as kubectl takes it, quoted for a shell."""
    if resource.namespace:
        where = f" -n {quote(resource.namespace)}"
    else:
        where = ""
    return on_one_line(f"{quote(kind)} {quote(resource.name)}{where}")


def _file(resource: ResourceId) -> str:
    return quote(on_one_line(f"{resource.kind}-{resource.name}.yaml".lower().replace("/", "-")))


def _during(release: ReleaseReport, ways: Sequence[_Way]) -> Iterator[Step]:
    done: set[str] = set()
    for way in ways:
        steps = [step for step in way.before if step not in done]
        done |= set(steps)
        if steps or way.fix.cost:
            cost = f" ({plain(way.fix.cost)})" if way.fix.cost else ""
            yield f"{_named(way.finding)}: {plain(way.fix.title)}{cost}.", tuple(_checked(steps))
    yield "Upgrade.", (_upgrade(release, ways),)


def _checked(steps: Iterable[str]) -> Iterator[str]:
    """The steps, each followed by the command that shows that it has worked."""
    for step in steps:
        yield step
        match = _TARGET.match(step)
        if match is not None:
            check = _CHECKS[match["verb"]]
            yield check.format(what=match["what"], namespace=match["namespace"] or "")


def _upgrade(release: ReleaseReport, ways: Sequence[_Way]) -> str:
    """One upgrade with the flags that any of the ways asks for."""
    commands = dict.fromkeys(way.upgrade.partition("  #")[0] for way in ways if way.upgrade)
    name, where = _address(release)
    if not commands:
        return f"helm upgrade {name} ...{where}"
    first, *rest = sorted(commands, key=len)
    known = first.split()
    extra = [word for line in rest for word in line.split() if word not in known]
    return " ".join(dict.fromkeys([*known, *extra]))


def _after(release: ReleaseReport, ways: Sequence[_Way]) -> Iterator[Step]:
    name, where = _address(release)
    yield "See that the release is `deployed`.", (f"helm status {name}{where}",)
    rolled = [change.resource for change in release.changes if _rolls(change)]
    if rolled:
        yield "Wait until every workload runs as it should.", tuple(map(_rollout, rolled))
    later = tuple(dict.fromkeys(step for way in ways for step in way.after))
    if later:
        yield "Then, and not before:", later


def _rolls(change: ChangeSummary) -> bool:
    rolls = change.impact in ("rolling-restart", "recreate", "create", "refused")
    return rolls and change.resource.kind in _ROLLED


def _rollout(resource: ResourceId) -> str:
    return f"kubectl rollout status {_object(resource.kind.lower(), resource)} --timeout=10m"


def _back(release: ReleaseReport, ways: Sequence[_Way]) -> Iterator[str]:
    name, where = _address(release)
    back = (f"helm rollback {name} REVISION{where}", f"helm status {name}{where}")
    last = ("Go back to the revision that was written down.", back)
    yield from _numbered((*_replaced_again(release, ways), last))
    lost = [way.finding for way in ways if way.finding.category is Category.DATA_LOSS]
    if lost:
        yield f"The rollback brings no data back: {'; '.join(map(_named, lost))}."
        yield ""
    for words in release.evidence.half_applied if release.evidence else ():
        yield f"Where a step before the upgrade is left out: {plain(words)}."
        yield ""


def _replaced_again(release: ReleaseReport, ways: Sequence[_Way]) -> Iterator[Step]:
    """What is replaced on the way there cannot be changed back either: it is replaced again; and
    so is what the rollback alone cannot change."""
    done = {way.finding.resource for way in ways}
    for way in ways:
        again = [step for step in way.before if step.startswith("kubectl delete ")]
        if again:
            words = f"{plain(str(way.finding.resource))} can be changed back no more than there."
            yield words, tuple(_checked(again))
    for row in release.changes:
        if row.rollback is Outcome.REJECTED and row.resource not in done:
            words = f"The rollback of {plain(str(row.resource))} is refused: replace it."
            yield words, (_replaced(row.resource),)


def _replaced(resource: ResourceId) -> str:
    return f"kubectl delete {_object(_kind(resource), resource)}"


def _address(release: ReleaseReport) -> tuple[str, str]:
    """The release's name, and the flag of its namespace, as a shell takes them."""
    if release.namespace:
        where = f" -n {quote(release.namespace)}"
    else:
        where = ""
    return on_one_line(quote(release.name or "RELEASE")), on_one_line(where)


def _whence(finding: Finding) -> Iterator[str]:
    """The rule, and the first place to look at."""
    yield finding.rule
    for place in finding.locations[:1]:
        yield f"{place.file}:{place.line}" if place.line else place.file


def _named(finding: Finding) -> str:
    about = f"{finding.resource}: " if finding.resource else ""
    return plain(f"{about}{finding.message}")
