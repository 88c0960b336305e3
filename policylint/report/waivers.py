"""What a user says may stand: waivers, and what there is to say of them; the subject of rules."""

from __future__ import annotations

from msgspec import Struct

NARROWING = ("resource", "path", "release", "environment")
"""What a waiver of a rule is narrowed by."""


class Waiver(Struct, frozen=True):
    """One waiver: which findings, why, by whom and until when; "" where it says nothing.

    `rule`, `resource`, `path`, `release` and `environment` may hold `*`. `until` is the last day on
    which it holds, "2027-01-31". `file` and `line` are where it is written.
    """

    reason: str
    owner: str = ""
    until: str = ""
    fingerprint: str = ""
    rule: str = ""
    resource: str = ""
    path: str = ""
    release: str = ""
    environment: str = ""
    file: str = ""
    line: int = 0
    inline: bool = False
    """Whether it stands beside what it waives: in a comment or an annotation."""

    @property
    def says(self) -> tuple[object, ...]:
        """All that it says, wherever it is written."""
        which = (self.fingerprint, self.rule, self.resource, self.path)
        where = (self.release, self.environment)
        return (*which, *where, self.reason, self.owner, self.until)

    @property
    def is_broad(self) -> bool:
        """Whether it waives whatever comes: any rule's findings, or all of one rule's."""
        if self.inline or self.fingerprint:
            return False
        narrow = any(getattr(self, name).strip("*") for name in NARROWING)
        return not (self.rule.strip("*") and narrow)

    def __str__(self) -> str:
        """What it waives, in words."""
        names = ("fingerprint", "rule", *NARROWING)
        return ", ".join(f"{name} {getattr(self, name)}" for name in names if getattr(self, name))


class Flawed(Struct, frozen=True):
    """A waiver beside what it waives that waives nothing, and what it lacks."""

    file: str
    line: int
    lacks: str


class WaiverReview(Struct, frozen=True):
    """What there is to say of the waivers of a run."""

    expired: tuple[Waiver, ...] = ()
    unused: tuple[Waiver, ...] = ()
    """Those that no finding of a run needed that would have shown it."""
    broad: tuple[Waiver, ...] = ()
    flawed: tuple[Flawed, ...] = ()
    added: tuple[Waiver, ...] = ()
    """Those beside findings that a pull request adds: they do not count in it."""
