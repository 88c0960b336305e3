"""The base: the revision that a change is compared with, and the configuration as it stood there.

Releases are read at both revisions and paired. In a pull request everything that decides the
verdict is the base's: a change does not choose its own judge.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
from policylint.helm.sources.git import Blob, Repository, find_repository
from policylint.helm.sources.reach import depends_on
from policylint.helm.sources.snapshot import Revision
from policylint.pipeline.configuration import configfile

Key = tuple[str, str, str]
"""Namespace, name and environment of a release."""


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
    def key(self) -> Key:
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
    for place in _earlier_places(repository, revision, config):
        own = config_at(repository, revision, place)
        if own is not None:
            return Base(repository, revision, own)
    return Base(repository, revision)


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
    if not config.file:
        return None
    for place in _moved_from(repository, revision, config):
        return Base(repository, revision, config_at(repository, revision, place))
    return Base(repository, revision)


def _earlier_places(repository: Repository, revision: Revision, config: Config) -> Iterator[Path]:
    """Where a configuration may have been at a revision: there, nearest above, or where it has gone
    from since."""
    file = Path(config.file)
    yield file
    if _is_default(config.file):
        above = (folder / configuration.NAME for folder in file.parent.parents)
        yield from (place for place in above if repository.path_of(place))
    yield from _moved_from(repository, revision, config)


def _moved_from(repository: Repository, revision: Revision, config: Config) -> Iterator[Path]:
    """The file that a configuration was at a revision, if it has another name now: the only one
    gone of its name, else the only one gone that lists a release of it."""
    gone = _gone(repository, revision)
    moved = [blob.path for blob in gone if _is_default(blob.path)]
    if len(moved) != 1 or not _is_default(config.file):
        moved = [
            blob.path
            for blob, content in repository.contents(gone)
            if b"releases" in content and _lists_one_of(config, repository, revision, blob.path)
        ]
    if len(moved) == 1:
        yield repository.top / moved[0]


def _gone(repository: Repository, revision: Revision) -> list[Blob]:
    """The files of YAML that are gone since a revision."""
    return [
        blob
        for blob in repository.files(revision.commit, ["."])
        if blob.path.endswith((".yaml", ".yml")) and not (repository.top / blob.path).exists()
    ]


def _is_default(file: str) -> bool:
    return Path(file).name == configuration.NAME


def _lists_one_of(config: Config, repository: Repository, revision: Revision, path: str) -> bool:
    """Whether a file of a revision is a configuration that lists a release of this one."""
    try:
        earlier = config_at(repository, revision, repository.top / path)
    except UsageError:
        return False
    names = {(release.namespace, release.name) for release in config.releases}
    return earlier is not None and any(
        (release.namespace, release.name) in names for release in earlier.releases
    )


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
    if base is None or base.config is None:
        # Nothing says how a release was declared, so it is taken to be declared as now.
        pairs = [Pair(release, release) for release in config.releases]
    else:
        pairs = pairs_of(base.config.releases, config.releases)
    return [pair for pair in pairs if environment in ("", pair.declared.environment)]


def pairs_of(then: Sequence[Release], now: Sequence[Release]) -> list[Pair]:
    """Releases of two configurations paired by namespace, name and environment; where only one of a
    namespace and name is gone and one new, its environment has another name now."""
    earlier = _earlier(then, now)
    pairs = [Pair(earlier.get(_key(release)), release) for release in now]
    kept = {_key(release) for release in earlier.values()}
    return pairs + [Pair(release, None) for release in then if _key(release) not in kept]


def _earlier(then: Sequence[Release], now: Sequence[Release]) -> dict[Key, Release]:
    """What releases were, by their keys now."""
    by_key = {_key(release): release for release in then}
    earlier = {key: by_key[key] for key in map(_key, now) if key in by_key}
    gone = _lone(release for release in then if _key(release) not in earlier)
    new = _lone(release for release in now if _key(release) not in earlier)
    renamed = {_key(new[name]): gone[name] for name in new if name in gone}
    return {**earlier, **renamed}


def _lone(releases: Iterable[Release]) -> dict[tuple[str, str], Release]:
    """Those of the releases that no other has the namespace and name of, by these."""
    by_name: dict[tuple[str, str], list[Release]] = {}
    for release in releases:
        by_name.setdefault((release.namespace, release.name), []).append(release)
    return {name: own[0] for name, own in by_name.items() if len(own) == 1}


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


def _key(release: Release) -> Key:
    return release.namespace, release.name, release.environment
