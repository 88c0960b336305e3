"""The text of a chart's crds/ as `helm template --include-crds` prints it, without helm.

Helm copies these files to its output as they are, and for a chart of many large definitions that
takes it longer than all else. Source: CRDObjects of pkg/chart and renderResources of pkg/action,
Helm 3.22 and 4.3.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from policylint.helm.inputs.sides import ChartSide
from policylint.helm.values.files import from_directory
from policylint.kyaml.load import split
from policylint.runtime.patterns import pattern

_MANIFESTS = (".yaml", ".yml", ".json")
_CRD_FILE = pattern(r"---\n# Source: (?P<path>[^/\n]+/(?:charts/[^/\n]+/)*crds/[^\n]+)\n")
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
        "crds" in folders or _hides_charts(folder, folders, names)
        for folder, folders, names in os.walk(chart / "charts")
    )


def _hides_charts(folder: str, folders: Sequence[str], names: Sequence[str]) -> bool:
    """Whether a directory holds charts that a walk does not come to: packed ones, and links, which
    may lead anywhere, even back."""
    packed = any(name.endswith(".tgz") for name in names)
    return packed or any(os.path.islink(f"{folder}/{name}") for name in folders)  # noqa: PTH114


def own_crds(side: ChartSide, printed: bytes) -> bytes:
    """What helm prints of the chart's crds/ before what it `printed`; raises `ReadError` for what
    it would not load."""
    chart = Path(side.chart)
    contents = from_directory(chart, "crds/")
    files = sorted(contents, key=lambda name: name.split("/"))  # helm walks folder by folder
    texts = ((file, contents[file]) for file in files if file.lower().endswith(_MANIFESTS))
    began = _PRINTED.match(printed)
    name = began[1] if began else _name(chart)
    return b"".join(
        b"---\n# Source: %s/%s\n%s\n" % (name, os.fsencode(file), text) for file, text in texts
    )


def printed_crds(side: ChartSide, text: str) -> int | None:
    """How much of what helm printed is the text of crds/ directories, by the files themselves; None
    where they are not at hand (an archive, another chart's address).

    A file of crds/ may hold comments and documents that look like Helm's own: what counts is how
    long it is.
    """
    chart = Path(side.chart)
    if not chart.is_dir() or any(chart.glob("charts/**/*.tgz")):
        return None
    at = 0
    while printed := _CRD_FILE.match(text, at):
        named = printed["path"].rpartition("/crds/")[2]
        begin = printed.end()
        matching = [content for content in _contents(chart, named) if _stands(text, begin, content)]
        if not matching:
            return None
        at = begin + max(len(content) for content in matching) + 1
    return at


def _contents(chart: Path, named: str) -> Iterator[str]:
    """The contents of the files of this name in any crds/ directory of the chart."""
    for folder in (chart / "crds", *chart.glob("charts/**/crds")):
        file = folder / named
        if file.is_file() and not file.is_symlink():
            yield file.read_bytes().decode("utf-8-sig", "replace")


def _stands(text: str, begin: int, content: str) -> bool:
    end = begin + len(content)
    return text.startswith(content, begin) and text[end : end + 1] in ("", "\n")


def _name(chart: Path) -> bytes:
    """The name in Chart.yaml, of which helm reads the first document."""
    file = chart / "Chart.yaml"
    documents = split(file.read_text("utf-8-sig"), str(file))
    metadata = documents[0].body() if documents else None
    return str(metadata.get("name") if isinstance(metadata, dict) else "").encode()
