"""The report for a person: the consequence first, then where, why and what to do; one summary line
last."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain, groupby, islice

from policylint.errors import RuleFailure
from policylint.model import Category, Finding, Fix, Impact, Location, Severity, Verdict
from policylint.report.alike import alike, first_place
from policylint.report.look import PLAIN, Fixes, Headline, Line, Look, Prose, Row, written
from policylint.report.model import (
    PAGES,
    ChartChange,
    ChartVersion,
    Configuration,
    Evidence,
    ReleaseReport,
    Report,
    every_finding,
    impacts,
    release_name,
)
from policylint.report.places import shown_path
from policylint.report.shared import Shared, few
from policylint.report.shown import LABELS, dotted, label, place, values
from policylint.report.totals import frequencies, verdict_words
from policylint.runtime.escapes import on_one_line
from policylint.runtime.patterns import pattern
from policylint.runtime.sentences import first_of, plural

_SHOWN = 3
"""Places of one finding that are printed."""
_SHOWN_OF_CAUSE = 2
"""Places of one finding that are printed where the first is the cause of all others."""
_FEW = 5
"""Images that are shown of a release."""
_BRIEF = 5
"""From more releases on, each that shows nothing of its own takes one line."""
_MANY = 3
"""From so many notes of a scan on, each takes one line."""
LONG = 60
"""From so many lines on, the verdict stands first too."""
_VALUE = pattern(r"[ \t-]*+[\"']?[\w./-]+[\"']?[ \t]*:[ \t]+(?P<value>[^\s#])")
_CONSEQUENCES = {
    Category.CLUSTER_REJECTS: "what the cluster rejects",
    Category.DATA_LOSS: "what is lost",
    Category.ROLLBACK: "what stands in the way back",
    Category.DOWNTIME: "what is interrupted",
    Category.PRACTICE: "how it is done",
    Category.POLICY: "what your own policies say",
}


def render(report: Report, look: Look = PLAIN) -> str:
    """The report as text; for a quiet look, nothing at all where there is nothing to do."""
    return "".join(pieces(report, look))


def pieces(report: Report, look: Look = PLAIN) -> Iterator[str]:
    """The same line by line."""
    return (f"{written(line, look)}\n" for line in _lines(report, look))


def _lines(report: Report, look: Look) -> Iterator[Line]:
    body = _body(report, look)
    last = _last(report, look)
    begun = list(islice(body, LONG + 1))
    if look.quiet and not begun and report.verdict is Verdict.PASS:
        return
    if len(begun) > LONG:
        yield from (last, "")
    yield from chain(begun, body, _counted(report), _statistics(report, look))
    footer = [*_pages(report, look), *_configured(report, look)]
    yield from (*footer, *(("",) if footer else ()), last)


def of_finding(finding: Finding) -> str:
    """One finding as the report shows it, with all of its fixes, without colour."""
    look = Look(fixes=Fixes.ALL)
    return "\n".join(written(line, look) for line in _finding(finding, look))


def _body(report: Report, look: Look) -> Iterator[Line]:
    shared = Shared(report.releases, every_fix=look.fixes is Fixes.ALL, ids=look.ids)
    brief = False
    for release in map(shared.first, report.releases):
        lines = list(_one_of(len(report.releases), release, look, shared))
        if brief and len(lines) > 1:
            yield ""
        brief = len(lines) == 1
        yield from lines
    if brief:
        yield ""
    yield from _of_all(report, look)
    yield from _settled(report.settled, look)
    if not look.quiet:
        yield from (*_scanned(report), *_untouched(report))
    yield from _of_shard(report)


def _one_of(count: int, release: ReleaseReport, look: Look, shared: Shared) -> Iterator[Line]:
    """One release of so many."""
    told = release.findings or release.failures or (look.waived and release.settled)
    if count > _BRIEF and not told and _is_plain(release):
        yield from () if look.quiet else _brief(release)
        return
    if count > 1 and told:
        yield Headline(release_name(release), str(release.verdict), f": {release.verdict}")
        yield ""
    yield from _release(release, look, shared)


def _is_plain(release: ReleaseReport) -> bool:
    """Whether nothing is deleted, and nothing is known of the cluster that is not as it should."""
    evidence = release.evidence or Evidence()
    return not (any(_gone(release)) or evidence.drift or evidence.half_applied)


def _gone(release: ReleaseReport) -> tuple[list[str], list[str]]:
    """The objects that the release no longer has: (deleted, left in the cluster)."""
    rows = [row for row in release.changes if row.change == "deleted"]
    deleted = [str(row.resource) for row in rows if row.impact is Impact.DELETE]
    left = [str(row.resource) for row in rows if row.impact is Impact.NONE]
    if release.source and release.source.tool == "argocd":  # which knows nothing of Helm's policy
        return deleted + left, []
    return deleted, left


def _brief(release: ReleaseReport) -> Iterator[Line]:
    """A release of many that shows nothing of its own, in a line."""
    if release.verdict is Verdict.PASS:
        words = []
    else:
        words = [f"{release.verdict}, as above"]
    words += [_counts(release), *_chart_words(release.chart)]
    words += ["routine"] if release.routine else []
    yield Headline(release_name(release), str(release.verdict), f": {'; '.join(words)}")


def _release(release: ReleaseReport, look: Look, shared: Shared) -> Iterator[Line]:
    if release.overview and not look.quiet:
        yield from (*release.overview.splitlines(), "")
    yield from _told(release.findings, release.failures, look, shared)
    yield from _settled(release.settled, look)
    if release.evidence is not None and not look.quiet:
        yield from (*_evidence(release, release.evidence), "")


def _told(
    findings: Sequence[Finding],
    failures: Sequence[RuleFailure],
    look: Look,
    shared: Shared | None = None,
) -> Iterator[Line]:
    """Findings by consequence, the hardest first, and what could not be judged."""
    order = list(Category)
    ordered = sorted(findings, key=lambda finding: order.index(finding.category))
    groups = [(key, list(rows)) for key, rows in groupby(ordered, lambda row: row.category)]
    for category, rows in groups:
        if len(groups) > 1:
            yield f"{_CONSEQUENCES[category]}: {len(rows)}"
            yield ""
        for finding in rows:
            yield from (*_finding(finding, look, shared), "")
    for failure in failures:
        yield from (*_failure(failure, shared), "")


def _also(row: Finding | RuleFailure, shared: Shared | None) -> Iterator[Line]:
    """Which further releases and resources show the same."""
    further = shared.also(row) if shared else ""
    if further:
        yield Row("also", further)


def _of_all(report: Report, look: Look) -> Iterator[Line]:
    """What is said of the run as a whole; of a scan, habits in a line each."""
    is_brief = report.scan is not None and look.fixes is not Fixes.ALL
    notes = [finding for finding in report.findings if is_brief and _is_habit(finding)]
    brief = notes if len(notes) >= _MANY else []
    whole = [finding for finding in report.findings if finding not in brief]
    if is_brief:
        yield from _of_scan(whole, look)
        yield from _told((), report.failures, look)
    else:
        yield from _told(whole, report.failures, look)
    yield from _habits(brief, look)


def _of_scan(findings: Sequence[Finding], look: Look) -> Iterator[Line]:
    """Findings on how Helm is run: what holds in many places is told once."""
    for group in alike(findings):
        yield from (*_finding(group.first, look), *_rows("also", group.also), "")


def _is_habit(finding: Finding) -> bool:
    """Whether a finding of a scan is a note on how things are done: of many, a line each is
    enough."""
    return finding.severity is Severity.NOTE and bool(finding.locations)


def _habits(findings: Sequence[Finding], look: Look) -> Iterator[Line]:
    """One line for each note that holds in many places."""
    habits: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        habits.setdefault((finding.rule, finding.message), []).append(finding)
    for (rule, message), alike_ones in habits.items():
        words = f" {message} ({_places_of(alike_ones, look)})"
        yield Headline(f"{Severity.NOTE}[{rule}]", str(Severity.NOTE), words, f"{PAGES}#{rule}")
    if findings:
        yield Prose("--show-fixes all: every place of these notes, and what to do")
        yield ""


def _places_of(findings: Sequence[Finding], look: Look) -> str:
    """Where a habit shows: the first place, and how many there are."""
    first = place(first_place(findings[0]))
    count = sum(len(finding.locations) for finding in findings)
    many = f"{count} places, the first {first}" if count > 1 else first
    known = few(finding.fingerprint for finding in findings)
    return f"{many}, id {known}" if look.ids else many


def _settled(findings: Sequence[Finding], look: Look) -> Iterator[Line]:
    """What is waived or known, a few lines each, where that is asked for."""
    for finding in findings if look.waived else ():
        word = "waived" if finding.waived else "known"
        yield f"{word}: {finding.severity}[{finding.rule}] {finding.message}"
        yield from _subject(finding)
        for location in finding.locations[:1]:
            yield Row(label(location), place(location))
        if finding.waived:
            if finding.waived.owner:
                owner = f"{finding.waived.owner}: "
            else:
                owner = ""
            if finding.waived.expires:
                until = f" (until {finding.waived.expires})"
            else:
                until = ""
            yield Row("reason", f"{owner}{finding.waived.reason}{until}")
            yield Row("waiver", place(finding.waived.where))
        yield ""


def _scanned(report: Report) -> Iterator[str]:
    """What a scan has read, so that an empty answer is no silence."""
    if report.scan is not None:
        scan = report.scan
        read = f"{plural(scan.files_read, 'file')} read"
        if len(scan.invocations) == 1:
            yield f"{read}: 1 helm command or declared release"
        else:
            count = len(scan.invocations) or "no"
            yield f"{read}: {count} helm commands and declared releases"
        if scan.aside:
            where = "documentation, test fixtures and vendored files"
            yield f"not judged: {scan.aside} of them in {where} (--all-findings judges them too)"
        if scan.left_out:
            yield f"{scan.left_out} files that may run Helm are left out by scan.ignore"
        yield ""


def _of_shard(report: Report) -> Iterator[str]:
    """That this is a part, even where little is to be shown: it must not pass for the whole."""
    shard = report.shard
    if shard is not None:
        yield (
            f"shard {shard.index}/{shard.count}: {shard.releases} of {shard.of} releases;"
            " policylint merge tells what all come to"
        )
        yield ""


def _untouched(report: Report) -> Iterator[str]:
    """Which releases `--changed` left out, where it left none."""
    if report.untouched:
        yield f"the change touches none of these releases: {first_of(report.untouched, _FEW)}"
        yield ""


def _finding(finding: Finding, look: Look, shared: Shared | None = None) -> Iterator[Line]:
    severity = str(finding.severity)
    if finding.direction == "rollback":
        way = " (on the way back)"
    else:
        way = ""
    way += " (on trial: fails nothing yet)" if finding.dry else ""
    words = f"{severity}[{finding.rule}]"
    link = f"{PAGES}#{finding.rule}"
    yield Headline(words, severity, f" {finding.message}{way}", link)
    yield from _subject(finding)
    yield from _also(finding, shared)
    yield from _places(finding, look)
    if finding.because:
        yield Row("because", finding.because)
    if finding.confidence != "certain":
        yield Row("confidence", str(finding.confidence))
    yield from _fixes(finding.fixes, look.fixes)
    if look.ids:
        yield Row("id", _ids(finding, shared))


def _ids(finding: Finding, shared: Shared | None) -> str:
    """The fingerprints by which it, and what is told with it, is approved."""
    if shared is None:
        return finding.fingerprint
    return few(shared.fingerprints(finding))


def _places(finding: Finding, look: Look) -> Iterator[Line]:
    """Where it is: what to change before where it shows, and the policy that says so."""
    places = [location for location in finding.locations if location.role != "policy"]
    ordered = sorted(places, key=_causes_first)
    has_cause = any(not _causes_first(location) for location in ordered)
    many = _SHOWN_OF_CAUSE if has_cause else _SHOWN
    left = len(ordered) - many
    for number, location in enumerate(ordered[:many], 1):
        more = f", {_more_places(left)}" if number == many and left > 0 else ""
        yield Row(label(location), f"{place(location)}{more}")
        yield from _snippet(location, finding, look)
    for location in finding.locations:
        if location.role == "policy":
            yield Row("policy", place(location))


def _more_places(count: int) -> str:
    """How many places are not shown."""
    return f"and {plural(count, 'more place')}"


def _causes_first(location: Location) -> bool:
    return label(location) != LABELS["cause"]


def _subject(finding: Finding) -> Iterator[Line]:
    # a name of several lines must not look like lines of the report
    subject = on_one_line(str(finding.resource)) if finding.resource else ""
    where = f"{subject}: " if subject else ""
    if finding.path:
        change = " -> ".join(values(finding.before, finding.after))
        yield Prose(f"  {where}{dotted(finding.path)} {change}".rstrip())
    elif subject:
        yield f"  {subject}"


def _snippet(location: Location, finding: Finding, look: Look) -> Iterator[Line]:
    """The user's own line, with a mark under the value where that is found in it."""
    line = look.snippets.get((location.file, location.line), "").rstrip()
    if not line or not _shows(line, location):
        return
    margin = f"{'':14}{location.line} | "
    yield margin + line
    start, end = _value_in(line, finding)
    if end > start:
        yield Headline(f"{'':{len(margin) + start}}{'^' * (end - start)}", "caret")


