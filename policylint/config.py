"""`.policylint.yaml` as frozen values, and where it lies: found by walking up."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct, field

from policylint.engine.criteria import Pack, Policy, Source
from policylint.helm.inputs.declaring import Declaring
from policylint.model import Category, Json, Severity
from policylint.report.baseline import Baseline
from policylint.report.lock import Locked
from policylint.report.waivers import Waiver
from policylint.runtime.git import checkout_top

NAME = ".policylint.yaml"
WAIVERS = ".policylint/waivers.yaml"
"""A file beside the configuration that holds nothing but waivers."""
BASELINE = ".policylint/baseline.json"
"""A file beside the configuration that holds what was found before."""
LOCK = "policylint.lock"
"""A file beside the configuration that pins shared packs by digest."""
BESIDE = (WAIVERS, BASELINE, LOCK)
PACK = "policylint.yaml"
"""The configuration of a pack, which `extends` names by its directory."""


class Release(Struct, frozen=True):
    """One release to check, in one environment; paths are absolute."""

    name: str
    chart: str
    namespace: str = "default"
    values: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    version: str = ""
    repo: str = ""
    environment: str = ""
    kubernetes: str = ""
    helm: str = ""
    apply: str = ""
    values_mode: str = ""
    api_versions: tuple[str, ...] = ()
    rules: Mapping[str, Json] = field(default_factory=dict)
    level: Category | None = None
    fail_on: Severity | None = None


class Environment(Struct, frozen=True):
    """What holds for every release of an environment; empty values change nothing."""

    kubernetes: str = ""
    helm: str = ""
    apply: str = ""
    level: Category | None = None
    fail_on: Severity | None = None
    rules: Mapping[str, Json] = field(default_factory=dict)
    api_versions: tuple[str, ...] = ()


class PathRules(Struct, frozen=True):
    """What holds for the files that a glob names: charts of releases, and what scan finds in."""

    glob: str
    """An absolute path with `*` for any characters."""
    rules: Mapping[str, Json] = field(default_factory=dict)
    level: Category | None = None
    fail_on: Severity | None = None


class Config(Struct, frozen=True):
    """The configuration of a repository; the defaults where it has none."""

    file: str = ""
    releases: tuple[Release, ...] = ()
    environments: Mapping[str, Environment] = field(default_factory=dict)
    kubernetes: str = ""
    helm: str = ""
    apply: str = ""
    level: Category | None = None
    fail_on: Severity | None = None
    strict: bool = False
    default_branch: str = ""
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    crds: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    immutable_paths: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    rules: Mapping[str, Json] = field(default_factory=dict)
    scan_ignore: tuple[str, ...] = ()
    declared: Declaring = Declaring()
    """What is said of the releases that other tools' files declare."""
    waivers: tuple[Waiver, ...] = ()
    waiver_policy: Policy = Policy()
    baseline: Baseline = Baseline()
    packs: tuple[Pack, ...] = ()
    lock: tuple[Locked, ...] = ()
    shared: tuple[Source, ...] = ()
    """Packs whose configuration it extends, the weakest first; below every file that it extends."""
    extends: tuple[str, ...] = ()
    """The files that it extends, the weakest first."""
    paths: tuple[PathRules, ...] = ()
    called: Mapping[str, str] = field(default_factory=dict)
    """What messages call copies of files, by the beginning of their paths."""


def find(start: Path) -> Path | None:
    """The nearest `.policylint.yaml` at or above `start`, up to the top of its repository; where
    there is but a file of waivers, the place that the configuration would have beside it."""
    top = checkout_top(start)
    return next((place for place in _places(start) if _is_below(place, top)), None)


def above(start: Path) -> Path | None:
    """The nearest `.policylint.yaml` above the top of the repository that holds `start`: somebody
    else may have put it there, and it is not taken."""
    top = checkout_top(start)
    return next((place for place in _places(start) if not _is_below(place, top)), None)


def _places(start: Path) -> Iterator[Path]:
    for folder in (start, *start.parents):
        if any(os.path.lexists(folder / name) for name in (NAME, *BESIDE)):
            yield folder / NAME


def _is_below(place: Path, top: Path | None) -> bool:
    return top is None or Path(os.path.realpath(place.parent)).is_relative_to(top)
