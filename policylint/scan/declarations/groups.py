"""The API groups whose objects drive Helm: those that a row of data/declarations.yaml names."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from policylint.kyaml.tables import table


@functools.cache
def api_groups() -> tuple[str, ...]:
    """Each group as an apiVersion begins with it: `helm.cattle.io/`."""
    tables: Mapping[str, Mapping[str, Any]] = table("declarations")
    return tuple(group for row in tables.values() for group in row.get("groups", ()))
