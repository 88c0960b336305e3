"""The text of a chart's crds/ as `helm template --include-crds` prints it, without helm.

Helm copies these files to its output as they are, and for a chart of many large definitions that takes it longer than
all else. Source: CRDObjects of pkg/chart and renderResources of pkg/action, Helm 3.22 and 4.3.
"""

from __future__ import annotations

import os
from pathlib import Path

from policylint.sources.sides import ChartSide

_MANIFESTS = (".yaml", ".yml", ".json")


def are_own(side: ChartSide) -> bool:
    """Whether all CRDs that helm would print are files of this chart directory itself.

    Which charts in charts/ count, their conditions tell; what a post-renderer does to CRDs, nobody.
    """
    chart = Path(side.chart)
    if not (chart / "crds").is_dir() or any(flag.startswith("--post-renderer") for flag in side.extra):
        return False
    below = os.walk(chart / "charts", followlinks=True)
    return not any("crds" in folders or any(name.endswith(".tgz") for name in names) for _, folders, names in below)


def own_crds(side: ChartSide) -> bytes:
    """What helm prints of the chart's crds/; raises `ReadError` for what helm would not load either."""
    from policylint.values.files import from_directory

    chart = Path(side.chart)
    found = from_directory(chart, "crds/")
    files = sorted(found, key=lambda name: name.split("/"))  # helm walks folder by folder
    texts = ((file, found[file]) for file in files if file.lower().endswith(_MANIFESTS))
    name = _name(chart)
    return b"".join(b"---\n# Source: %s/%s\n%s\n" % (name, os.fsencode(file), text) for file, text in texts)


def _name(chart: Path) -> bytes:
    from policylint.kyaml import load

    file = chart / "Chart.yaml"
    metadata = load(file.read_text("utf-8-sig"), str(file))
    return str(metadata.get("name") if isinstance(metadata, dict) else "").encode()
