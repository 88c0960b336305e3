"""What the search for causes may cost in a run, one release after the other."""

from __future__ import annotations

import os
from time import monotonic

_SECONDS_EACH = 0.5
_RELEASES = 5
"""So many releases may use up all of their time; those after them are left with what is not
spent."""
_PATIENCE = 6
"""How much longer than its work a search may last: a machine that others use names no fewer causes,
and helm, where it works in a process of its own, counts by this alone."""


class Budget:
    """What trials may cost: renders for each release, and seconds of work for each and for all."""

    def __init__(self, renders: int) -> None:
        self.renders = renders
        self.seconds = renders * _SECONDS_EACH
        self._all_seconds = self.seconds * _RELEASES
        self._left = renders
        self._begun = _now()
        self.is_cut = False
        """Whether another search of the release may find more: it was ended by time, or failed."""

    def begin(self) -> None:
        """Begin with a release."""
        self._left = self.renders
        self._begun = _now()

    def end(self) -> None:
        """End with a release: what it spent is gone for the others."""
        self._all_seconds = max(0.0, self._all_seconds - self._spent())

    def spend(self) -> None:
        """Take one render off; raises `SpentError` where none is left."""
        if self._left <= 0:
            raise SpentError
        if self._spent() >= min(self.seconds, self._all_seconds):
            self.is_cut = True
            raise SpentError
        self._left -= 1

    def _spent(self) -> float:
        """Seconds of work since the release was begun with."""
        work, time = (now - begun for now, begun in zip(_now(), self._begun, strict=True))
        return max(work, time / _PATIENCE)


class SpentError(Exception):
    """The budget is used up."""


def _now() -> tuple[float, float]:
    """Seconds that this process and its children worked, and those that went by."""
    spent = os.times()
    work = spent.user + spent.system + spent.children_user + spent.children_system
    return work, monotonic()