def _shows(line: str, location: Location) -> bool:
    """Whether the line writes the key of a cause, or what it was or is: of a declaration that
    nests it in another way, no line may be known but the first."""
    if not location.key:
        return True
    last = re.split(r"[. \]]", location.key.rstrip("]"))[-1]
    words = filter(None, (last, location.before, location.after))
    return any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", line) for word in words)


def _value_in(line: str, finding: Finding) -> tuple[int, int]:
    """Where a line has the value that the field became, else whatever its key holds."""
    if isinstance(finding.after, (str, int, float)):
        words = str(finding.after)
    else:
        words = ""
    start = line.rfind(words)
    if words and start >= 0:
        return start, start + len(words)
    match = _VALUE.match(line)
    if match:
        start = match.start("value")
        return start, _end_of_value(line, start)
    return (0, 0)


def _end_of_value(line: str, start: int) -> int:
    """Where the value that begins there ends: at its closing quote, or before a comment."""
    if line[start] in "\"'":
        closing = line.find(line[start], start + 1)
        return closing + 1 if closing > 0 else len(line)
    comment = line.find(" #", start)
    if comment < 0:
        return len(line)
    return len(line[:comment].rstrip())


def _fixes(fixes: Sequence[Fix], shown: Fixes) -> Iterator[Line]:
    if not fixes or shown is Fixes.NONE:
        return
    count = len(fixes) if shown is Fixes.ALL else 1
    for fix in fixes[:count]:
        yield from _fix(fix)
    left = len(fixes) - count
    if left:
        yield Row("", f"({left} more {'way' if left == 1 else 'ways'}: --show-fixes all)")


