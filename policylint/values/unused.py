"""Values files that lie beside those in use and that nothing names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_VALUES = re.compile(r"values.*\.ya?ml|.*[-_.]values\.ya?ml")


@dataclass(frozen=True, slots=True)
class ValuesFiles:
    """The values files that releases name, and those of the same folders that none does."""

    named: tuple[str, ...]
    unnamed: tuple[str, ...]


def values_files(named: Iterable[str]) -> ValuesFiles:
    """Look beside the named files for others that look like values files of the same kind.

    In a folder where every named file is called like `prod.yaml`, each YAML file counts; a chart's own values.yaml and
    its ci/ folder are in use by the chart.
    """
    known = [Path(name) for name in dict.fromkeys(named)]
    resolved = {path.resolve() for path in known}
    found: dict[str, None] = {}
    for folder in dict.fromkeys(path.parent for path in known):
        here = [path for path in known if path.parent == folder]
        plain = not any(_VALUES.fullmatch(path.name) for path in here)
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            alike = path.suffix in (".yaml", ".yml") if plain else _VALUES.fullmatch(path.name)
            if alike and path.is_file() and path.resolve() not in resolved and not _of_chart(path):
                found[str(path)] = None
    return ValuesFiles(tuple(map(str, known)), tuple(found))


def _of_chart(path: Path) -> bool:
    beside = (path.parent / "Chart.yaml").exists()
    return (beside and path.name in ("values.yaml", "Chart.yaml", "requirements.yaml")) or path.parent.name == "ci"
