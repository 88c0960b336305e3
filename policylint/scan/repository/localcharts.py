"""The templates of a chart that stands in the repository, as texts: what a rule can see of it
without rendering."""

from __future__ import annotations

import functools
import os
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from policylint.runtime.patterns import pattern
from policylint.scan.invocations.model import Invocation

_SUFFIXES = (".yaml", ".yml", ".tpl")
_MOST = 300
"""Templates read of one chart; a larger one is judged by these."""
_LARGEST = 400_000
_DOCUMENT = pattern(r"^---.*$", re.MULTILINE)


def documents_of(invocation: Invocation) -> tuple[str, ...] | None:
    """Each document of the chart's templates, subcharts in charts/ included; None where the chart
    is not here."""
    folder = _folder(invocation)
    if folder is not None:
        return _documents(folder)
    return None


def _folder(invocation: Invocation) -> Path | None:
    source, chart = invocation.source, invocation.chart
    if source is None or source.root is None or not chart or "://" in chart:
        return None
    beside = posixpath.join(posixpath.dirname(source.file), chart)
    for name in dict.fromkeys((chart, beside)):
        if os.path.isfile(f"{source.root}/{name}/Chart.yaml"):  # noqa: PTH113  asked for each command of a repository
            folder = (source.root / name).resolve()
            if folder.is_relative_to(source.root.resolve()):
                return folder
    return None


@functools.lru_cache(maxsize=64)
def _documents(folder: Path) -> tuple[str, ...]:
    return tuple(part for text in _texts(folder) for part in _DOCUMENT.split(text) if part.strip())


def _texts(folder: Path) -> Iterator[str]:
    paths = (path for path in sorted(folder.glob("**/templates/**/*")) if path.suffix in _SUFFIXES)
    for path, _ in zip(paths, range(_MOST), strict=False):
        try:
            is_inside = path.is_file() and path.resolve().is_relative_to(folder)
            if is_inside and path.stat().st_size <= _LARGEST:
                yield path.read_text(encoding="utf-8")
        except (OSError, ValueError):
            continue
