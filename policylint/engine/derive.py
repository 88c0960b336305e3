"""Everything that is derived of the package's own files, derived at once: for a wheel."""

from __future__ import annotations

from policylint.engine.registry import shipped
from policylint.kyaml.tables import table
from policylint.model import Upgrade
from policylint.runtime.resources import tables


def derive_all() -> None:
    """Derive the tables, the rules in YAML with their expressions, and the subjects of all rules,
    as far as what is kept is not of these files."""
    for name in tables():
        table(name)
    shipped()
    shipped(frozenset({Upgrade}))
