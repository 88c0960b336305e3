"""What an editor asks about one text while it is typed: findings, what a value reaches, and the
fixes that a machine can make. It knows no protocol."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from msgspec import Struct

from policylint.config import Config
from policylint.engine.judging import Judging, judge, judging
from policylint.engine.registry import shipped
from policylint.errors import PolicylintError
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.sides import ValuesInput
from policylint.helm.values.chart import Chart, read_chart
from policylint.helm.values.given import read_file
from policylint.helm.values.references import Usage, usage
from policylint.helm.values.subject import ValuesChange, change_of
from policylint.helm.values.tables import dotted
from policylint.kubernetes.api.schemas import NEWEST
from policylint.kyaml.lines import path_at
from policylint.model import Finding, Fix, Target
from policylint.pipeline.configuration.settings import load_config, resolve
from policylint.redaction.redactor import Redactor
from policylint.scan.invocations.model import Invocation
from policylint.scan.invocations.secrets import secrets
from policylint.scan.repository.registry import read_source
from policylint.scan.repository.together import Together, in_repository
from policylint.scan.texts.source import Source

_YAML = (".yaml", ".yml")
_READERS_SHOWN = 12
_RUNS = frozenset({Invocation, Together})
_VALUES = frozenset({ValuesChange})


class PlacedFinding(Struct, frozen=True):
    """A finding at a line (from 1) of the text, and what of it the text itself can be fixed by."""

    line: int
    finding: Finding
    fixes: tuple[Fix, ...]


def placed_findings(path: Path, text: str, root: Path) -> list[PlacedFinding]:
    """The findings of one text: of how it runs Helm, and of its values where it is a values file of
    a chart nearby.

    A text that cannot be read as what it seems to be has none: it is being typed.
    """
    shown = _name(path, root)
    findings = [*_runs(shown, text, root), *_of_values(path, text, root)]
    return [_placed(finding, path, root) for finding in findings if _is_in(finding, path, root)]


def told_of_value(path: Path, text: str, line: int, root: Path) -> str:
    """What the value at a line (from 1) of a values file reaches, as Markdown; "" where that is not
    known."""
    key = path_at(text, line)
    chart = chart_of(path, root)
    if chart is None or not key:
        return ""
    readers = list(dict.fromkeys(_readers(usage(chart), key)))
    if not readers:
        return f"**{dotted(key)}**: no template of {chart.name} reads it"
    rows = [f"- `{place}`" for place in readers[:_READERS_SHOWN]]
    left = len(readers) - len(rows)
    rows += [f"- and {left} more"] if left > 0 else []
    return "\n".join([f"**{dotted(key)}** is read at", "", *rows])


def page(rule: str) -> str:
    """A rule's page in Markdown; "" for none of that name."""
    return next((known.page for known in shipped() if known.id == rule), "")


def _runs(shown: str, text: str, root: Path) -> Iterator[Finding]:
    try:
        source = Source.of(shown, text.encode(), root)
        readings = read_source(source)
    except (PolicylintError, ValueError, RecursionError):
        return
    runs = [reading for reading in readings if isinstance(reading, Invocation)]
    if runs:
        redactor = Redactor(tuple(secrets(runs)))
        subjects = (*runs, *in_repository(runs))
        yield from judge(_by(root, _RUNS), subjects, _target(root), redactor=redactor).findings


def _of_values(path: Path, text: str, root: Path) -> Iterator[Finding]:
    chart = chart_of(path, root)
    if chart is None:
        return
    name = str(path)

    def read(file: str) -> str:
        if file == name:
            return text
        return read_file(file)

    try:
        change = change_of(chart, ValuesInput(files=(name,)), read=read)
        yield from judge(_by(root, _VALUES), (change,), _target(root)).findings
    except PolicylintError:
        return


