"""Shared packs: located in the cache by the digest that the lock file names, never fetched by a
check.

`policylint packs update` fetches them; whatever the cache holds is believed only where its content
has the digest of the lock file.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from policylint import config as configuration
from policylint.config import Config
from policylint.engine.criteria import Pack, Source
from policylint.errors import UsageError
from policylint.helm.inputs.files import read_text
from policylint.helm.sources.chartcache import cache_root
from policylint.kyaml.load import compose, line_of, load
from policylint.pipeline.configuration import configfile
from policylint.report.lock import Locked

ENDINGS = (".yaml", ".yml", ".json", ".md")
"""The files of a pack that are kept: none of them is code."""
_UPDATE = "policylint packs update"
_SHARED = frozenset(
    (
        *("rules", "select", "ignore", "level", "fail-on", "strict", "environments", "paths"),
        *("kubernetes", "helm", "apply", "values-mode", "immutable-paths", "waiver-policy"),
    )
)
"""What the configuration of a shared pack may say: nothing that names a file, runs code or
fetches."""


def located(config: Config) -> tuple[Pack, ...]:
    """The packs with the directories that they are in here. Raises `UsageError` for a shared one
    that is not locked, not fetched, or not what the lock file names."""
    return tuple(
        pack if pack.source is None else _located(pack, pack.source, config)
        for pack in config.packs
    )


def _located(pack: Pack, source: Source, config: Config) -> Pack:
    return replace(pack, path=str(place(source, config)), called=source.key)


def over_shared(config: Config) -> Config:
    """The configuration over those of the packs that it extends. Raises `UsageError` for one that
    is not here as the lock file names it, and for a setting that no pack may make."""
    for source in reversed(config.shared):
        config = configfile.over(_of_pack(source, config), config)
    return config


def _of_pack(source: Source, config: Config) -> Config:
    """What a shared pack's own configuration says."""
    file = place(source, config) / configuration.PACK
    shown = f"{source.key}/{configuration.PACK}"
    if not file.is_file() or file.is_symlink():
        raise UsageError(
            f"the pack {source.key} has no {configuration.PACK} to extend",
            file=config.file,
            remedy="name it in packs: where only its rules are meant",
        )
    text = read_text(file)
    raw = load(text, shown)
    for key in raw if isinstance(raw, dict) else ():
        if key not in _SHARED:
            raise UsageError(
                f"a shared configuration does not say {key}",
                file=shown,
                line=line_of(compose(text, shown), (key,)),
                remedy=f"write {key} into the repository's own configuration",
            )
    return configfile.parse(text, file, shown)


def place(source: Source, config: Config) -> Path:
    """Where a shared pack is, its content verified."""
    locked = lock_of(source, config)
    if locked is None:
        raise UsageError(
            f"the pack {source.key} is not in policylint.lock",
            file=config.file,
            remedy=f"{_UPDATE}, then commit policylint.lock",
        )
    folder = kept(source, locked)
    if folder is None or not folder.is_dir():
        raise UsageError(f"the pack {source.key} is not here", file=config.file, remedy=_UPDATE)
    content_digest = digest(folder)
    if content_digest != locked.digest:
        if source.kind == "python":
            remedy = f"install the version of {source.address} that it names, or {_UPDATE}"
        else:
            remedy = f"{_UPDATE}, and look at what changed"
        raise UsageError(
            f"the pack {source.key} is not what policylint.lock names: {content_digest[:19]}, not"
            f" {locked.digest[:19]}",
            file=config.file,
            remedy=remedy,
        )
    return folder


def lock_of(source: Source, config: Config) -> Locked | None:
    """What the lock file says of a pack."""
    return next((locked for locked in config.lock if locked.source == source.key), None)


def kept(source: Source, locked: Locked) -> Path | None:
    """Where a pack with a digest would be kept; an installed package stays where it is."""
    if source.kind == "python":
        return of_package(source)
    return cache_root() / "packs" / locked.digest.replace(":", "-")


def of_package(source: Source) -> Path | None:
    """The directory of an installed package, found without running it; None where there is none.
    Raises `UsageError` for a path that leads out of it."""
    if not source.address.isidentifier():
        raise UsageError(f"no package of Python is called {source.address!r}")
    spec = importlib.util.find_spec(source.address)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        return inside(Path(folder), source.path)
    return None


def inside(folder: Path, path: str) -> Path:
    """A directory of a pack. Raises `UsageError` where the path leads out of it."""
    wanted = (folder / path).resolve()
    if not wanted.is_relative_to(folder.resolve()):
        raise UsageError(f"the path {path} leads out of the pack", remedy="name a path inside it")
    return wanted


def digest(folder: Path) -> str:
    """What tells a pack from all others: sha256 over the names and bytes of its files."""
    import hashlib  # only packs that are locked need it, and it brings OpenSSL

    hashed = hashlib.sha256()
    for name, content in contents(folder):
        hashed.update(b"%d %s %d " % (len(name.encode()), name.encode(), len(content)))
        hashed.update(content)
    return f"sha256:{hashed.hexdigest()}"


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """(path inside, bytes) of each file of a pack, links left out."""
    for file in sorted(folder.rglob("*")):
        if file.suffix in ENDINGS and file.is_file() and not file.is_symlink():
            yield file.relative_to(folder).as_posix(), file.read_bytes()
