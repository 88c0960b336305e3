"""`policylint.lock`: which content each shared pack has, by digest."""

from __future__ import annotations

from msgspec import Struct

SCHEMA = "policylint/lock/v1"


class Locked(Struct, frozen=True, order=True):
    """One shared pack: what it was when it was last updated."""

    source: str
    """Kind, address, ref and path: git+https://example.org/policies@v1.2.0#packs/acme."""
    digest: str
    """sha256 over the names and bytes of its files."""
    resolved: str = ""
    """The commit that a tag meant."""
