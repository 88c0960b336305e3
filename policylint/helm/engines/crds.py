"""The text of a chart's crds/ as `helm template --include-crds` prints it, without helm.

Helm copies these files to its output as they are, and for a chart of many large definitions that
takes it longer than all else. Source: CRDObjects of pkg/chart and renderResources of pkg/action,
Helm 3.22 and 4.3.
"""

from __future__ import annotations

import os
from pathlib import Path

from policylint.helm.inputs.sides import ChartSide
from policylint.runtime.patterns import pattern

_MANIFESTS = (".yaml", ".yml", ".json")
_PRINTED = pattern(rb"\n?---\n# Source: ([^/\n]+)/")
"""How helm begins to print: with the chart's name, after a blank line where hooks are all there
is."""


def are_own(side: ChartSide) -> bool:
    """Whether all CRDs that helm would print are files of this chart directory itself.

    Which charts in charts/ count, their conditions tell; what a link there holds, helm; what a
    post-renderer does to CRDs, nobody.
    """
    chart = Path(side.chart)
    if not (chart / "crds").is_dir() or any(
        flag.startswith("--post-renderer") for flag in side.extra
    ):
        return False
    return not any(
        "crds" in folders
        or any(name.endswith(".tgz") for name in names)
        or any(os.path.islink(f"{folder}/{name}") for name in folders)  # noqa: PTH114  it may lead anywhere, even back
        for folder, folders, names in os.walk(chart / "charts")
    )


def own_crds(side: ChartSide, printed: bytes) -> bytes:
    """What helm prints of the chart's crds/ before what it `printed`; raises `ReadError` for what
    it would not load."""
    from policylint.helm.values.files import from_directory

    chart = Path(side.chart)
    found = from_directory(chart, "crds/")
    files = sorted(found, key=lambda name: name.split("/"))  # helm walks folder by folder
    texts = ((file, found[file]) for file in files if file.lower().endswith(_MANIFESTS))
    began = _PRINTED.match(printed)
    name = began[1] if began else _name(chart)
    return b"".join(
        b"---\n# Source: %s/%s\n%s\n" % (name, os.fsencode(file), text) for file, text in texts
    )


def _name(chart: Path) -> bytes:
    """The name in Chart.yaml, of which helm reads the first document."""
    from policylint.kyaml.load import split

    file = chart / "Chart.yaml"
    documents = split(file.read_text("utf-8-sig"), str(file))
    metadata = documents[0].body() if documents else None
    return str(metadata.get("name") if isinstance(metadata, dict) else "").encode()
