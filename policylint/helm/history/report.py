"""A history for people and for machines: a table, and what `policylint history --format json` says
of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from policylint.helm.history.targets import base, failures_until_one_is_left, targets
from policylint.helm.inputs.revisions import History, Revision
from policylint.kubernetes.manifests.reader import Reader, Text
from policylint.model import Resource
from policylint.redaction.collect import secret_values
from policylint.redaction.quoted import without
from policylint.redaction.redactor import Redactor
from policylint.redaction.vocabulary import MASK

WIDTH = 60
"""How much of a description the table shows."""


def to_json(history: History) -> dict[str, Any]:
    """The release as JSON values: its revisions as helm prints them, and where each way back leads.

    A target is `{"revision", "status", "good"}`, or None where Helm finds none or the history shows
    too little.
    """
    ways, start = targets(history), base(history)
    return {
        "name": history.name,
        "namespace": history.namespace,
        "revisions": [_revision(revision) for revision in history.revisions],
        "targets": {
            "rollback_without_number": _target(ways.rollback_without_number),
            "atomic": _target(ways.atomic),
            "newest_good": _target(ways.newest_good),
        },
        "complete": history.complete,
        "locked": history.last.pending,
        "upgrade_base": _target(start),
        "failures_until_one_good_is_left": failures_until_one_is_left(history),
    }


def table(history: History) -> str:
    """The revisions as a table, newest last, and the three ways back below it."""
    title = f"{history.namespace}/{history.name}".strip("/") or history.file
    rows: list[tuple[str, ...]] = [
        ("REVISION", "UPDATED", "STATUS", "CHART", "GOOD", "DESCRIPTION")
    ]
    rows += [_row(revision) for revision in history.revisions]
    widths = _widths(rows)[:-1]
    lines = [title, *("  ".join(_padded(row, widths)).rstrip() for row in rows)]
    return "\n".join([*lines, *_ways_back(history)]) + "\n"


def summary(histories: Sequence[History]) -> str:
    """One line per release, for `helm list -A -o json` of many."""
    rows = [("RELEASE", "REVISION", "STATUS", "CHART", "UPDATED")]
    for history in histories:
        last = history.last
        name = f"{history.namespace}/{history.name}".strip("/")
        rows.append((name, str(last.number), last.status, last.chart, last.updated))
    widths = _widths(rows)
    return "".join("  ".join(_padded(row, widths)).rstrip() + "\n" for row in rows)


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    """The widest cell of each column."""
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def description(revision: Revision) -> str:
    """A revision's description on one line, with what its record shows to be secret masked."""
    text = revision.description
    if (
        not revision.good
    ):  # errors repeat what the server refused, and what the templates made of it
        if revision.manifest or revision.values:
            manifest = Text(f"revision {revision.number}", revision.manifest)
            resources = list(Reader().read((manifest,)).resources.values())
            names = (
                name for resource in resources for name in (resource.id.kind, resource.id.name)
            )
            text = without(text, _secrets(revision, resources), MASK, names)
        text = str(Redactor().value(text))
    return " ".join(text.split())


def _secrets(revision: Revision, resources: Iterable[Resource]) -> Iterator[str]:
    """What a revision's manifest, its values and its chart's defaults hold."""
    yield from Redactor.of(resources).secrets
    for table in (
        *(resource.body for resource in resources),
        revision.values,
        revision.chart_record.get("values"),
    ):
        yield from secret_values(table)


def _revision(revision: Revision) -> dict[str, Any]:
    row = {
        "revision": revision.number,
        "updated": revision.updated,
        "status": revision.status,
        "chart": revision.chart,
        "app_version": revision.app_version,
        "description": description(revision),
        "good": revision.good,
    }
    if revision.record:
        if revision.server_side:
            method = "server-side"
        else:
            method = "client-side"
        row |= {"record": revision.record, "size": revision.size, "apply": method}
    return row


def _target(revision: Revision | None) -> dict[str, Any] | None:
    if revision is None:
        return None
    return {"revision": revision.number, "status": revision.status, "good": revision.good}


def _row(revision: Revision) -> tuple[str, ...]:
    text = description(revision)
    if len(text) <= WIDTH:
        short = text
    else:
        short = text[: WIDTH - 1] + "…"
    good = "yes" if revision.good else "no"
    return str(revision.number), revision.updated[:19], revision.status, revision.chart, good, short


def _padded(row: Iterable[str], widths: Sequence[int]) -> Iterator[str]:
    for position, text in enumerate(row):
        yield text.ljust(widths[position]) if position < len(widths) else text


def _ways_back(history: History) -> Iterator[str]:
    if not history.complete:
        yield "only the last revision is known: helm history shows all of them"
        return
    ways = targets(history)
    yield f"helm rollback without a number goes to  {_words(ways.rollback_without_number)}"
    yield f"--atomic goes back to                   {_words(ways.atomic)}"
    yield f"newest good revision                    {_words(ways.newest_good)}"
    left = failures_until_one_is_left(history)
    if left is not None and len(history.good) > 1:
        yield f"failed upgrades until one good is left  {left}"


def _words(revision: Revision | None) -> str:
    if revision is None:
        return "none"
    return f"{revision.number} ({revision.status}{'' if revision.good else ', never good'})"
