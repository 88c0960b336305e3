"""What a validation function gets and what it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct

from policylint.model import Cause, Json, Object


class Scope(Struct, frozen=True):
    """What a check may want to know besides its own struct: the Kubernetes minor (36 of 1.36) and
    the whole object."""

    minor: int
    root: Object

    @property
    def kind(self) -> str:
        """The kind of the whole object."""
        return str(self.root.get("kind") or "")


Check = Callable[[Object, str, Scope], Iterator[Cause]]
"""(struct, its path, scope) -> errors."""


Rule = Callable[[Json, str], Iterator[Cause]]
"""(value of one field, its path) -> errors; not run where the field is missing or null."""


UNJUDGED = "unjudged"
"""The topic of what is no error but an open question; the forecast makes an `Unknown` of it."""


def unjudged(field: str, what: str) -> Cause:
    """An open question about a field: `what` is not known ("whether ...")."""
    return Cause(field, "", what, UNJUDGED, "")
