"""The invocations of one file together: what rules judge that a single command does not show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from msgspec import Struct

from policylint.scan.invocations.model import Invocation


class Together(Struct, frozen=True):
    """All invocations of one file, in order of their places; the subject of rules that look at
    several."""

    file: str
    invocations: tuple[Invocation, ...]

    def after(self, invocation: Invocation) -> tuple[Invocation, ...]:
        """Those below it in the file and, where it belongs to a job, in the same job."""
        mine = invocation.job.name if invocation.job else ""
        place = (invocation.line, invocation.column)
        return tuple(
            each
            for each in self.invocations
            if (each.line, each.column) > place and (each.job.name if each.job else "") == mine
        )

    def first_of_jobs(self, wanted: Callable[[Invocation], bool]) -> Iterator[Invocation]:
        """The first wanted one of each job, and of what belongs to none."""
        seen: set[str] = set()
        for each in self.invocations:
            name = each.job.name if each.job else ""
            if name not in seen and wanted(each):
                seen.add(name)
                yield each


def in_repository(invocations: Iterable[Invocation]) -> Iterator[Together]:
    """One subject for each file; the invocations are sorted by file."""
    for file, found in groupby(invocations, key=lambda each: each.file):
        yield Together(file, tuple(found))
