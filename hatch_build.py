"""What is derived of the package's files, derived when a wheel is built: see
policylint/runtime/derived.py."""

import sys
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Derive(BuildHookInterface):
    """Derives the tables, the rules and their subjects before the files of a wheel are gathered."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Derive everything; an editable install derives it at first use."""
        if version == "editable":
            return
        sys.path.insert(0, self.root)
        try:
            from policylint.engine.derive import derive_all

            derive_all()
        finally:
            sys.path.remove(self.root)
