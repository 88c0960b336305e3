"""The findings of a release, each with the smallest set of the user's changes that makes it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from itertools import chain

from msgspec.structs import replace

from policylint.advice.runbooks import ANYWHERE
from policylint.engine.judging import Judging
from policylint.errors import PolicylintError
from policylint.helm.inputs.sides import ChartSide, ManifestSide, ValuesInput
from policylint.helm.inputs.workspace import Workspace
from policylint.helm.render.parts import Change, Hunk, Part
from policylint.helm.render.rendering import Rendering
from policylint.helm.render.texts import renderer
from policylint.helm.values.blame import blamed
from policylint.helm.values.side import as_yaml
from policylint.model import Category, Finding, Fix, Kept, Location, Upgrade
from policylint.pipeline.blame.guesses import is_likely, likely_first, nearest_first
from policylint.pipeline.blame.places import Places
from policylint.pipeline.blame.trials import Trials, findings_of, only_of
from policylint.pipeline.budget import Budget, SpentError
from policylint.pipeline.case import values_change_of
from policylint.pipeline.judging.judge import Case, redactor_of
from policylint.pipeline.plan import Plan
from policylint.report.model import Evidence, ReleaseReport
from policylint.report.places import shown_path
from policylint.runtime.smallest import smallest

MOST_TOGETHER = 6
"""Changes that one finding is put down to; what takes more is not explained by naming them."""
MOST_NAMED = 3
"""Places that a step names."""
_OF_CHANGES = ("cause", "command", "record")


class Blame:
    """Names the causes of findings of a release, within what the budget of the run has left."""

    def __init__(self, budget: Budget, workspace: Workspace) -> None:
        self._budget = budget
        self._workspace = workspace

    def add(
        self,
        report: ReleaseReport,
        plan: Plan,
        rendering: Rendering,
        case: Case,
        upgrade: Upgrade,
        by: Judging,
    ) -> ReleaseReport:
        """The report with the causes of findings on what is rendered.

        Where the budget does not suffice, the likely cause is named and not `confirmed`.
        """
        whole = {rule.id for rule in by.rules if Upgrade in rule.subjects}
        asked = [finding for finding in report.findings if _is_open(finding, whole)]
        sides = self._sides(plan) if asked else None
        if sides is None:
            return report
        try:
            change = Change(*sides, rendering.line, self._workspace)
            places = _places(change, plan, upgrade)
            trials = self._trials(change, plan, rendering, case, only_of(asked, by))
            causes, left = self._causes(asked, trials, places, upgrade)
        except PolicylintError:  # the cause is a help, not a part of the judgement
            self._budget.is_cut = True
            return report
        guessed = _guessed(left, case, plan) if left else {}
        return _noted(_placed(report, {**causes, **guessed}), len(left), self._budget)

    def _sides(self, plan: Plan) -> tuple[ChartSide, ChartSide] | None:
        """Both sides as charts at hand; of a release's record, the old values on the new chart."""
        after, before = plan.after, plan.before
        if not isinstance(after, ChartSide) or not after.is_local:
            return None
        if isinstance(before, ChartSide):
            if before.is_local:
                return (before, after)
            return None
        if not isinstance(before, ManifestSide) or before.revision is None:
            return None
        file = self._workspace.directory() / "values.json"
        file.write_text(as_yaml(dict(before.revision.values)), "utf-8")
        return replace(after, values=ValuesInput(files=(str(file),))), after

    def _trials(
        self, change: Change, plan: Plan, rendering: Rendering, case: Case, by: Judging
    ) -> Trials:
        trials = Trials(case, by, change, renderer(rendering), self._budget, {})
        if isinstance(plan.before, ChartSide):
            trials.known[frozenset()] = findings_of(case, case.before, by)
        return trials

    def _causes(
        self, findings: Sequence[Finding], trials: Trials, places: Places, upgrade: Upgrade
    ) -> tuple[dict[str, tuple[Location, ...]], list[Finding]]:
        """The places of what makes each finding, by its fingerprint, and the findings that the
        budget does not suffice for."""
        sets: dict[str, list[tuple[Part, ...]]] = {}
        left: list[Finding] = []
        self._budget.begin()
        for finding in sorted(findings, key=lambda finding: -finding.severity.rank):
            try:
                sets[finding.fingerprint] = [_smallest(finding, trials)]
            except SpentError:
                left.append(finding)
        for finding in findings:  # what would make it as well is worth what is left
            known = sets.get(finding.fingerprint, [])
            with suppress(SpentError):
                known.extend(_besides(finding, known, trials, upgrade))
        causes = {
            finding.fingerprint: _named(finding, sets.get(finding.fingerprint, ()), trials, places)
            for finding in findings
        }
        self._budget.end()
        return causes, left


