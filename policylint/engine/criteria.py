"""What a configuration says of judging: which rules, from which packs, and what is asked of
waivers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from msgspec import Struct

from policylint.model import Category, Json, Severity


class Source(Struct, frozen=True):
    """Where a pack is shared: git at a tag or a whole commit, an installed package of Python, an
    artifact of an OCI registry."""

    kind: str  # git | python | oci
    address: str
    ref: str = ""
    """A tag or a commit of 40 digits, of git alone."""
    path: str = ""
    """The directory of the pack inside."""

    @property
    def key(self) -> str:
        """What the lock file calls it."""
        ref = f"@{self.ref}" if self.ref else ""
        path = f"#{self.path}" if self.path else ""
        return f"{self.kind}+{self.address}{ref}{path}"


class Pack(Struct, frozen=True):
    """Where rules are, and how far they count; `path` is absolute or as the user named it, "" for
    a shared pack that is not located yet."""

    path: str
    name: str = ""
    """What it is called; "" for its directory's name."""
    never_fails: bool = False
    """`fail-on: never`: its findings are shown and fail nothing."""
    until: str = ""
    """The day on which that ends, "2027-01-31"; "" for never."""
    python: bool = False
    """Whether the path is of rules in Python, which run as part of policylint."""
    source: Source | None = None
    called: str = ""
    """What messages call its path, where that is of a copy."""

    def is_dry(self, today: date) -> bool:
        """Whether its findings fail nothing today."""
        return self.never_fails and not (self.until and date.fromisoformat(self.until) < today)


class Criteria(Struct, frozen=True):
    """By which rules and how strictly to judge: command line, environment and configuration as
    one."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    level: Category | None = None
    """The level that was asked for by name."""
    fail_on: Severity = Severity.ERROR
    strict: bool = False
    all_findings: bool = False
    """Show what was there before the change too."""
    tables: tuple[Mapping[str, Json], ...] = ()
    """The `rules:` tables that hold; later ones win."""
    packs: tuple[Pack, ...] = ()
    """Rules of the user's own."""
    paths: tuple[tuple[str, Mapping[str, Json]], ...] = ()
    """(glob of an absolute path, `rules:` table) of what scan finds in files there."""


class Policy(Struct, frozen=True):
    """What the configuration demands of waivers."""

    require: tuple[str, ...] = ()
    """owner, until, or both."""
    allow_new: tuple[str, ...] = ()
    """The owners whose new waivers count in the pull request that brings them."""
