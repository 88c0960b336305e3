"""What the values modes make of one upgrade: hidden defaults, stale image tags, missing keys, and a
small table.

Only `--reuse-values` keeps the old chart's defaults, so only it hides new ones; the other modes
differ in whether the old user values survive.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from policylint.helm.values.modes import Effective, Mode
from policylint.helm.values.references import Path, Reference, broken, references
from policylint.helm.values.subject import ValuesChange
from policylint.helm.values.tables import dotted, leaves
from policylint.redaction.redactor import mask_values
from policylint.redaction.vocabulary import MASK, secret_key

_TAGS = ("tag", "imageTag", "image_tag", "appVersion", "digest")
_IMAGES = ("image", "images")


class Difference(Struct, frozen=True):
    """One key and what it is now, and what it would be with the new chart's defaults (or after a
    reset)."""

    path: Path
    before: Any
    after: Any

    @property
    def key(self) -> str:
        """The key as `--set` writes it."""
        return dotted(self.path)

    @property
    def image(self) -> bool:
        """Whether it names an image or its version."""
        return self.path[-1] in _TAGS or any(part in _IMAGES for part in self.path[-2:])


class Missing(Struct, frozen=True):
    """A reading of the new templates that fails: Helm's nil pointer, with template, line and
    column."""

    reference: Reference
    part: Path
    """The part of the path that is null or missing."""
    file: str
    """The template on disk."""

    @property
    def words(self) -> str:
        """What Helm will say."""
        deeper = self.reference.path[len(self.part)]
        return (
            f"<.Values.{'.'.join(self.reference.path)}>: nil pointer evaluating interface "
            f"{{}}.{deeper}"
        )


class Comparison(Struct, frozen=True):
    """The modes compared, for one upgrade."""

    hidden: tuple[Difference, ...]
    """New or changed defaults that `--reuse-values` hides."""
    missing: tuple[Missing, ...]
    """Readings of the new templates that fail under `--reuse-values`."""
    reverting: tuple[Difference, ...]
    """Keys of the old user values that return to the default when values are reset."""
    rows: tuple[tuple[str, tuple[Any, ...]], ...]
    """Keys that the modes disagree on, with the value under each of `MODES`."""


MODES = (Mode.DEFAULT, Mode.RESET, Mode.REUSE, Mode.RESET_THEN_REUSE)
_ABSENT = object()


def compare_modes(change: ValuesChange) -> Comparison:
    """Compare the four modes for one upgrade; a mode under which Helm stops has no values."""
    results = {mode: change.tried(mode) for mode in MODES}
    reuse, kept = results[Mode.REUSE], results[Mode.RESET_THEN_REUSE]
    reset = results[Mode.RESET]
    return Comparison(
        hidden=hidden(change),
        missing=tuple(missing(reuse)) if reuse else (),
        reverting=tuple(reverting(change, kept, reset)) if kept and reset else (),
        rows=tuple(_rows(list(results.values()))),
    )


def hidden(change: ValuesChange) -> tuple[Difference, ...]:
    """The new and changed defaults that `--reuse-values` would hide, under the same user values."""
    reuse, kept = change.tried(Mode.REUSE), change.tried(Mode.RESET_THEN_REUSE)
    if reuse and kept:
        return tuple(_differences(reuse, kept))
    return ()


def missing(effective: Effective) -> Iterator[Missing]:
    """The readings of an upgrade's templates that cannot work with its values, in every chart."""
    for path, chart in effective.chart.walk():
        for reference in references(chart, path):
            part = broken(reference, effective.scopes.get(path, {}))
            if part:
                yield Missing(reference, part, chart.path + reference.file.removeprefix(path))


def reverting(change: ValuesChange, kept: Effective, reset: Effective) -> Iterator[Difference]:
    """The keys that the old user values set and this upgrade's own values do not, which a reset
    takes back."""
    now, after = dict(leaves(kept.values)), dict(leaves(reset.values))
    for path, _ in leaves(change.old_user):
        value = now.get(path, _ABSENT)
        if value is not _ABSENT and not _same(value, after.get(path, _ABSENT)):
            yield Difference(path, value, after.get(path))


def table(comparison: Comparison) -> str:
    """The keys that the modes disagree on, as text; values of secret-looking keys are masked."""
    head = ("KEY", "no flag", *(mode.flag for mode in MODES[1:]))
    rows = [head, *(_row(key, values) for key, values in comparison.rows)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "".join(f"{_line(row, widths)}\n" for row in rows)


def _row(key: str, values: tuple[Any, ...]) -> tuple[str, ...]:
    return (key, *(_shown(key, value) for value in values))


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    cells = zip(row, widths, strict=True)
    return "  ".join(text.ljust(width) for text, width in cells).rstrip()


def to_json(change: ValuesChange, comparison: Comparison) -> dict[str, Any]:
    """What this upgrade makes of the values, as JSON values: stored, computed, seen by templates,
    and the modes.

    Values of secret-looking keys are masked.
    """
    result, mask = change.effective, mask_values
    return {
        "mode": change.mode.value,
        "user_values": mask(result.user_values),
        "all_values": mask(result.all_values),
        "rendered": mask(result.scopes),
        "hidden": [_difference(difference) for difference in comparison.hidden],
        "reverting": [_difference(difference) for difference in comparison.reverting],
        "missing": [
            {"template": gap.reference.file, "line": gap.reference.line, "message": gap.words}
            for gap in comparison.missing
        ],
        "modes": [_by_mode(key, values) for key, values in comparison.rows],
    }


def _by_mode(key: str, values: tuple[Any, ...]) -> dict[str, Any]:
    modes = [mode.value for mode in MODES]
    return {"key": key, "values": dict(zip(modes, _masked(key, values), strict=True))}


def _difference(difference: Difference) -> dict[str, Any]:
    before, after = _masked(difference.key, (difference.before, difference.after))
    return {"key": difference.key, "before": before, "after": after}


def _masked(key: str, values: tuple[Any, ...]) -> tuple[Any, ...]:
    hidden = any(secret_key(part) for part in key.split("."))
    return tuple(MASK if hidden and value is not None else mask_values(value) for value in values)


def _differences(reuse: Effective, kept: Effective) -> Iterator[Difference]:
    """Where reuse gives something else than the new defaults under the same user values."""
    now, fresh = dict(leaves(reuse.values)), dict(leaves(kept.values))
    for path, value in fresh.items():
        if not _same(now.get(path, _ABSENT), value) and not _is_added_table(path, value):
            before = now.get(path)
            yield Difference(path, before, value)


def _is_added_table(path: Path, value: Any) -> bool:
    return value == {} and path[-1] == "global"  # Helm's own, in every subchart


def _rows(results: list[Effective | None]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    columns = [dict(leaves(result.values)) if result else {} for result in results]
    for path in sorted(set[Path]().union(*columns)):
        values = tuple(column.get(path, _ABSENT) for column in columns)
        if not _are_same(values) and not _is_added_table(path, values[0]):
            yield dotted(path), tuple(column.get(path) for column in columns)


def _are_same(values: tuple[Any, ...]) -> bool:
    return all(_same(values[0], value) for value in values[1:])


def _same(left: Any, right: Any) -> bool:
    return bool(left == right) and isinstance(left, bool) == isinstance(right, bool)


def _shown(key: str, value: Any) -> str:
    if value is None:
        return "-"
    (value,) = _masked(key, (value,))
    if value == MASK:
        return MASK
    text = json.dumps(value, ensure_ascii=False)
    if len(text) <= 30:
        return text
    return text[:29] + "…"
