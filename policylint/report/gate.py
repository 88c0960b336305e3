"""What a change does to the configuration that judges it: the subject of rules."""

from __future__ import annotations

from msgspec import Struct


class GateChange(Struct, frozen=True):
    """One setting that differs: its key ("rules.claim-deleted"), the base's and the new value."""

    key: str
    before: str
    after: str
    loosens: bool
    """Whether the new one lets more pass."""


class GateChanges(Struct, frozen=True):
    """Every such setting, and the revision whose configuration judges ("" where it is the changed
    one)."""

    changes: tuple[GateChange, ...] = ()
    base: str = ""
    file: str = ""
