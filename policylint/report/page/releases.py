"""A release on the page: what is compared, what was found, what happens to each resource."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from policylint.model import Impact, Outcome, ResourceId
from policylint.report.model import (
    ChangeSummary,
    ChartChange,
    Evidence,
    ImageChange,
    ReleaseReport,
    ReleaseSource,
    RuleInfo,
    SentStep,
    impacts,
    release_name,
)
from policylint.report.page.fields import table
from policylint.report.page.findings import Anchors, causes, failures, findings, placed, waived
from policylint.report.page.markup import Html, el
from policylint.report.shared import Shared
from policylint.runtime.sentences import first_of, plural

HARDEST_FIRST = (
    Impact.REFUSED,
    Impact.DELETE,
    Impact.RECREATE,
    Impact.ROLLING_RESTART,
    Impact.CREATE,
    Impact.IN_PLACE,
    Impact.NONE,
)
_OPEN = (Impact.REFUSED, Impact.DELETE, Impact.RECREATE)
_REFUSING = {"rejected": "refuses it", "depends": "depends on the cluster"}


def worst(release: ReleaseReport) -> int:
    """The place of the release's hardest impact in `HARDEST_FIRST`."""
    places = [HARDEST_FIRST.index(change.impact) for change in release.changes]
    return min(places, default=len(HARDEST_FIRST))


def section(
    release: ReleaseReport,
    rules: Mapping[str, RuleInfo],
    anchors: Anchors,
    anchor: str,
    shared: Shared,
) -> Html:
    """All of one release; what an earlier one shows too is told there."""
    told = shared.first(release)
    name = release_name(release)
    verdict = str(release.verdict)
    title = el("h2", el("span", verdict, class_=f"tag {verdict}"), " ", name)
    of_release = placed(told.findings, anchors)
    unjudged = failures(told.failures, anchors, shared.also)
    parts = (
        title,
        _facts(release),
        _part("Findings", (*unjudged, *findings(of_release, rules, shared.also))),
        _part("Waived or known", waived(release.settled)),
        _part("What each change reached", causes(of_release)),
        _part("Images", _images(release.images)),
        _part("Resources", _resources(release.changes, anchors)),
        _part("When the upgrade is refused half-way", _order(release)),
        _part("The way back", _way_back(release.changes)),
    )
    return el("section", *parts, id=anchor, class_="release")


def _part(title: str, content: Iterable[Html]) -> Html | None:
    rows = list(content)
    if rows:
        return el("div", el("h3", title), *rows, class_="part")
    return None


def _facts(release: ReleaseReport) -> Html:
    target = release.target
    evidence = release.evidence or Evidence()
    how = f"Kubernetes {target.kubernetes}, Helm {target.helm}, {target.apply}"
    if evidence.before:
        compared = f"{evidence.before} → {evidence.after}"
    else:
        compared = evidence.after
    rows = [
        ("declared", _declared(release.source)),
        ("chart", _chart(release.chart)),
        ("compared", compared),
        ("resources", _counts(release)),
        ("judged for", how),
        ("environment", target.environment),
        ("controller", "; ".join(release.controller)),
        *(("drift", text) for text in evidence.drift),
        *(("note", text) for text in evidence.notes),
    ]
    shown = (el("div", el("dt", word), el("dd", text)) for word, text in rows if text)
    return el("dl", shown, class_="facts")


def _declared(source: ReleaseSource | None) -> str:
    if source is None:
        return ""
    return f"{source.file}:{source.line} ({source.tool})"


def _counts(release: ReleaseReport) -> str:
    counts, hooks = impacts(release, HARDEST_FIRST)
    words = [f"{count} {impact}" for impact, count in counts]
    if hooks:
        words.append(plural(hooks, "hook"))
    return ", ".join(words)


def _chart(chart: ChartChange | None) -> str:
    if chart is None:
        return ""
    after = f"{chart.after.name} {chart.after.version}"
    if chart.before:
        before = f"{chart.before.name} {chart.before.version}"
    else:
        before = ""
    if before not in ("", after):
        return f"{before} → {after}"
    return after


