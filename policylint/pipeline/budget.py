"""What the search for causes may cost in a run, one release after the other."""

from __future__ import annotations

from time import monotonic

_SECONDS_EACH = 0.5
_RELEASES = 5
"""So many releases may use up all of their time; those after them are left with what is not
spent."""


class Budget:
    """What trials may cost: renders for each release, and seconds for each and for all."""

    def __init__(self, renders: int) -> None:
        self.renders = renders
        self.seconds = renders * _SECONDS_EACH
        self._all_seconds = self.seconds * _RELEASES
        self._left = renders
        self._until = 0.0
        self.is_cut = False
        """Whether another search of the release may find more: it was ended by time, or failed."""

    def begin(self) -> None:
        """Begin with a release."""
        self._left = self.renders
        self._until = monotonic() + min(self.seconds, self._all_seconds)

    def end(self) -> None:
        """End with a release: what it spent is gone for the others."""
        spent = self.seconds - max(0.0, self._until - monotonic())
        self._all_seconds = max(0.0, self._all_seconds - spent)

    def spend(self) -> None:
        """Take one render off; raises `SpentError` where none is left."""
        if self._left <= 0:
            raise SpentError
        if monotonic() >= self._until:
            self.is_cut = True
            raise SpentError
        self._left -= 1


class SpentError(Exception):
    """The budget is used up."""
