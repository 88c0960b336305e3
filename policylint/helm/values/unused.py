"""Values files that lie beside those in use and that nothing names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from policylint.runtime.patterns import pattern

_VALUES = pattern(r"values.*\.ya?ml|.*[-_.]values\.ya?ml")


class ValuesFiles(Struct, frozen=True):
    """The values files that releases name, and those of the same folders that none does."""

    named: tuple[str, ...]
    unnamed: tuple[str, ...]


def values_files(named: Iterable[str]) -> ValuesFiles:
    """Look beside the named files for others that look like values files of the same kind.

    In a folder of their own where every named file is called like `prod.yaml`, each YAML file
    counts; a chart's own values.yaml and its ci/ folder are in use by the chart. Hidden files and
    manifests are no values files.
    """
    known = [Path(name) for name in dict.fromkeys(named)]
    resolved = {path.resolve() for path in known}
    unnamed: dict[str, None] = {}
    for folder in dict.fromkeys(path.parent for path in known):
        for path in _alike(folder, known):
            if path.is_file() and path.resolve() not in resolved and not _of_else(path):
                unnamed[str(path)] = None
    return ValuesFiles(tuple(map(str, known)), tuple(unnamed))


def _alike(folder: Path, known: list[Path]) -> Iterator[Path]:
    """What in a folder is called like the values files that are named there."""
    if not folder.is_dir():
        return
    named = [path for path in known if path.parent == folder]
    plain = not any(map(_is_called_values, named)) and not _is_top(folder)
    for path in sorted(folder.iterdir()):
        if _is_called_values(path) or (plain and path.suffix in (".yaml", ".yml")):
            yield path


def _is_called_values(path: Path) -> bool:
    return _VALUES.fullmatch(path.name) is not None


def _is_top(folder: Path) -> bool:
    """Whether other tools keep their files here too: the top of a repository."""
    return any((folder / name).exists() for name in (".git", ".policylint.yaml"))


def _of_else(path: Path) -> bool:
    """Whether it is a file of the chart, of a tool, or a manifest."""
    beside = (path.parent / "Chart.yaml").exists()
    if path.name.startswith(".") or path.parent.name == "ci":
        return True
    return (
        beside and path.name in ("values.yaml", "Chart.yaml", "requirements.yaml")
    ) or _is_manifest(path)


def _is_manifest(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return re.search(rb"^kind:", file.read(4096), re.MULTILINE) is not None
    except OSError:
        return False
