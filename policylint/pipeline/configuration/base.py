"""The base: the revision that a change is compared with, and the configuration as it stood there.

Releases are read at both revisions and paired. In a pull request everything that decides the
verdict is the base's: a change does not choose its own judge.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from policylint import config as configuration
from policylint.config import Config, Release
from policylint.errors import SourceError, UsageError
from policylint.helm.inputs.files import text_of
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.sides import ChartSide, ValuesInput
from policylint.helm.inputs.workspace import Workspace
from policylint.helm.sources.baseline import default_revision, named_revision
from policylint.helm.sources.checkout import Checkout
from policylint.helm.sources.git import Repository, find_repository
from policylint.helm.sources.reach import depends_on
from policylint.helm.sources.snapshot import Revision
from policylint.pipeline.configuration import configfile


class Base(Struct, frozen=True, eq=False):
    """A revision of the repository of a configuration; `config` is None where it had none yet."""

    repository: Repository
    revision: Revision
    config: Config | None = None


class Pair(Struct, frozen=True):
    """A release as it is declared at the base and now; None where it is not."""

    before: Release | None
    after: Release | None

    @property
    def declared(self) -> Release:
        """As it is declared now, else as it was."""
        release = self.after or self.before
        if release is None:
            raise ValueError("a pair has a side")
        return release

    @property
    def key(self) -> tuple[str, str, str]:
        """What a release is known by: namespace, name and environment."""
        return _key(self.declared)


def base_of(options: Options, config: Config) -> Base | None:
    """The base of the configured releases; None where no configuration is there, where it is in no
    git repository, or where a before side of another kind is named.

    Raises SourceError where there is a repository but no base.
    """
    by_git = not options.before or options.before.startswith("git:")
    if not config.file or not by_git:
        return None
    repository = find_repository(Path(config.file).parent)
    if repository is None:
        return None
    revision = _revision(repository, options, config)
    return Base(repository, revision, config_at(repository, revision, Path(config.file)))


def base_of_request(options: Options, config: Config) -> Base | None:
    """The base of a pull request, with the configuration that was the nearest there: a change that
    adds a nearer one, or removes it, is judged by the one that it found.

    None outside a repository, and where no configuration is there now or was. Raises SourceError.
    """
    repository = find_repository(".")
    if repository is None:
        return None
    revision = _revision(repository, replace(options, before=""), config)
    return _nearest(repository, revision, config)


def base_named(name: str, config: Config) -> Base:
    """The revision that `--config-from` names, and its configuration. Raises UsageError,
    SourceError."""
    if not name.startswith("git:") or name == "git:":
        raise UsageError(
            f"--config-from takes a revision, not {name!r}", remedy="--config-from git:REV"
        )
    repository = find_repository(".")
    if repository is None:
        raise SourceError(
            "--config-from names a revision, and this is no git repository",
            remedy="name a file: --config FILE",
        )
    revision = named_revision(repository, name.removeprefix("git:"))
    return _nearest(repository, revision, config) or Base(repository, revision)


def _nearest(repository: Repository, revision: Revision, config: Config) -> Base | None:
    """A revision with the configuration that was the nearest there; None where there is none there,
    nor now."""
    here = Path.cwd()
    places = [folder / configuration.NAME for folder in (here, *here.parents)]
    below = [place for place in places if repository.path_of(place)]
    for place in below:
        own = config_at(repository, revision, place)
        if own is not None:
            return Base(repository, revision, own)
    if config.file:
        return Base(repository, revision)
    return None


def _revision(repository: Repository, options: Options, config: Config) -> Revision:
    if options.before:
        return named_revision(repository, options.before.removeprefix("git:"))
    paths = {path for release in config.releases for path in _depends_on(repository, release)}
    own = ValuesInput(files=(*config.crds, *config.policies))
    paths |= set(depends_on(repository, ChartSide(config.file, values=own)))
    return default_revision(repository, sorted(paths - {""}), config.default_branch)


def _depends_on(repository: Repository, release: Release) -> list[str]:
    values = ValuesInput(files=release.values)
    return depends_on(repository, ChartSide(release.chart, values=values))


def config_at(repository: Repository, revision: Revision, file: Path) -> Config | None:
    """The configuration of a path as it stood at a revision, with the waivers and the baseline
    beside it; None where none of them was there."""
    shown, text = _text_at(repository, revision, file)
    beside = [_text_at(repository, revision, file.parent / name) for name in configuration.BESIDE]
    texts = [(name, content) for name, content in beside if content is not None]
    if text is None and not texts:
        return None

    def was_there(path: Path) -> bool:
        return repository.has(revision.commit, repository.path_of(path))

    def read_then(path: Path) -> tuple[str, str]:
        name, content = _text_at(repository, revision, path)
        if content is None:
            raise UsageError(f"it extends {name}, which was not there", file=shown)
        return name, content

    own = Config(str(file))
    if text is not None:
        own = configfile.parse(text, file, shown, was_there, read_then)
    for name, content in texts:
        own = configfile.with_beside(own, content, name)
    return own


def _text_at(repository: Repository, revision: Revision, file: Path) -> tuple[str, str | None]:
    """(what it is called, a file's text at a revision, behind a link too); None where it was not
    there."""
    inside = repository.path_of(file)
    shown = f"{revision.label}:{inside}"
    if not inside or not repository.has(revision.commit, inside):
        return shown, None
    with Workspace() as workspace:
        checkout = Checkout(repository, revision.commit, workspace.directory())
        checkout.add(inside)
        return shown, text_of((checkout.root / inside).read_bytes(), shown)


def paired(base: Base | None, config: Config, environment: str) -> list[Pair]:
    """Each release of one environment (of all for ""), as declared at the base and now.

    Those of now come first, in their order, then those that are gone.
    """
    now = [release for release in config.releases if environment in ("", release.environment)]
    if base is None or base.config is None:
        # Nothing says how a release was declared, so it is taken to be declared as now.
        return [Pair(release, release) for release in now]
    then = [release for release in base.config.releases if environment in ("", release.environment)]
    return pairs_of(then, now)


def pairs_of(then: Sequence[Release], now: Sequence[Release]) -> list[Pair]:
    """Releases of two configurations paired by namespace, name and environment."""
    earlier = {_key(release): release for release in then}
    kept = {_key(release) for release in now}
    pairs = [Pair(earlier.get(_key(release)), release) for release in now]
    return pairs + [Pair(release, None) for release in then if _key(release) not in kept]


def moves(pairs: Iterable[Pair]) -> list[tuple[Release, Release]]:
    """(as it was, as it is) of each release that has another namespace now: one is gone, one is
    new, under the same name in the same environment."""
    gone: dict[tuple[str, str], Release] = {}
    new: list[Release] = []
    for pair in pairs:
        if pair.before and not pair.after:
            gone[pair.before.name, pair.before.environment] = pair.before
        elif pair.after and not pair.before:
            new.append(pair.after)
    return [
        (gone[release.name, release.environment], release)
        for release in new
        if (release.name, release.environment) in gone
    ]


def _key(release: Release) -> tuple[str, str, str]:
    return release.namespace, release.name, release.environment
