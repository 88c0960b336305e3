"""What holds for one release: the command line over its environment, over the configuration."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from policylint import config as configuration
from policylint.config import Config, Environment, PathRules, Release
from policylint.engine.criteria import Criteria, Pack
from policylint.errors import UsageError, nearest
from policylint.helm.inputs.options import Options
from policylint.model import Apply, Severity
from policylint.report.model import Configuration
from policylint.report.places import called_as
from policylint.runtime.patterns import like

T = TypeVar("T")


class Settings(Struct, frozen=True):
    """Options, environment and configuration, resolved once; "" and None where none of them says
    anything."""

    options: Options = field(default_factory=Options)
    """What was asked for: the sides, and how they are rendered."""
    criteria: Criteria = field(default_factory=Criteria)
    kubernetes: str = ""
    """The cluster's version as it is written."""
    line: str = ""
    """The Helm line: "3", "4" or "" where none is named."""
    apply: Apply | None = None
    api_versions: tuple[str, ...] = ()
    crds: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    """Files and directories of policies."""
    called: Mapping[str, str] = field(default_factory=dict)
    """What reports call copies and shared packs, by the beginning of their paths."""
    immutable_paths: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    default_branch: str = ""


def load_config(options: Options) -> Config:
    """The configuration that `--config` names, or the nearest one above the current directory."""
    return with_shared(own_config(options))


def own_config(options: Options) -> Config:
    """The same without what it extends of shared packs, which may not be here yet."""
    path = Path(options.config) if options.config else configuration.find(Path.cwd())
    if path:
        from policylint.pipeline.configuration.configfile import read  # most repositories have none

        return read(path)
    return Config()


def with_shared(config: Config) -> Config:
    """A configuration over those of the shared packs that it extends."""
    if not config.shared:
        return config
    from policylint.pipeline.configuration.packs import over_shared

    return over_shared(config)


def nearest_source(config: Config) -> Configuration:
    """Whose configuration judges where nothing else says: the nearest file; with one above the
    repository that is not taken."""
    if config.file:
        above = None
    else:
        above = configuration.above(Path.cwd())
    return Configuration(config.file, above=str(above) if above else "")


def resolve(options: Options, config: Config, release: Release | None = None) -> Settings:
    """The settings of one release, as the configuration has it where it is listed.

    Raises `UsageError` for an environment that the configuration does not know, and for a Helm
    line that there is not.
    """
    environment = environment_of(options.environment, config)
    line = options.helm_version or environment.helm or config.helm
    if line not in ("", "3", "4"):
        raise UsageError(
            f"--helm-version is 3 or 4, not {line!r}", remedy="name the major version only"
        )
    packs = _located(config)
    return Settings(
        options=options,
        criteria=_criteria(options, environment, config, release, packs),
        kubernetes=options.kube_version or environment.kubernetes or config.kubernetes,
        line=line,
        apply=first((options.apply, as_apply(environment.apply), as_apply(config.apply))),
        api_versions=(*options.api_versions, *environment.api_versions),
        crds=(*options.crds, *config.crds),
        policies=(*options.policies, *config.policies, *_with_policies(packs)),
        called={**config.called, **{pack.path: pack.called for pack in packs if pack.called}},
        immutable_paths=config.immutable_paths,
        default_branch=config.default_branch,
    )


def _criteria(
    options: Options,
    environment: Environment,
    config: Config,
    release: Release | None,
    packs: tuple[Pack, ...],
) -> Criteria:
    """By what is judged: the command line over the release, its path, its environment and the
    configuration."""
    at_path = _of_path(options.after, config)
    nearest_first = (release or PathRules(""), *reversed(at_path), environment, config)
    fail_on = first((options.fail_on, *(layer.fail_on for layer in nearest_first)))
    return Criteria(
        select=options.select or config.select,
        ignore=(*options.ignore, *config.ignore),
        level=first((options.level, *(layer.level for layer in nearest_first))),
        fail_on=fail_on or Severity.ERROR,
        strict=options.strict or config.strict,
        all_findings=options.all_findings,
        tables=tuple(layer.rules for layer in reversed(nearest_first)),
        packs=tuple(
            _as_called(pack, config)
            for pack in (*map(Pack, (*options.policies, *config.policies)), *packs)
        ),
        paths=tuple((entry.glob, entry.rules) for entry in config.paths),
    )


def _as_called(pack: Pack, config: Config) -> Pack:
    """A pack with the name that messages have for it, where it is a copy."""
    called = called_as(pack.path, config.called)
    if pack.called or called == pack.path:
        return pack
    return replace(pack, called=called)


def _located(config: Config) -> tuple[Pack, ...]:
    """The packs of the configuration, each where its files are."""
    if not config.packs:
        return ()
    from policylint.pipeline.configuration.packs import located

    return located(config)


def _of_path(chart: str, config: Config) -> list[PathRules]:
    """What holds for a chart's path."""
    if not chart or not config.paths:
        return []
    path = os.path.abspath(chart)  # noqa: PTH100  links stay as they are named
    return [entry for entry in config.paths if like(entry.glob, path)]


def _with_policies(packs: Iterable[Pack]) -> Iterator[str]:
    """The packs that may hold policies beside rules."""
    return (pack.path for pack in packs if not pack.python)


def environment_of(name: str, config: Config) -> Environment:
    """An environment by its name, an empty one for "". Raises `UsageError` for one that the
    configuration does not know."""
    if not name or name in config.environments:
        return config.environments.get(name, Environment())
    of_releases = {release.environment for release in config.releases if release.environment}
    known = of_releases.union(config.environments)
    if known and name not in known:
        every = f"the environments are {', '.join(sorted(known))}"
        raise UsageError(f"no environment is called {name!r}", remedy=nearest(name, known, every))
    return Environment()


def as_apply(word: str) -> Apply | None:
    """An apply method by the configuration's word, None for ""."""
    if word:
        return Apply(word)
    return None


def first(values: Iterable[T | None]) -> T | None:
    """The first value that is set."""
    return next((value for value in values if value is not None), None)
