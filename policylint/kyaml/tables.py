"""The tables of `policylint/data/`: YAML for people, read once and kept as JSON."""

from __future__ import annotations

from typing import Any

from policylint.kyaml.load import load
from policylint.runtime.derived import derived
from policylint.runtime.resources import data


def table(name: str) -> Any:
    """The value of `policylint/data/NAME.yaml`; reading its YAML at each start would take ten times
    as long."""
    content = data(f"{name}.yaml")
    return derived(name, [content], lambda: load(content.decode("utf-8"), f"{name}.yaml"))
