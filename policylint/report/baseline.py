"""The baseline: findings that were there before, by which later runs tell what is new."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from msgspec import Struct, field

SCHEMA = "policylint/baseline/v1"


class Entry(Struct, frozen=True, order=True):
    """Findings of one release that are about the same: how many, and of what rule and resource."""

    release: str
    """Namespace and name, with the environment; "" for what belongs to no release."""
    rule: str
    resource: str
    fingerprint: str
    count: int = 1

    @property
    def key(self) -> tuple[str, str]:
        """What it is known by."""
        return self.release, self.fingerprint


class Baseline(Struct, frozen=True):
    """What is known, by release and fingerprint."""

    entries: tuple[Entry, ...] = ()
    counts: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Baseline:
        """The baseline of these entries; those of one release and fingerprint are counted
        together."""
        counts: Counter[tuple[str, str]] = Counter()
        first: dict[tuple[str, str], Entry] = {}
        for entry in entries:
            counts[entry.key] += entry.count
            first.setdefault(entry.key, entry)
        rows = (
            Entry(entry.release, entry.rule, entry.resource, entry.fingerprint, counts[key])
            for key, entry in first.items()
        )
        return cls(tuple(sorted(rows)), dict(counts))

    def budget(self, release: str) -> Counter[str]:
        """How many findings of each fingerprint are known of a release."""
        known: Counter[str] = Counter()
        for (name, fingerprint), count in self.counts.items():
            if name == release:
                known[fingerprint] += count
        return known

    def within(self, current: Baseline) -> Baseline:
        """What of it is still found: never more than either has."""
        return Baseline.of(
            Entry(
                entry.release,
                entry.rule,
                entry.resource,
                entry.fingerprint,
                min(entry.count, current.counts[entry.key]),
            )
            for entry in self.entries
            if current.counts.get(entry.key)
        )

    def together(self, second: Baseline) -> Baseline:
        """All that either knows."""
        return Baseline.of((*self.entries, *second.entries))

    def more_than(self, second: Baseline) -> int:
        """How many findings it knows that another one does not."""
        return sum((Counter(self.counts) - Counter(second.counts)).values())
