"""Markdown for a comment on a pull request: the verdict first, details folded, never too long.

GitHub refuses a comment of more than 65,536 characters; whatever the size of the run, this one is
shorter. The marker in its first line lets it be found and updated in place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from policylint.errors import RuleFailure
from policylint.model import Finding, Impact, Severity, Verdict
from policylint.report.model import (
    ReleaseReport,
    Report,
    counted,
    every_finding,
    every_settled,
    impacts,
    release_name,
)
from policylint.report.places import line_of, primary, shown_path
from policylint.report.shared import Shared
from policylint.report.shown import dotted, values
from policylint.runtime.escapes import escaped, on_one_line
from policylint.runtime.patterns import pattern
from policylint.runtime.sentences import plural

MARKER = "<!-- policylint report -->"
LIMIT = 60_000
"""Characters of one comment, below the limit of every code host that shows Markdown."""
_SIGNS = {Verdict.PASS: "✅", Verdict.FAIL: "❌", Verdict.UNKNOWN: "❓"}
_MEANINGS = {
    Verdict.PASS: "nothing stands against this upgrade",
    Verdict.FAIL: "do not upgrade like this",
    Verdict.UNKNOWN: "policylint could not judge everything",
}
_SPECIAL = pattern(r"([\\`*_{}\[\]()#+!|<>~&@:]|(?<=\d)\.|^-)")
_CALM = (Impact.NONE, Impact.IN_PLACE)


def render(report: Report) -> str:
    """The report as one comment of at most `LIMIT` characters, ending with a newline."""
    head = [MARKER, _title(report), "", *_table(report.releases)]
    size = sum(len(line) + 1 for line in head)
    kept, left_out = _fitting(_details(report), LIMIT - size - 200)
    tail = [f"\n_{left_out} more details are left out: the full report has them._"]
    return "\n".join([*head, *kept, *(tail if left_out else ())]) + "\n"


def plain(text: str) -> str:
    """Text from outside as Markdown shows it letter by letter, on one line."""
    return _SPECIAL.sub(_as_entity, on_one_line(text))


def _as_entity(match: re.Match[str]) -> str:
    # An entity is never markup, a mention or an address, in whatever dialect of Markdown.
    return f"&#{ord(match[0])};"


def _title(report: Report) -> str:
    counts = [finding.severity for _, finding in every_finding(report)]
    words = [plural(counts.count(level), str(level)) for level in Severity if level in counts]
    settled = counted(finding for _, finding in every_settled(report))
    if settled:
        words.append(settled)
    summary = f" ({', '.join(words)})" if words else ""
    verdict = report.verdict
    return f"### {_SIGNS[verdict]} policylint: {verdict}, {_MEANINGS[verdict]}{summary}"


def _table(releases: Iterable[ReleaseReport]) -> Iterator[str]:
    rows = list(releases)
    if not rows:
        return
    yield "| | release | changes | errors | warnings |"
    yield "|---|---|---|---|---|"
    for number, release in enumerate(rows):
        if number == 200:
            yield f"| | _{len(rows) - number} more releases_ | | | |"
            return
        yield _row(release)


def _row(release: ReleaseReport) -> str:
    levels = [finding.severity for finding in release.findings]
    cells = (
        _SIGNS[release.verdict],
        _cut(plain(release_name(release)), 120),
        _changes(release),
        str(levels.count(Severity.ERROR) or ""),
        str(levels.count(Severity.WARNING) or ""),
    )
    return f"| {' | '.join(cells)} |"


def _changes(release: ReleaseReport) -> str:
    counts, hooks = impacts(release)
    words = [f"{count} {impact}" for impact, count in counts if impact not in _CALM]
    if hooks:
        words.append(plural(hooks, "hook"))
    return ", ".join(words) or "none that is felt"


def _details(report: Report) -> Iterator[str]:
    """A folded block for each release that has something to say, and for the run itself."""
    ordered = sorted(report.releases, key=lambda release: release.verdict is Verdict.PASS)
    shared = Shared(ordered, every_fix=True)
    for release in map(shared.first, ordered):
        blocks = [_finding(finding, shared.also(finding)) for finding in release.findings]
        blocks += [_failure(failure, shared.also(failure)) for failure in release.failures]
        yield from _folded(plain(release_name(release)), blocks, release.verdict)
    blocks = [*map(_finding, report.findings), *map(_failure, report.failures)]
    if blocks:
        yield from _folded("policylint", blocks, report.verdict)


def _folded(title: str, blocks: list[str], verdict: Verdict) -> Iterator[str]:
    """Each block by itself, so that a report which is too long loses the last ones alone."""
    for number, block in enumerate(blocks):
        if verdict is not Verdict.PASS and number == 0:
            state = " open"
        else:
            state = ""
        headline, _, body = block.partition("\n")
        summary = f"<details{state}><summary>{title}: {headline}</summary>"
        yield f"\n{summary}\n\n{body}\n\n</details>"


def _finding(finding: Finding, also: str = "") -> str:
    if finding.resource:
        about = f" — {plain(str(finding.resource))}"
    else:
        about = ""
    headline = f"<b>{finding.severity}</b> {plain(finding.message)}{about}"
    lines = [headline, f"rule `{finding.rule}`"]
    if also:
        lines.append(f"- also {plain(also)}")
    if finding.path:
        change = " → ".join(map(plain, values(finding.before, finding.after)))
        lines.append(f"- <code>{plain(dotted(finding.path))}</code>: {change}".removesuffix(": "))
    if place := primary(finding):
        line = f":{line_of(place)}" if line_of(place) else ""
        lines.append(f"- at <code>{plain(shown_path(place.file))}{line}</code>")
    if finding.because:
        lines.append(f"- because {plain(finding.because)}")
    for fix in finding.fixes:
        lines.append(f"- fix: {plain(fix.title)}")
        if fix.steps:
            lines += _code(fix.steps)
    return "\n".join(lines)


def _code(steps: Iterable[str]) -> list[str]:
    """Steps to copy, letter by letter; the fence is longer than any run of backticks in them."""
    numbered = (f"{number}. {step}" for number, step in enumerate(steps, 1))
    lines = [line for step in numbered for line in escaped(step).splitlines()]
    longest = max((len(run) for run in re.findall(r"`+", "\n".join(lines))), default=0)
    fence = "`" * max(3, longest + 1)
    return ["", f"  {fence}", *(f"  {line}" for line in lines), f"  {fence}", ""]


def _failure(failure: RuleFailure, also: str = "") -> str:
    if failure.resource:
        about = f" — {plain(str(failure.resource))}"
    else:
        about = ""
    if failure.remedy:
        remedy = f"\n- fix: {plain(failure.remedy)}"
    else:
        remedy = ""
    elsewhere = f"\n- also {plain(also)}" if also else ""
    words = f"<b>unknown</b> {plain(_cut(failure.message, 2000))}{about}"
    return f"{words}\n- {failure.rule}{elsewhere}{remedy}"


def _fitting(blocks: Iterable[str], room: int) -> tuple[list[str], int]:
    """(the blocks that fit, how many do not)."""
    kept, left_out = [], 0
    for block in blocks:
        room -= len(block) + 1
        if room < 0:
            left_out += 1
        else:
            kept.append(block)
    return kept, left_out


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    return f"{text[: most - 1]}…"
