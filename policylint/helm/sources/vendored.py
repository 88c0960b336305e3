"""Whether a chart directory has what it depends on, told by names alone: a chart that is whole
costs no parsing."""

from __future__ import annotations

import re
from pathlib import Path


def may_lack(chart: Path) -> bool:
    """Whether a dependency of a chart directory may be missing in its `charts/`."""
    declared = [chart / name for name in ("Chart.yaml", "requirements.yaml")]
    texts = [file.read_text("utf-8", "replace") for file in declared if file.is_file()]
    sections = [section for text in texts if (section := text.partition("dependencies:")[2])]
    names = {
        name for text in sections for name in re.findall(r"""\bname:\s*["']?([^\s"'#,}]+)""", text)
    }
    charts = chart / "charts"
    there = [entry.name for entry in charts.iterdir()] if charts.is_dir() else []
    return not all(
        any(entry == name or entry.startswith(f"{name}-") for entry in there) for name in names
    )
