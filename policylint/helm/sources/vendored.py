"""Whether a chart directory has what it depends on, told by names alone: a chart that is whole
costs no parsing."""

from __future__ import annotations

import re
from pathlib import Path


def may_lack(chart: Path) -> bool:
    """Whether a dependency of a chart directory may be missing in its `charts/`."""
    declared = [chart / name for name in ("Chart.yaml", "requirements.yaml")]
    names: set[str] = set()
    for file in declared:
        if file.is_file():
            section = file.read_text("utf-8", "replace").partition("dependencies:")[2]
            names.update(re.findall(r"""\bname:\s*["']?([^\s"'#,}]+)""", section))
    charts = chart / "charts"
    if charts.is_dir():
        there = [entry.name for entry in charts.iterdir()]
    else:
        there = []
    return not all(_is_there(name, there) for name in names)


def _is_there(name: str, entries: list[str]) -> bool:
    return any(entry == name or entry.startswith(f"{name}-") for entry in entries)
