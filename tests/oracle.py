"""The recorded answers that tests read: those of `fixtures/oracle/`, or of the directory
POLICYLINT_ORACLE names."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(
    os.environ.get("POLICYLINT_ORACLE") or Path(__file__).parents[1] / "fixtures" / "oracle"
)


def rows(name: str) -> Iterator[dict[str, Any]]:
    """The rows of one recording; none where it is not there."""
    file = ROOT / f"{name}.jsonl.gz"
    if file.exists():
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            yield from map(json.loads, lines)