def _images(images: Iterable[ImageChange]) -> Iterator[Html]:
    rows = [_image(image) for image in images]
    if rows:
        words = ("container", "before", "after", "run by")
        head = el("tr", *(el("th", word, scope="col") for word in words))
        yield el("table", el("thead", head), el("tbody", rows), class_="images")


def _image(image: ImageChange) -> Html:
    users = first_of(list(map(str, image.resources)), 20)
    cells = (image.before or "(none)", image.after or "(none)")
    return el(
        "tr",
        el("th", image.container, scope="row"),
        *(el("td", el("code", cell)) for cell in cells),
        el("td", users),
    )


def _resources(changes: Iterable[ChangeSummary], anchors: Anchors) -> Iterator[Html]:
    ordered = sorted(changes, key=lambda change: HARDEST_FIRST.index(change.impact))
    for impact, group in groupby(ordered, key=lambda change: change.impact):
        rows = list(group)
        summary = el(
            "summary",
            el("span", str(impact), class_=f"tag impact-{impact}"),
            f" {len(rows)} {'resource' if len(rows) == 1 else 'resources'}",
        )
        body = [_resource(row, anchors) for row in rows]
        yield el("details", summary, *body, class_="impact", open=impact in _OPEN)


def _resource(row: ChangeSummary, anchors: Anchors) -> Html:
    """One resource; one that nothing happens to has nothing to unfold."""
    anchor = anchors.new(f"r-{_identifier(row.resource)}")
    impact = str(row.impact)
    words = (el("b", str(row.resource)), " ", el("span", _about(row), class_="about"))
    if not row.differences:
        return el("p", *words, class_="item resource", id=anchor, data_level=impact)
    if row.reason:
        reason = el("p", row.reason, class_="about")
    else:
        reason = None
    return el(
        "details",
        el("summary", *words),
        el("div", reason, table(row.differences), class_="body"),
        class_="item resource",
        id=anchor,
        data_level=impact,
    )


def _identifier(resource: ResourceId) -> str:
    words = "-".join(filter(None, (resource.kind, resource.namespace, resource.name)))
    return "".join(letter if letter.isalnum() else "-" for letter in words)


def _about(row: ChangeSummary) -> str:
    words = [row.change]
    if row.fields:
        words.append(plural(row.fields, "field"))
    for way, answer in (("the upgrade", row.upgrade), ("the rollback", row.rollback)):
        if answer in (Outcome.REJECTED, Outcome.DEPENDS):
            words.append(f"{way}: the server {_REFUSING[answer]}")
    return ", ".join(words)


_TAGS = {
    "created": ("already created", "warning"),
    "changed": ("already changed", "warning"),
    "refused": ("refused", "error"),
    "not sent": ("not reached", "note"),
}
"""What the page calls a step of a refused upgrade, and how hard that is."""


def _order(release: ReleaseReport) -> Iterator[Html]:
    """What Helm sends, in its order, where one of it is refused."""
    if release.evidence is None or not release.evidence.sent:
        return
    yield el("ol", *map(_step, release.evidence.sent), class_="order")
    for text in release.evidence.half_applied:
        yield el("p", text)


def _step(step: SentStep) -> Html:
    word, level = _TAGS[step.outcome]
    return el("li", el("span", word, class_=f"tag {level}"), f" {step.resource}")


def _way_back(changes: Iterable[ChangeSummary]) -> Iterator[Html]:
    answered = [change for change in changes if change.rollback is not None]
    if not answered:
        return
    against = [change for change in answered if change.rollback is not Outcome.ACCEPTED]
    if not against:
        yield el("p", "The server accepts the rollback.")
        return
    rows = (
        el("li", el("b", str(change.resource)), f": {_REFUSING[str(change.rollback)]}")
        for change in against
    )
    yield el("p", f"{len(against)} of {len(answered)} stand in the way of a rollback:")
    yield el("ul", *rows)