def _fix(fix: Fix) -> Iterator[Line]:
    yield Row("fix", f"{fix.title} ({fix.cost})" if fix.cost else fix.title)
    for number, step in enumerate(fix.steps, 1):
        first, *rest = step.splitlines() or [""]
        yield f"{'':14}{number}. {first}"
        yield from (f"{'':17}{line}" for line in rest)


def _failure(failure: RuleFailure, shared: Shared | None) -> Iterator[Line]:
    yield Headline(f"unknown[{failure.rule}]", "unknown", f" {failure.message}")
    if failure.resource:
        yield f"  {failure.resource}"
    yield from _also(failure, shared)
    if failure.remedy:
        yield Row("fix", failure.remedy)


def _evidence(release: ReleaseReport, evidence: Evidence) -> Iterator[Line]:
    target = release.target
    is_chart = evidence.engine and not release.name
    yield f"{'chart' if is_chart else release_name(release)}: {_counts(release)}"
    deleted, left = _gone(release)
    if deleted:
        yield Row("deletes", ", ".join(deleted))
    if left:
        yield Row("leaves", f"{', '.join(left)}, which nobody looks after any more")
    if evidence.before or evidence.after:
        yield Row("compared", f"{evidence.before} -> {evidence.after}")
    how = f"Kubernetes {target.kubernetes}, Helm {target.helm}, {target.apply}"
    yield from _declared(release)
    yield Row("judged for", f"{how}; {evidence.rules} rules")
    yield from _rows("half-applied", evidence.half_applied)
    yield from _rows("drift", evidence.drift)
    yield from _rows("notes", evidence.notes)
    yield from _standing(release)


