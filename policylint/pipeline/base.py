"""The base: the revision that a change is compared with, and the configuration as it stood there.

Releases are read at both revisions and paired. In a pull request everything that decides the
verdict is the base's: a change does not choose its own judge.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from policylint import config as configuration
from policylint.config import Config, Release
from policylint.errors import SourceError
from policylint.helm.inputs.options import Options
from policylint.helm.inputs.sides import ChartSide, ValuesInput
from policylint.helm.sources.baseline import default_revision, named_revision
from policylint.helm.sources.git import Repository, find_repository
from policylint.helm.sources.resolve import depends_on
from policylint.helm.sources.snapshot import Revision


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
    return Base(repository, revision, _config_at(repository, revision, config))


def _revision(repository: Repository, options: Options, config: Config) -> Revision:
    if options.before:
        return named_revision(repository, options.before.removeprefix("git:"))
    paths = {path for release in config.releases for path in _depends_on(repository, release)}
    paths |= {repository.path_of(path) for path in (config.file, *config.crds, *config.policies)}
    return default_revision(repository, sorted(paths - {""}), config.default_branch)


def _depends_on(repository: Repository, release: Release) -> list[str]:
    values = ValuesInput(files=release.values)
    return depends_on(repository, ChartSide(release.chart, values=values))


def _config_at(repository: Repository, revision: Revision, config: Config) -> Config | None:
    """The configuration as it stood at a revision; None where it was not there."""
    folder = Path(config.file).parent
    shown, text = _text_at(repository, revision, config.file)
    beside = [_text_at(repository, revision, folder / name) for name in configuration.BESIDE]
    texts = [(name, content) for name, content in beside if content is not None]
    if text is None and not texts:
        return None

    def was_there(path: Path) -> bool:
        return repository.has(revision.commit, repository.path_of(path))

    own = Config(config.file)
    if text is not None:
        own = configuration.parse(text, Path(config.file), shown, was_there)
    for name, content in texts:
        own = configuration.with_beside(own, content, name)
    return own


def _text_at(
    repository: Repository, revision: Revision, file: str | Path
) -> tuple[str, str | None]:
    """(what it is called, a file's text at a revision); None where it was not there."""
    inside = repository.path_of(file)
    shown = f"{revision.label}:{inside}"
    blobs = repository.files(revision.commit, [inside]) if inside else []
    contents = [content for blob, content in repository.contents(blobs) if blob.path == inside]
    if not contents:
        return shown, None
    try:
        return shown, contents[0].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(
            "the configuration of the base is not UTF-8",
            file=shown,
            remedy="name another base: --before git:REV",
        ) from error


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
