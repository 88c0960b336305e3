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
            later
            for later in self.invocations
            if (later.line, later.column) > place and (later.job.name if later.job else "") == mine
        )

    def first_of_jobs(self, wanted: Callable[[Invocation], bool]) -> Iterator[Invocation]:
        """The first wanted one of each job, and of what belongs to none."""
        seen: set[str] = set()
        for invocation in self.invocations:
            name = invocation.job.name if invocation.job else ""
            if name not in seen and wanted(invocation):
                seen.add(name)
                yield invocation


def in_repository(invocations: Iterable[Invocation]) -> Iterator[Together]:
    """One subject for each file; the invocations are sorted by file."""
    for file, group in groupby(invocations, key=lambda invocation: invocation.file):
        yield Together(file, tuple(group))