def chart_of(path: Path, root: Path) -> Chart | None:
    """The chart that a values file is for: the one it lies in, the one that the configuration names
    with it, else the only one beside it."""
    if path.suffix not in _YAML or "templates" in path.parts:
        return None
    for folder in _charts(path, root):
        try:
            return _chart(str(folder), _stamp(folder))
        except PolicylintError:
            continue
    return None


def _charts(path: Path, root: Path) -> Iterator[Path]:
    if path.name != "Chart.yaml":
        yield from _around(path, root)
        yield from _configured(path, root)
        yield from _beside(path)


def _around(path: Path, root: Path) -> Iterator[Path]:
    """The chart that a file lies in."""
    for folder in path.parents:
        if (folder / "Chart.yaml").is_file():
            yield folder
        if folder == root:
            return


def _configured(path: Path, root: Path) -> Iterator[Path]:
    """The charts that the configuration names with a values file."""
    for release in _config(root).releases:
        if str(path) in release.values and Path(release.chart).is_dir():
            yield Path(release.chart)


def _beside(path: Path) -> Iterator[Path]:
    """The only chart near a file that is called a values file, or lies among them."""
    if "values" in path.name or "values" in path.parent.name:
        for folder in (path.parent, path.parent.parent):
            yield from _only_chart(folder)


def _only_chart(folder: Path) -> list[Path]:
    """The chart in one of the folders of a folder, where there is exactly one."""
    files = [*folder.glob("*/Chart.yaml"), *folder.glob("charts/*/Chart.yaml")]
    charts = list(dict.fromkeys(file.parent for file in files))
    if len(charts) == 1:
        return charts
    return []


def _stamp(folder: Path) -> int:
    """What changes when a file of a chart does."""
    newest = 0
    for directory, _, names in os.walk(folder):
        newest = max(newest, *(_time(f"{directory}/{name}") for name in ("", *names)))
    return newest


def _time(file: str) -> int:
    try:
        return os.stat(file).st_mtime_ns  # noqa: PTH116  asked for each file of a chart
    except OSError:
        return 0


@lru_cache(maxsize=8)
def _chart(folder: str, stamp: int) -> Chart:  # noqa: ARG001  another time is another chart
    return read_chart(folder)


def _config(root: Path) -> Config:
    try:
        file = root / ".policylint.yaml"
        if file.is_file():
            return load_config(Options(config=str(file)))
        return Config()
    except PolicylintError:
        return Config()


@lru_cache(maxsize=8)
def _by(root: Path, subjects: frozenset[type]) -> Judging:
    return judging(resolve(Options(), _config(root)).criteria, subjects)


def _target(root: Path) -> Target:
    return Target(NEWEST, helm=resolve(Options(), _config(root)).line)


def _readers(used: Usage, key: tuple[str, ...]) -> Iterator[str]:
    """Where templates read a value, or what lies above or below it."""
    for reference in (*used.own, *used.helpers):
        if reference.path and _touch(reference.path, key):
            yield f"{reference.file}:{reference.line}"
    for name, child in used.children.items():
        if key[0] == name and len(key) > 1:
            yield from _readers(child, key[1:])
        elif key[0] == "global":
            yield from _readers(child, key)


def _touch(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    shared = min(len(left), len(right))
    return left[:shared] == right[:shared]


def _placed(finding: Finding, path: Path, root: Path) -> PlacedFinding:
    places_here = [at.line for at in finding.locations if _same(at.file, path, root)]
    fixes = tuple(fix for fix in finding.fixes if fix.edits and _is_of(fix, path, root))
    return PlacedFinding(max(1, places_here[0]), finding, fixes)


def _is_in(finding: Finding, path: Path, root: Path) -> bool:
    return any(_same(place.file, path, root) for place in finding.locations)


def _is_of(fix: Fix, path: Path, root: Path) -> bool:
    return all(_same(edit.file, path, root) for edit in fix.edits)


def _same(file: str, path: Path, root: Path) -> bool:
    return file == str(path) or root / file == path


def _name(path: Path, root: Path) -> str:
    if path.is_relative_to(root):
        return path.relative_to(root).as_posix()
    return path.as_posix()
