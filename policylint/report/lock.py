"""`policylint.lock`: which content each shared pack has, by digest."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

SCHEMA = "policylint/lock/v1"


class Locked(Struct, frozen=True, order=True):
    """One shared pack: what it was when it was last updated."""

    source: str
    """Kind, address, ref and path: git+https://example.org/policies@v1.2.0#packs/acme."""
    digest: Annotated[str, Meta(pattern=r"^sha256:[0-9a-f]{64}\Z")]
    """sha256 over the names and bytes of its files."""
    resolved: Annotated[str, Meta(pattern=r"^(?:[0-9a-f]{40}|sha256:[0-9a-f]{64})?\Z")] = ""
    """The commit that a tag meant, or the digest of an artifact's manifest."""