def _named(
    finding: Finding, sets: Sequence[tuple[Part, ...]], trials: Trials, places: Places
) -> tuple[Location, ...]:
    """The places of sets of parts, each of which makes the finding; nothing of too many."""
    if sum(map(len, sets)) > MOST_TOGETHER:
        return ()
    parts = chain.from_iterable(_told_apart(finding, some, trials) for some in sets)
    return tuple(places.of(part, finding) for part in parts)


def _told_apart(finding: Finding, parts: tuple[Part, ...], trials: Trials) -> Iterator[Part]:
    """The parts, a file that changes in several places as those of them that make the finding."""
    for part in parts:
        hunks = trials.change.hunks(part)
        if hunks:
            rest = [need for need in parts if need is not part]
            yield from _of_file(finding, nearest_first(hunks, finding), rest, trials)
        else:
            yield part


def _of_file(
    finding: Finding, hunks: Sequence[Hunk], rest: Sequence[Part], trials: Trials
) -> tuple[Part, ...]:
    """The changes of a file that make the finding together with these other parts; the likeliest
    where the budget does not suffice, or too many do: the file is known."""
    if len(hunks) == 1:
        return (hunks[0],)
    with suppress(SpentError):
        few = smallest(hunks, lambda some: trials.shows(finding, (*rest, *some)))
        named = _decisive(few, finding, trials, rest)
        if len(named) <= MOST_NAMED:
            return named
    return (hunks[0],)


def _is_open(finding: Finding, whole: Collection[str]) -> bool:
    """Whether it is about what is rendered, one resource or the whole upgrade (as the findings of
    these rules are), and nobody has said what makes it."""
    roles = {place.role for place in finding.locations}
    is_rendered = finding.resource is not None or finding.rule in whole
    return is_rendered and roles <= {"rendered", "policy"}


def _places(change: Change, plan: Plan, upgrade: Upgrade) -> Places:
    if isinstance(plan.named_after, ChartSide):
        named = plan.named_after
    else:
        named = change.after
    if isinstance(plan.before, ChartSide):
        before = plan.before
    else:
        before = change.before
    helm, redactor = upgrade.target.helm, redactor_of(upgrade)
    return Places(change, before, named, helm, redactor, plan.source, plan.listing)


def _smallest(finding: Finding, trials: Trials) -> tuple[Part, ...]:
    """The smallest set of parts that makes the finding; nothing where it needs no change.

    Raises `SpentError` where the budget ends before that is known.
    """
    every = trials.change.parts
    if not every or trials.shows(finding, ()):
        return ()
    if len(every) == 1 and finding.resource is not None:
        return every
    some = smallest(
        likely_first(every, finding, trials.change), lambda parts: trials.shows(finding, parts)
    )
    # where all are needed, none was tried: a trial may not be quite the upgrade
    if trials.shows(finding, some):
        return _decisive(some, finding, trials)
    return ()


def _decisive(
    some: tuple[Part, ...], finding: Finding, trials: Trials, beside: Sequence[Part] = ()
) -> tuple[Part, ...]:
    """The parts, which make a finding beside others, without those that the chart only refuses to
    render without, as the host of the database that takes the place of its own: the rest makes the
    finding, and its template does not read them.

    All of them where nothing remains, or the budget ends first.
    """
    if len(some) == 1 or not trials.has_failed:
        return some
    decisive: list[Part] = []
    with suppress(SpentError):
        for part in some:
            rest = [*beside, *(need for need in some if need is not part)]
            if is_likely(part, finding, trials.change) or trials.lacks(finding, rest):
                decisive.append(part)
        return tuple(decisive) or some
    return some