def _standing(release: ReleaseReport) -> Iterator[Line]:
    """What was there before is counted here and shown where it is asked for."""
    count = len(release.standing)
    if count:
        word = "finding" if count == 1 else "findings"
        yield Row("left out", f"{count} {word} about what was there before: --all-findings")


def _rows(label: str, texts: Sequence[str]) -> Iterator[Line]:
    return (Row(label, text) for text in texts)


def _declared(release: ReleaseReport) -> Iterator[Line]:
    """Where a release is declared, and what of its charts and images changes."""
    source = release.source
    if source is None:
        return
    yield Row("declared", f"{source.file}:{source.line} ({source.tool})")
    yield from _bumped(release.chart)
    for image in release.images[:_FEW]:
        before, after = image.before or "(none)", image.after or "(none)"
        yield Row("image", f"{image.container} {before} -> {after}")
    if len(release.images) > _FEW:
        yield Row("image", f"and {len(release.images) - _FEW} more")
    if release.routine:
        yield Row("routine", "nothing but images and version labels changes")


def _bumped(chart: ChartChange | None) -> Iterator[Line]:
    return (Row("chart", words) for words in _chart_words(chart))


def _chart_words(chart: ChartChange | None) -> Iterator[str]:
    """The chart, where it is another one or of another version."""
    if chart and chart.before and chart.before != chart.after:
        before, after = _version(chart.before), _version(chart.after)
        yield f"{chart.after.name} {before} -> {after}"


