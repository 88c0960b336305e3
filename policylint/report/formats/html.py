"""One self-contained HTML page: the whole run to read, search and link to, with no network.

Everything is there without a script, as some CI systems show pages with scripts switched off; the
script adds search, filters and keys. Its policy lets the page load nothing and run nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

from policylint.model import Severity, Verdict
from policylint.report.model import (
    ReleaseReport,
    Report,
    counted,
    every_finding,
    every_rule,
    every_settled,
    release_name,
)
from policylint.report.page.findings import Anchors, failures, findings, placed, waived
from policylint.report.page.markup import Html, el
from policylint.report.page.releases import HARDEST_FIRST, section, worst
from policylint.report.shared import Shared
from policylint.runtime.resources import text
from policylint.runtime.sentences import plural
from policylint.version import __version__

_MEANINGS = {
    Verdict.PASS: "nothing stands against this upgrade",
    Verdict.FAIL: "do not upgrade like this",
    Verdict.UNKNOWN: "policylint could not judge everything",
}
_GRAVEST = (Verdict.UNKNOWN, Verdict.FAIL, Verdict.PASS)
_KEYS = (
    ("/", "search"),
    ("j k", "next and previous match"),
    ("Enter", "fold or unfold"),
    ("x", "fold or unfold all"),
    ("Esc", "clear the search"),
)


def render(report: Report) -> str:
    """The report as one HTML document."""
    style, script = text("page.css"), text("page.js")
    body = el("body", _top(report), el("main", *_sections(report)), _end(), _ours("script", script))
    title = el("title", f"policylint: {report.verdict}")
    head = el("head", *_meta(style, script), title, _ours("style", style))
    return f"<!doctype html>\n{el('html', head, body, lang='en')}\n"


def _ours(tag: str, content: str) -> Html:
    """A style or script of ours: nothing in it is escaped."""
    return el(tag, Html(content))


def _meta(style: str, script: str) -> Iterator[Html]:
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}';"
        " base-uri 'none'; form-action 'none'"
    )
    yield el("meta", charset="utf-8")
    yield Html(f'<meta http-equiv="Content-Security-Policy" content="{policy}">')
    yield el("meta", name="viewport", content="width=device-width, initial-scale=1")
    yield el("meta", name="color-scheme", content="light dark")
    yield el("meta", name="referrer", content="no-referrer")


def _hash(content: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"


def _top(report: Report) -> Html:
    verdict = report.verdict
    counts = [finding.severity for _, finding in every_finding(report)]
    words = [plural(counts.count(level), str(level)) for level in Severity if level in counts]
    settled = counted(finding for _, finding in every_settled(report))
    words += [settled] if settled else []
    return el(
        "header",
        el("p", "policylint", class_="brand"),
        el("h1", str(verdict), el("span", f" {_MEANINGS[verdict]}"), class_=f"verdict {verdict}"),
        el("p", ", ".join(words) or "no findings"),
        _contents(report) if len(report.releases) > 1 else None,
        _tools(report, counts),
    )


def _tools(report: Report, counts: list[Severity]) -> Html:
    """Search and filters, which only a script makes work: it shows them."""
    impacts = {change.impact for release in report.releases for change in release.changes}
    levels = [str(level) for level in Severity if level in counts]
    levels += [str(impact) for impact in HARDEST_FIRST if impact in impacts]
    chips = (
        el("button", word, type="button", data_filter=word, aria_pressed="false") for word in levels
    )
    search = el(
        "input",
        type="search",
        id="search",
        placeholder="search names, fields, values",
        aria_label="search",
        autocomplete="off",
    )
    keys = (el("span", el("kbd", key), f" {meaning} ") for key, meaning in _KEYS)
    return el(
        "div",
        search,
        el("div", *chips, class_="chips", role="group", aria_label="filter"),
        el("p", el("span", id="shown", role="status"), " ", *keys, class_="keys"),
        id="tools",
        hidden=True,
    )


def _ordered(report: Report) -> list[ReleaseReport]:
    """The releases, the gravest consequence first."""
    return sorted(report.releases, key=lambda row: (_GRAVEST.index(row.verdict), worst(row)))


def _contents(report: Report) -> Html:
    rows = []
    for number, release in enumerate(_ordered(report), 1):
        tag = el("span", str(release.verdict), class_=f"tag {release.verdict}")
        link = el("a", release_name(release), href=f"#release-{number}")
        count = len(release.findings) + len(release.failures)
        rows.append(el("li", tag, " ", link, el("span", f" {_of(release, count)}", class_="about")))
    return el("nav", el("ol", *rows), aria_label="releases")


def _of(release: ReleaseReport, count: int) -> str:
    hardest = worst(release)
    if hardest < len(HARDEST_FIRST):
        impact = f"hardest: {HARDEST_FIRST[hardest]}, "
    else:
        impact = ""
    return f"{impact}{plural(count, 'finding')}"


def _sections(report: Report) -> Iterator[Html]:
    rules = every_rule(report)
    anchors = Anchors()
    own_findings = placed(report.findings, anchors)
    own = [*failures(report.failures, anchors), *findings(own_findings, rules)]
    apart = [*waived(report.settled)]
    if apart:
        own.append(el("div", el("h3", "Waived or known"), *apart, class_="part"))
    if own:
        yield el("section", el("h2", "Of the whole run"), *own, id="run", class_="release")
    ordered = _ordered(report)
    shared = Shared(ordered, every_fix=True)
    for number, release in enumerate(ordered, 1):
        yield section(release, rules, anchors, f"release-{number}", shared)
    if report.scan is not None:
        read = f"{report.scan.files_read} files read, {len(report.scan.invocations)} helm commands"
        yield el("p", f"{read} and declared releases")
    if report.untouched:
        yield el("p", f"the change touches no configured release: {', '.join(report.untouched)}")


def _end() -> Html:
    return el("footer", el("p", f"policylint {__version__}"))