def _besides(
    finding: Finding, known: Sequence[tuple[Part, ...]], trials: Trials, upgrade: Upgrade
) -> Iterator[tuple[Part, ...]]:
    """Further sets of parts, each of which would make the finding as well, or the same refusal by
    another field of the object: who takes back one field of two is refused again.

    Raises `SpentError` as `_smallest` does.
    """
    alike = (finding, *_of_other_fields(finding, upgrade))
    named = list(chain.from_iterable(known))
    while named and len(named) <= MOST_TOGETHER:
        more = _also(alike, named, trials)
        if not more:
            return
        yield more
        named += more


def _of_other_fields(finding: Finding, upgrade: Upgrade) -> Iterator[Finding]:
    """What a refusal would be, were it for another field that the upgrade changes."""
    if finding.category is not Category.CLUSTER_REJECTS:
        return
    for change in upgrade.changes:
        if isinstance(change, Kept) and change.id == finding.resource:
            for field in change.fields:
                if field.path != finding.path:
                    yield replace(finding, path=field.path, before=field.before, after=field.after)


def _also(alike: Sequence[Finding], known: Sequence[Part], trials: Trials) -> tuple[Part, ...]:
    """The smallest set of other parts that would make one of the findings; nothing for most."""

    def shows(parts: Sequence[Part]) -> bool:
        return any(trials.shows(finding, parts) for finding in alike)

    rest = [part for part in trials.change.parts if part not in known]
    if not rest or not shows(rest):
        return ()
    return _decisive(smallest(likely_first(rest, alike[0], trials.change), shows), alike[0], trials)


def _guessed(
    findings: Sequence[Finding], case: Case, plan: Plan
) -> dict[str, tuple[Location, ...]]:
    """The likely places of findings, by fingerprint, where the values alone tell one."""
    guesses = blamed(findings, values_change_of(case.subjects), plan.before)
    return {finding.fingerprint: _likely(finding) for finding in guesses}


def _likely(finding: Finding) -> tuple[Location, ...]:
    places = (place for place in finding.locations if place.role in _OF_CHANGES)
    return tuple(replace(place, confirmed=False) for place in places)


def _placed(report: ReleaseReport, causes: dict[str, tuple[Location, ...]]) -> ReleaseReport:
    findings = []
    for finding in report.findings:
        made_by = causes.get(finding.fingerprint, ())
        places = (*finding.locations, *made_by)
        fixes = _at(finding.fixes, made_by)
        findings.append(replace(finding, locations=tuple(dict.fromkeys(places)), fixes=fixes))
    return replace(report, findings=tuple(findings))


def _at(fixes: tuple[Fix, ...], causes: Sequence[Location]) -> tuple[Fix, ...]:
    """The fixes, their steps with the place to change where that was tried."""
    is_tried = all(cause.role == "cause" and cause.confirmed for cause in causes)
    if not causes or len(causes) > MOST_NAMED or not is_tried:
        return fixes
    where = f"in {' and '.join(map(_place, causes))}"
    return tuple(_with_place(fix, where) for fix in fixes)


def _with_place(fix: Fix, where: str) -> Fix:
    return replace(fix, steps=tuple(step.replace(ANYWHERE, where) for step in fix.steps))


def _place(cause: Location) -> str:
    line = f":{cause.line}" if cause.line else ""
    key = f" ({cause.key})" if cause.key else ""
    return f"{shown_path(cause.file)}{line}{key}"


def _noted(report: ReleaseReport, left: int, budget: Budget) -> ReleaseReport:
    """The report with what the budget did not suffice for."""
    if not left or not budget.renders or report.evidence is None:
        return report
    evidence: Evidence = report.evidence
    noun = "finding" if left == 1 else "findings"
    note = (
        f"what makes {left} {noun} is not confirmed: more than {budget.renders} trial renders or"
        f" {budget.seconds:g} seconds of work are needed (--blame {4 * budget.renders})"
    )
    return replace(report, evidence=replace(evidence, notes=(*evidence.notes, note)))