def _version(chart: ChartVersion) -> str:
    return chart.version or chart.digest[:19] or "(no version)"


def _counts(release: ReleaseReport) -> str:
    """`4 resources (3 in-place, 1 create), 1 hook runs`."""
    counts, hooks = impacts(release)
    total = sum(count for _, count in counts)
    words = ", ".join(f"{count} {impact}" for impact, count in counts)
    objects = plural(total, "resource") + (f" ({words})" if words else "")
    if not hooks:
        return objects
    return f"{objects}, {hooks} hook{' runs' if hooks == 1 else 's run'}"


def _counted(report: Report) -> Iterator[Line]:
    """The findings by rule, release or owner as a table."""
    if report.counts is None:
        return
    yield f"{'errors':>8}{'warnings':>10}{'notes':>7}{'waived':>8}"
    for row in report.counts.rows:
        yield f"{row.error:>8}{row.warning:>10}{row.note:>7}{row.settled:>8}  {row.name}"
    yield ""


def _statistics(report: Report, look: Look) -> Iterator[Line]:
    """How often each rule found something, the most frequent first."""
    if not look.statistics:
        return
    for rule, severity, count in frequencies(report):
        yield Headline(f"{count:>5}  {severity:<7}", str(severity), f"  {rule}")
    yield ""


def _pages(report: Report, look: Look) -> Iterator[Line]:
    """How to read on, once."""
    _, shown = next(every_finding(report), ("", None))
    if shown and not look.quiet:
        yield Prose(f"policylint explain {shown.rule}: what a rule is about, and why")
        if look.ids:
            yield Prose("policylint approve ID --reason WHY: let a finding stand, with its id")


def _configured(report: Report, look: Look) -> Iterator[Line]:
    """Which configuration judged; what was named in its place is told to a quiet reader too."""
    own = report.configuration
    is_named = own is not None and own.by.startswith("--")
    if own is None or (look.quiet and not is_named):
        return
    why = f" ({own.by})" if own.by else ""
    yield Prose(f"configured by {_configuration(own)}{why}")
    if is_named:
        yield Prose(f"and by no other .policylint.yaml, as {own.by} says")
    if own.above:
        yield Prose(f"{own.above} lies above the repository: it judges where --config names it")


def _configuration(own: Configuration) -> str:
    of = f" of {own.revision}" if own.revision else ""
    if own.file:
        return f"{shown_path(own.file)}{of}"
    return f"the defaults: no .policylint.yaml{of}"


def _last(report: Report, look: Look) -> Line:
    verdict = str(report.verdict)
    return Headline(verdict.upper(), verdict, f": {verdict_words(report, look.hidden)}")
