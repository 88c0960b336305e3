"""The fields of one resource side by side: what changed is marked, what is equal is folded."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import islice

from policylint.model import FieldChange, Json
from policylint.report.differing import shared
from policylint.report.page.markup import Html, el, join
from policylint.report.shown import dotted

MOST_FIELDS = 200
"""Rows of one resource; the rest is counted."""
MOST_CHARACTERS = 4_000
"""Characters of one value; the rest is counted."""
_MOST_LINES = 400
"""Lines of a text that are matched with each other: matching takes the square of them."""
_CONTEXT = 3
"""Equal lines shown around each that differs."""
NONE = el("span", "(none)", class_="about")


def table(rows: Sequence[FieldChange]) -> Html:
    """All field changes of a resource: what matters first, then the noise, folded."""
    felt = [row for row in rows if not row.noise]
    noise = [row for row in rows if row.noise]
    return join((_table(felt) if felt else None, _noise(noise) if noise else None))


def _noise(rows: Sequence[FieldChange]) -> Html:
    if len(rows) == 1:
        count = "1 field"
    else:
        count = f"{len(rows)} fields"
    summary = el("summary", f"{count} that every chart bump changes")
    return el("details", summary, _table(rows), class_="noise")


def _table(rows: Sequence[FieldChange]) -> Html:
    left = len(rows) - MOST_FIELDS
    head = el("tr", *(el("th", word, scope="col") for word in ("field", "before", "after")))
    if left > 0:
        more = el("p", f"{left} more fields", class_="more")
    else:
        more = None
    body = el("tbody", map(_row, islice(rows, MOST_FIELDS)))
    return join((el("table", el("thead", head), body, class_="fields"), more))


def _row(row: FieldChange) -> Html:
    before, after = sides(row)
    name = el("th", el("code", dotted(row.path) or "(all of it)"), scope="row")
    return el("tr", name, el("td", before, class_="was"), el("td", after, class_="now"))


def sides(row: FieldChange) -> tuple[Html, Html]:
    """Both values of a field change, that which differs marked."""
    before, after = written(row.before), written(row.after)
    if row.op == "add":
        return NONE, el("pre", after)
    if row.op == "remove":
        return el("pre", before), NONE
    if "\n" in before and "\n" in after:
        was, now = _lines(before.splitlines(), after.splitlines())
    else:
        was, now = _marked(before, after)
    return el("pre", was), el("pre", now)


def written(value: Json) -> str:
    """A value as text: strings as they are, all else as JSON; a long one is cut and counted."""
    if isinstance(value, str):
        text = value
    else:
        text = json.dumps(value, ensure_ascii=False, indent=1)
    left = len(text) - MOST_CHARACTERS
    if left > 0:
        return f"{text[:MOST_CHARACTERS]}… ({left} more characters)"
    return text or '""'


def _marked(before: str, after: str) -> tuple[Html, Html]:
    """Two texts with what stands between their common beginning and end marked."""
    start, end = shared(before, after)
    return _mark(before, start, end), _mark(after, start, end)


def _mark(text: str, start: int, end: int) -> Html:
    stop = len(text) - end
    if stop > start:
        middle = el("mark", text[start:stop])
    else:
        middle = None
    return join((text[:start], middle, text[stop:]))


def _lines(before: Sequence[str], after: Sequence[str]) -> tuple[Html, Html]:
    """Two texts line by line, so that equal lines stand beside each other; long runs are folded."""
    matcher = SequenceMatcher(None, before[:_MOST_LINES], after[:_MOST_LINES], autojunk=False)
    was: list[Html] = []
    now: list[Html] = []
    for op, start, stop, begin, end in matcher.get_opcodes():
        if op == "equal":
            folded = list(_folded(before[start:stop]))
            was += folded
            now += folded
        else:
            old, new = before[start:stop], after[begin:end]
            height = max(len(old), len(new))
            was += _changed(old, height, "-")
            now += _changed(new, height, "+")
    return join(was), join(now)


def _folded(lines: Sequence[str]) -> Iterator[Html]:
    hidden = len(lines) - 2 * _CONTEXT
    if hidden <= 1:
        yield from _plain(lines)
        return
    yield from _plain(lines[:_CONTEXT])
    yield el("span", f"… {hidden} equal lines", class_="line fold")
    yield from _plain(lines[-_CONTEXT:])


def _plain(lines: Iterable[str]) -> Iterator[Html]:
    return (el("span", f"  {line}", class_="line") for line in lines)


def _changed(lines: Sequence[str], height: int, sign: str) -> Iterator[Html]:
    for line in lines:
        yield el("span", el("mark", f"{sign} {line}"), class_="line")
    for _ in range(height - len(lines)):
        yield el("span", " ", class_="line")
