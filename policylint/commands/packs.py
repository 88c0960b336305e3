"""`policylint packs`: fetch shared packs, pin them by digest, and verify what is here."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from msgspec import Struct, to_builtins

from policylint.config import LOCK, Config
from policylint.engine.criteria import Pack, Source
from policylint.engine.packs import rules_of_pack
from policylint.errors import PolicylintError, SourceError, UsageError
from policylint.helm.inputs.options import Options
from policylint.helm.sources import ci
from policylint.helm.sources.chartcache import cache_root
from policylint.pipeline.configuration.gate import judging_base
from policylint.pipeline.configuration.packs import (
    contents,
    digest,
    inside,
    lock_of,
    of_package,
    place,
)
from policylint.pipeline.configuration.settings import own_config
from policylint.report.lock import SCHEMA, Locked
from policylint.runtime.git import git_command, git_environment
from policylint.runtime.sentences import plural

_COMMIT = re.compile(r"[0-9a-f]{40}")
_URLS = re.compile(r"(?:https|ssh|file)://[^\s-]\S*|git@[^\s:]+:\S+")
_TIME_LIMIT = 120.0
_MOST_FILES, _MOST_BYTES = 5_000, 50_000_000


class Update(Struct, frozen=True):
    """What `update` fetched: as it is locked now, in this file; "" where none was written."""

    file: str
    locks: tuple[Locked, ...]
    left: tuple[str, ...] = ()
    """The packs that a pull request adds or changes: they are not fetched."""


class Row(Struct, frozen=True):
    """One pack as `list` and `verify` tell it."""

    name: str
    source: str
    rules: int = 0
    problem: str = ""

    def __str__(self) -> str:
        state = self.problem or plural(self.rules, "rule")
        return f"{self.name}  {self.source}  {state}"


def rows(named: str) -> tuple[Row, ...]:
    """The packs of the configuration, each with its rules or what stands against it."""
    config = own_config(Options(config=named))
    extended = tuple(Pack("", "policylint.yaml", source=source) for source in config.shared)
    return tuple(_row(pack, config) for pack in (*config.packs, *extended))


def _row(pack: Pack, config: Config) -> Row:
    where = pack.source.key if pack.source else pack.path
    name = pack.name or Path(pack.path).stem
    try:
        if pack.source:
            path = str(place(pack.source, config))
        else:
            path = pack.path
        rules = rules_of_pack(Pack(path, name, python=pack.python))
    except PolicylintError as error:
        return Row(name, where, problem=f"{error} ({error.remedy})")
    return Row(name, where, len(rules))


def update(named: str, *, upgrade: bool = False) -> Update:
    """Fetch the shared packs and write the lock file beside the configuration.

    What is locked is fetched as it is locked; `upgrade` looks again at what a tag means. In a pull
    request the packs are fetched that judge it, those of its base, and nothing is written. Raises
    `UsageError` and SourceError.
    """
    config = own_config(Options(config=named))
    if not config.file:
        raise UsageError("there is no configuration here", remedy="policylint init")
    if ci.is_pull_request():
        return _of_base(config, named)
    locks = tuple(
        _fetched(source, None if upgrade else lock_of(source, config)) for source in _shared(config)
    )
    path = Path(config.file).parent / LOCK
    if locks or path.exists():
        text = json.dumps({"schema": SCHEMA, "packs": to_builtins(sorted(locks))}, indent=2)
        path.write_text(f"{text}\n", "utf-8")
    return Update(str(path), locks)


def _of_base(config: Config, named: str) -> Update:
    """Fetch the packs of the base of a pull request, each as the base locks it."""
    base = judging_base(Options(config=named), config)
    judge = (base.config if base else None) or Config()
    locked = [(source, lock_of(source, judge)) for source in _shared(judge)]
    locks = tuple(_fetched(source, lock) for source, lock in locked if lock)
    left = (source.key for source in _shared(config) if lock_of(source, config) not in locks)
    return Update("", locks, tuple(left))


def _shared(config: Config) -> list[Source]:
    """The shared packs of a configuration, those that it extends too."""
    of_packs = [pack.source for pack in config.packs if pack.source is not None]
    return list(dict.fromkeys((*of_packs, *config.shared)))


def _fetched(source: Source, locked: Locked | None) -> Locked:
    """The lock of a pack that is in the cache now. Raises SourceError where it is another content
    than was locked."""
    if source.kind == "python":
        folder = of_package(source)
        if folder is None or not folder.is_dir():
            raise SourceError(
                f"the package {source.address} is not installed",
                remedy=f"pip install {source.address}",
            )
        return Locked(source.key, digest(folder))
    with tempfile.TemporaryDirectory() as room:
        fetch = _from_git if source.kind == "git" else _from_registry
        folder, resolved = fetch(source, Path(room), locked.resolved if locked else "")
        content_digest = digest(folder)
        if locked is not None and content_digest != locked.digest:
            raise SourceError(
                f"{source.key} is {content_digest} now, and policylint.lock has {locked.digest}",
                remedy="look at what changed, then policylint packs update --upgrade",
            )
        _keep(folder, content_digest)
    return Locked(source.key, content_digest, resolved)


def _keep(folder: Path, content_digest: str) -> None:
    """Put a pack into the cache, whole or not at all."""
    target = cache_root() / "packs" / content_digest.replace(":", "-")
    files = list(contents(folder))
    if not files:
        raise SourceError("the pack holds no rules", remedy="name its directory: path: ...")
    if len(files) > _MOST_FILES or sum(len(content) for _, content in files) > _MOST_BYTES:
        raise SourceError(
            "the pack is too big", remedy="name the directory of the rules: path: ..."
        )
    if target.is_dir():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as room:
        copy = Path(room, "pack")
        for name, content in files:
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes(content)
        shutil.move(str(copy), str(target))


def _from_git(source: Source, room: Path, commit: str) -> tuple[Path, str]:
    """(the pack's directory, the commit) of a repository at a tag or commit."""
    if not _URLS.fullmatch(source.address):
        raise UsageError(
            f"no address of git: {source.address!r}",
            remedy="https://..., ssh://... or git@HOST:...",
        )
    wanted = commit or _commit_of(source)
    _git(room, "init", "--quiet", ".")
    _git(room, "fetch", "--quiet", "--depth=1", "--no-tags", "--", source.address, wanted)
    _git(room, "-c", "core.symlinks=false", "checkout", "--quiet", "--detach", "FETCH_HEAD")
    shutil.rmtree(room / ".git")
    return inside(room, source.path), wanted


def _commit_of(source: Source) -> str:
    """The commit that a ref means: itself, or that of a tag; a branch is none, as it moves."""
    if _COMMIT.fullmatch(source.ref):
        return source.ref
    tag = f"refs/tags/{source.ref}"
    listed = _git(Path.cwd(), "ls-remote", "--", source.address, tag, f"{tag}^{{}}")
    commits: dict[str, str] = {}
    for line in listed.splitlines():
        name, _, reference = line.partition("\t")
        commits[reference] = name
    commit = commits.get(f"{tag}^{{}}") or commits.get(tag)
    if not commit:
        raise SourceError(
            f"{source.address} has no tag {source.ref}",
            remedy="name a tag or a whole commit: a branch moves",
        )
    return commit


def _git(folder: Path, *arguments: str) -> str:
    """What a git command prints, run with nothing of a repository obeyed. Raises SourceError."""
    settings = ("protocol.allow=never", *(f"protocol.{name}.allow=always" for name in _PROTOCOLS))
    environment = {**git_environment(), "GIT_LFS_SKIP_SMUDGE": "1"}
    try:
        done = subprocess.run(
            git_command(*arguments, settings=settings),
            cwd=folder,
            env=environment,
            capture_output=True,
            timeout=_TIME_LIMIT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SourceError(f"git cannot fetch the pack: {error}", remedy="try again") from error
    if done.returncode:
        words = done.stderr.decode("utf-8", "replace").strip()
        raise SourceError(f"git cannot fetch the pack: {words}", remedy="check address and login")
    return done.stdout.decode("utf-8", "replace")


_PROTOCOLS = ("https", "ssh", "file")


def _from_registry(source: Source, room: Path, manifest: str) -> tuple[Path, str]:
    """(the pack's directory, the digest of its manifest) of an artifact, pulled by oras: what a tag
    means is asked once, and pulled by its digest."""
    try:
        import oras.client
    except ImportError:
        raise SourceError(
            "packs of OCI registries need the oras package", remedy="pip install 'policylint[oci]'"
        ) from None
    target = source.address.removeprefix("oci://")
    is_local = target.startswith(("localhost:", "127.0.0.1:"))
    try:
        client = oras.client.OrasClient(insecure=is_local)
        container = client.get_container(target)
        wanted = container.digest or manifest or _digest_of_manifest(client, container)
        name = f"{container.registry}/{container.api_prefix}"
        client.pull(target=f"{name}@{wanted}", outdir=str(room))
    except Exception as error:  # noqa: BLE001  the client raises what its libraries do
        raise SourceError(
            f"{source.address} cannot be pulled: {error}", remedy="check the name and the login"
        ) from None
    return inside(room, source.path), wanted


def _digest_of_manifest(client: Any, container: Any) -> str:
    """The digest of what a tag means now, over the bytes of the manifest."""
    client.auth.load_configs(container)
    accepted = {"Accept": "application/vnd.oci.image.manifest.v1+json"}
    answer = client.do_request(f"{client.prefix}://{container.manifest_url()}", headers=accepted)
    answer.raise_for_status()
    return f"sha256:{hashlib.sha256(answer.content).hexdigest()}"
