"""A setting changes whose effect is known.

What happens: what the field is documented to do: traffic goes elsewhere or nowhere, data is kept no
longer, a guard or an alert is gone, requests are refused, pods wait or are killed. The finding says
which, and where it is written.

Why: the upgrade changes a field of the table `policylint/data/effects.yaml`, or deletes an object
that others count on.

What to do instead: keep the field as it is, unless the effect is what the upgrade is for; bring it
in by an upgrade of its own, when it can be watched.
"""

from collections.abc import Iterator, Mapping, Sequence

from policylint.engine.rule import Context, rule
from policylint.kubernetes.api.commands import named
from policylint.kubernetes.api.effects import Effect, Place, effects, lost, places
from policylint.kubernetes.forecast.impact import KEEP as KEEP_POLICY
from policylint.kubernetes.forecast.impact import is_kept
from policylint.kubernetes.manifests.renames import renames
from policylint.model import (
    Category,
    Confidence,
    Created,
    Deleted,
    Fix,
    Json,
    Kept,
    Severity,
    Violation,
)
from policylint.report.shown import dotted
from policylint.runtime.pointers import is_index, steps

BECAUSE = {
    "added": "{field} is new",
    "gone": "{field} is gone",
    "emptied": "{field} is empty",
    "loses": "{field} loses {lost}",
    "gains": "{field} has {lost} too",
    "deleted": "Helm deletes what a release no longer renders",
    "created": "it is new",
}
"""What is said of a change where the row says nothing; of values else."""
PLAIN = ("spec", "metadata", "annotations", "labels", "data", "stringData", "config", "hard")
"""What says nothing before the name of a field."""
WHOLE = ("deleted", "created")
KEEP = {
    "added": "leave {place} out of {object}",
    "gone": "keep {place} in {object}",
    "emptied": "keep the value of {place} in {object}",
    "loses": "keep {lost} in {place} of {object}",
    "gains": "leave {lost} out of {place} of {object}",
    "deleted": "keep {object}: switch what renders it on again",
    "created": "bring {object} in by an upgrade of its own, when its effect can be watched",
}
"""The fix that keeps what runs as it is, with the field from the root of its object: the last names
alone may be those of a list of which one item changes."""
KEEP_VALUE = "keep {place}: {was} in {object}"
KEEP_AS_IT_IS = "keep {place} of {object} as it is"
AS_IT_IS = "none: what runs stays as it is"
LONGEST = 80
"""Characters of a value that a fix repeats."""


@rule(category=Category.DOWNTIME, severity=Severity.WARNING, confidence=Confidence.LIKELY)
def check(change: Kept | Deleted | Created, context: Context) -> Iterator[Violation]:
    """Every row of the table that comes true for the object; a row of its kind stands before a
    general one on the same field."""
    if isinstance(change, Kept):
        yield from _changed(change)
    elif isinstance(change, Deleted):
        yield from _deleted(change, context)
    elif context.upgrade is not None and context.upgrade.before.resources:
        yield from _whole(change, "created")


def _changed(change: Kept) -> Iterator[Violation]:
    told: set[str] = set()
    above: set[str] = set()
    for row in _of_fields(change):
        new = [
            place
            for place in places(row, change.id, change.before.body, change.after.body)
            if place.path not in above and told.isdisjoint(_and_above(place.path))
        ]
        if new:
            told.update(place.path for place in new)
            above.update(path for place in new for path in _and_above(place.path))
            yield _violation(row, change, new)


def _of_fields(change: Kept) -> list[Effect]:
    """The rows on fields of the object; none where it stays as it is."""
    if not change.fields:
        return []
    return [row for row in effects(change.id) if row.when not in WHOLE]


def _and_above(path: str) -> list[str]:
    """A pointer, and those of what it lies in."""
    names = path.split("/")
    return ["/".join(names[:length]) for length in range(2, len(names) + 1)]


def _deleted(change: Deleted, context: Context) -> Iterator[Violation]:
    """Unless it stays in the cluster, comes back under another name, or all of the release goes."""
    upgrade = context.upgrade
    if upgrade is None or not upgrade.after.resources or is_kept(change.before):
        return
    violations = list(_whole(change, "deleted"))
    if violations and change.id not in {old.id for old, _ in renames(upgrade)}:
        yield from violations


def _whole(change: Deleted | Created, when: str) -> Iterator[Violation]:
    """The first row on objects of this kind that come or go as a whole."""
    rows = [row for row in effects(change.id) if row.when == when]
    for row in rows[:1]:
        yield _violation(row, change, [Place("", None, None)])


def _violation(row: Effect, change: Kept | Deleted | Created, at: Sequence[Place]) -> Violation:
    """One for all places where a row comes true: the first is told, the others are counted."""
    place, *like_it = at
    words = _words(row, change, place)
    if like_it:
        more = f" (and {len(like_it)} more like it)"
    else:
        more = ""
    because = row.because or BECAUSE.get(row.when, "{field} is {is}, {was} before")
    cost = "a second upgrade" if row.when == "created" else AS_IT_IS
    keep = Fix((_keep(row, place) + more).format_map(words), cost=cost)
    if change.id.kind == "Secret":
        before, after = None, None
    else:
        before, after = place.before, place.after
    return Violation(
        message=row.says.format_map(words) + more,
        because=f"{because.format_map(words)} ({row.source})",
        path=place.path,
        before=before,
        after=after,
        severity=row.severity,
        confidence=row.confidence,
        category=row.category,
        fixes=(keep, *_left_behind(row, change), *_of_row(row, words)),
    )


def _left_behind(row: Effect, change: Kept | Deleted | Created) -> Iterator[Fix]:
    """How an object that the release no longer renders stays in the cluster."""
    if row.when == "deleted":
        steps = (
            f"kubectl annotate {named(change.id)} {KEEP_POLICY}=keep",
            "run the upgrade; it stays, without an owner",
        )
        yield Fix(
            "keep it in the cluster", steps=steps, cost="none: it stays until somebody deletes it"
        )


def _of_row(row: Effect, words: Mapping[str, str]) -> Iterator[Fix]:
    """The fixes of a row; what stands behind a colon is a command: `see ...: kubectl ...`."""
    for fix in row.fixes:
        title, _, command = fix.format_map(words).partition(": kubectl ")
        steps = (f"kubectl {command}",) if command else ()
        yield Fix(title, steps=steps)


def _keep(row: Effect, place: Place) -> str:
    """The fix that keeps what runs as it is."""
    if row.when in KEEP:
        return KEEP[row.when]
    if place.before is None:
        return KEEP["added"]
    if isinstance(place.before, dict | list) or not _is_short(place.before):
        return KEEP_AS_IT_IS
    return KEEP_VALUE


def _is_short(value: Json) -> bool:
    text = _shown(value)
    return len(text) <= LONGEST and "\n" not in text


def _words(row: Effect, change: Kept | Deleted | Created, place: Place) -> dict[str, str]:
    """What the texts of a row may name."""
    return {
        "object": str(change.id),
        "name": change.id.name,
        "namespace": change.id.namespace,
        "field": _field(place.path),
        "place": dotted(place.path),
        "item": place.item,
        "was": _shown(place.before),
        "is": _shown(place.after),
        "lost": ", ".join(lost(row, place.before, place.after)),
    }


def _field(path: str) -> str:
    """The last names of a pointer as people write them: strategy.type, but replicas."""
    names = [name for name in steps(path) if not is_index(name)]
    if len(names) > 1 and names[-2] not in PLAIN:
        return ".".join(names[-2:])
    return names[-1] if names else ""


def _shown(value: Json) -> str:
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    return str(value)
