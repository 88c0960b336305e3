"""Findings on the page: the consequence first, then cause, reason and fix; each has a link."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from policylint.errors import RuleFailure
from policylint.model import FieldChange, Finding, Fix, Severity
from policylint.report.model import RuleInfo
from policylint.report.page.fields import sides, written
from policylint.report.page.markup import Child, Html, el
from policylint.report.shown import dotted, label, place, values


class Anchors:
    """The ids of a page: a fingerprint belongs to one finding, and to others of the same words in
    other releases, which are numbered."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def new(self, name: str) -> str:
        """An id that nothing else on the page has."""
        number = self._seen.get(name, 0) + 1
        self._seen[name] = number
        if number == 1:
            return name
        return f"{name}-{number}"


Placed = tuple[Finding, str]
"""A finding and its id on the page."""


def placed(unordered: Iterable[Finding], anchors: Anchors) -> list[Placed]:
    """The findings with their ids, most severe first."""
    ordered = sorted(unordered, key=lambda finding: -finding.severity.rank)
    return [(finding, anchors.new(f"f-{finding.fingerprint}")) for finding in ordered]


def nowhere(_row: Finding | RuleFailure) -> str:
    """What is said of a finding that nothing else shows."""
    return ""


def findings(
    entries: Iterable[Placed],
    rules: Mapping[str, RuleInfo],
    also: Callable[[Finding], str] = nowhere,
) -> Iterator[Html]:
    """Each finding, folded where it is a note, with what `also` says of where else it is."""
    for finding, anchor in entries:
        yield _finding(finding, rules.get(finding.rule), anchor, also(finding))


def waived(settled: Iterable[Finding]) -> Iterator[Html]:
    """What may stand: a line each, with who says so and why."""
    for finding in settled:
        about = f" {finding.resource}" if finding.resource else ""
        words = f"{finding.message}{about} [{finding.rule}]: {_may_stand(finding)}"
        yield el("p", el("span", str(finding.severity), class_="tag"), f" {words}")


def _may_stand(finding: Finding) -> str:
    if finding.waived is None:
        return "in the baseline"
    if finding.waived.owner:
        owner = f" by {finding.waived.owner}"
    else:
        owner = ""
    if finding.waived.expires:
        until = f" until {finding.waived.expires}"
    else:
        until = ""
    return f"waived{owner}{until}: {finding.waived.reason}"


def causes(entries: Iterable[Placed]) -> Iterator[Html]:
    """What each place that the user changed reached: its findings."""
    reached: dict[str, list[Placed]] = {}
    for finding, anchor in entries:
        for location in finding.locations:
            if location.role == "cause":
                reached.setdefault(place(location), []).append((finding, anchor))
    for name, rows in reached.items():
        links = (el("li", _reached(finding, anchor)) for finding, anchor in rows)
        yield el("div", el("p", el("code", name)), el("ul", links), class_="cause")


def _reached(finding: Finding, anchor: str) -> Html:
    about = f" {finding.resource}" if finding.resource else ""
    return el("a", f"{finding.message}{about}", href=f"#{anchor}")


def failures(
    unjudged: Iterable[RuleFailure],
    anchors: Anchors,
    also: Callable[[RuleFailure], str] = nowhere,
) -> Iterator[Html]:
    """What could not be judged, which is never silence."""
    for failure in unjudged:
        anchor = anchors.new("unknown")
        about = _row("about", str(failure.resource or ""))
        rows = [about, _row("also", also(failure)), _row("fix", failure.remedy)]
        body = el("dl", rows)
        yield _folding("unknown", failure.rule, failure.message, "", anchor, body, opened=True)


def _finding(finding: Finding, rule: RuleInfo | None, anchor: str, also: str) -> Html:
    if finding.direction == "rollback":
        way = " (on the way back)"
    else:
        way = ""
    opened = finding.severity is not Severity.NOTE
    about = str(finding.resource or finding.where)
    facts = el("dl", _row("also", also), *_facts(finding, rule))
    body: list[Child] = [_field(finding), facts, _fixes(finding.fixes)]
    message = finding.message + way
    return _folding(
        str(finding.severity), finding.rule, message, about, anchor, body, opened=opened
    )


def _folding(
    level: str,
    rule: str,
    message: str,
    about: str,
    anchor: str,
    body: Child,
    *,
    opened: bool,
) -> Html:
    summary = el(
        "summary",
        el("span", level, class_=f"tag {level}"),
        el("span", message, class_="message"),
        el("span", about, class_="about") if about else None,
        el("code", rule, class_="rule"),
        el("a", "#", href=f"#{anchor}", class_="link", aria_label="link to this finding"),
    )
    return el(
        "details",
        summary,
        el("div", body, class_="body"),
        class_="item finding",
        id=anchor,
        data_level=level,
        open=opened,
    )


def _field(finding: Finding) -> Html | None:
    if not finding.path:
        return None
    name = el("p", el("code", dotted(finding.path)), class_="path")
    if finding.before is None and finding.after is None:
        return name
    if len(values(finding.before, finding.after)) == 1:
        return el("div", name, el("pre", written(finding.after)))
    before, after = sides(FieldChange(finding.path, _op(finding), finding.before, finding.after))
    pair = el("div", before, class_="was"), el("div", after, class_="now")
    return el("div", name, el("div", *pair, class_="pair"))


def _op(finding: Finding) -> str:
    if finding.before is None:
        return "add"
    if finding.after is None:
        return "remove"
    return "replace"


def _facts(finding: Finding, rule: RuleInfo | None) -> Iterator[Html | None]:
    for location in sorted(finding.locations, key=lambda row: row.role != "cause"):
        yield _row(label(location), place(location))
    yield _row("because", finding.because)
    if finding.confidence != "certain":
        yield _row("confidence", str(finding.confidence))
    if rule is not None:
        page = el("a", rule.title, href=rule.url, rel="noreferrer")
        yield el("div", el("dt", "rule"), el("dd", page))


def _row(name: str, text: str) -> Html | None:
    if text:
        return el("div", el("dt", name), el("dd", text))
    return None


def _fixes(fixes: tuple[Fix, ...]) -> Iterator[Html]:
    """The first fix, and the others folded."""
    if not fixes:
        return
    first, *alternatives = fixes
    yield _fix(first)
    if alternatives:
        if len(alternatives) == 1:
            count = "1 other way"
        else:
            count = f"{len(alternatives)} other ways"
        yield el("details", el("summary", count), map(_fix, alternatives), class_="ways")


def _fix(fix: Fix) -> Html:
    if fix.cost:
        cost = el("span", f" ({fix.cost})", class_="about")
    else:
        cost = None
    title = el("p", el("b", "fix "), fix.title, cost)
    if fix.steps:
        steps = el("ol", (el("li", el("pre", step)) for step in fix.steps))
    else:
        steps = None
    return el("div", title, steps, class_="fix")
