"""Files from which Helm renders what an upgrade under a values mode would render.

`helm template` knows no values mode, so the mode's outcome is written down: a copy of the new chart
whose values.yaml is what Helm would take for it, and one values file with what Helm would store.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec.structs import replace

from policylint.errors import ReadError
from policylint.helm.inputs.sides import ChartSide, ValuesInput
from policylint.helm.values import files as chart_files
from policylint.helm.values.modes import Effective, Mode
from policylint.helm.values.strvals import set_values
from policylint.helm.values.tables import Table, dotted, leaves
from policylint.model import Json
from policylint.runtime.patterns import pattern

_UNSAFE = pattern("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def side_of(side: ChartSide, effective: Effective, folder: Path) -> ChartSide:
    """The side whose render is the upgrade's; writes `values.json` and, under reuse, `chart/` into
    `folder`.

    `side.chart` must be a chart directory or archive on this machine, and `folder` empty.
    """
    values = folder / "values.json"
    values.write_text(as_yaml(effective.user_values), "utf-8")
    stored = ValuesInput(
        files=(str(values),), set=tuple(large_numbers(side.values, effective.user_values))
    )
    if effective.mode is not Mode.REUSE:
        return replace(side, values=stored)
    chart = folder / "chart"
    write_chart(
        files_of_chart(Path(side.chart)),
        {"values.yaml": as_yaml(effective.defaults).encode()},
        chart,
    )
    return replace(side, chart=str(chart), version="", repo="", values=stored, root=str(folder))


def as_yaml(values: Json) -> str:
    """Values as JSON that YAML readers read alike: no surrogates, no character YAML forbids or
    takes for a line end."""
    text = json.dumps(values, ensure_ascii=False)
    return _UNSAFE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def files_of_chart(path: Path) -> dict[str, bytes]:
    """The files of a chart directory or archive by their path in it."""
    if path.is_dir():
        return chart_files.from_directory(path)
    return chart_files.from_archive(path)


def write_chart(files: Mapping[str, bytes], instead: Mapping[str, bytes], folder: Path) -> None:
    """Write a chart's files, some of them with other content; raises `ReadError` for a path that
    leads out of the folder."""
    for name, data in {**files, **instead}.items():
        if posixpath.normpath(name) != name or name.startswith(("/", "..")):
            raise ReadError(
                f"unsafe path {name!r} in the chart",
                file=str(folder),
                remedy="do not use this chart",
            )
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def large_numbers(flags: ValuesInput, stored: Table) -> Iterator[str]:
    """Integers of `--set`, given again: from a file Helm would print 1000000 as 1e+06."""
    typed: Table = {}
    for text in flags.set:
        set_values(text, typed)
    kept = dict(leaves(stored))
    for path, value in leaves(typed):
        if (
            isinstance(value, int)
            and abs(value) >= 10**6
            and kept.get(path) == value
            and _plain(path)
        ):
            yield f"{dotted(path)}={value}"


def _plain(path: tuple[str, ...]) -> bool:
    return not any(char in part for part in path for char in "=,[]{}\\")
