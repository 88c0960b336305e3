"""`policylint init`: the few lines that a repository needs so that `policylint check` knows it.

What other tools' files declare is found without any; charts that nothing declares become releases,
with their values files by environment.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from policylint.commands.releases import declarations
from policylint.errors import ReadError
from policylint.kubernetes.api.schemas import NEWEST
from policylint.kyaml.load import load
from policylint.scan.gitops.model import Declared
from policylint.scan.repository.listing import settings

_SKIPPED = frozenset({"node_modules", "vendor", ".git", ".venv", ".terraform"})
_BY_NAME = re.compile(r"values[-._](?P<first>[\w-]+)\.ya?ml|(?P<last>[\w-]+)[-._]values\.ya?ml")
_BY_FOLDER = ("values", "environments", "envs", "env", "config")
_SHARED = frozenset({"common", "base", "default", "defaults", "global", "shared", "values"})
_NO_ENVIRONMENT = frozenset({"schema", "example", "sample", "test", "tests", "ci", "template"})
_TOOLS = {
    "flux": "Flux",
    "argocd": "Argo CD",
    "helmfile": "helmfile",
    "terraform": "Terraform",
    "kustomize": "kustomize",
    "fleet": "Fleet",
    "k3s": "k3s",
    "ansible": "Ansible",
    "command": "commands of scripts and pipelines",
}

MODELINE = (
    "# yaml-language-server: $schema=https://raw.githubusercontent.com/policylint/policylint/main"
    "/policylint/data/config.schema.json"
)
"""What editors that know YAML schemas look for in the first line."""


class _Values(Struct, frozen=True):
    """The values files beside a chart: those of every environment, and those of one each."""

    shared: tuple[str, ...] = ()
    by_environment: Mapping[str, str] = {}


def proposed() -> str:
    """The text of a .policylint.yaml for the repository at the current directory."""
    declared = declarations().releases
    lines = [MODELINE, "# policylint schema config describes every key"]
    lines.append(f'kubernetes: "{NEWEST}"')
    lines += _declared(declared)
    charts = list(_charts({release.chart.name for release in declared}))
    if charts:
        lines.append("releases:")
        lines += [line for chart in charts for line in _release(chart)]
    elif not declared:
        lines.append("releases: []")
    return "\n".join(lines) + "\n"


def _declared(releases: Sequence[Declared]) -> Iterator[str]:
    """What is said of releases that files declare, with a line for each of several clusters."""
    for tool, number in Counter(release.tool for release in releases).items():
        yield f"# {number} releases declared by {_TOOLS[tool]}: policylint check finds them"
    places = list(dict.fromkeys(filter(None, (release.cluster for release in releases))))
    if len(places) > 1:
        yield "declared:"
        yield "  at:"
        for cluster in places:
            yield f'    - {{cluster: "{cluster}", kubernetes: "{NEWEST}"}}'


def _charts(declared: set[str]) -> Iterator[Path]:
    """The charts that may be released: no libraries, no dependencies of another chart, no test
    fixtures, and none that a tool's file declares."""
    files = [path for path in sorted(Path().rglob("Chart.yaml")) if not _is_aside(path)]
    folders = {path.parent for path in files}
    for path in files:
        chart = path.parent
        inside = any(
            parent.parent in folders for parent in chart.parents if parent.name == "charts"
        )
        if not inside and chart.as_posix() not in declared and not _is_library(path):
            yield chart


def _is_aside(path: Path) -> bool:
    folders = set(path.parts[:-2])
    return bool(folders & _SKIPPED) or bool(folders & set(settings()["aside"]["folders"]))


def _is_library(path: Path) -> bool:
    try:
        body = load(path.read_text("utf-8"), str(path))
    except (OSError, ValueError, ReadError):
        return False
    return isinstance(body, dict) and body.get("type") == "library"


def _release(chart: Path) -> Iterator[str]:
    yield f"  - name: {chart.resolve().name}"
    yield f"    chart: ./{chart.as_posix()}"
    yield "    namespace: default"
    values = _values(chart)
    if values.shared:
        yield f"    values: [{', '.join(values.shared)}]"
    if values.by_environment:
        yield "    environments:"
        for name, file in sorted(values.by_environment.items()):
            yield f"      {name}: {{values: [{file}]}}"


def _values(chart: Path) -> _Values:
    """The values files in the chart's directory and the folders of values beside it."""
    shared: list[str] = []
    environments: dict[str, str] = {}
    for path, word in _named(chart):
        if word in _SHARED:
            shared.append(path.as_posix())
        elif word not in _NO_ENVIRONMENT:
            environments.setdefault(word, path.as_posix())
    return _Values(tuple(shared), environments)


def _named(chart: Path) -> Iterator[tuple[Path, str]]:
    """(values file, the word that tells it apart); the chart's own values.yaml is none."""
    for path in sorted(chart.iterdir()):
        match = _BY_NAME.fullmatch(path.name)
        if match:
            yield path, match["first"] or match["last"]
    folders: Iterable[Path] = (chart / name for name in _BY_FOLDER)
    for folder in filter(Path.is_dir, folders):
        for path in sorted(folder.iterdir()):
            if path.suffix in (".yaml", ".yml"):
                yield path, path.stem
            elif (path / "values.yaml").is_file():
                yield path / "values.yaml", path.name
    yield from _beside(chart.resolve().name)


def _beside(name: str) -> Iterator[tuple[Path, str]]:
    """Values files of a chart at the top of the repository, as in env/prod/NAME.yaml."""
    for folder in filter(Path.is_dir, map(Path, _BY_FOLDER)):
        for ending in (".yaml", ".yml"):
            for path in sorted(folder.glob(f"*/{name}{ending}")):
                yield path, path.parent.name
