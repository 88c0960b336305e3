"""Links between the directories of a chart: 20 levels of two links each are a million ways to one
file, and helm walks them all."""

from __future__ import annotations

import os
from collections import Counter

MAX_WAYS = 100
"""In how many ways a directory of a chart may be reached."""


class Ways:
    """In how many ways the directories of a tree were reached."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def enter(self, directory: str) -> bool:
        """Whether a directory was not yet entered in too many ways."""
        real = os.path.realpath(directory)
        self._counts[real] += 1
        return self._counts[real] <= MAX_WAYS
