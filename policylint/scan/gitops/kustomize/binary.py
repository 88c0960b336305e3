"""The user's own kustomize, behind a small protocol: it builds a copy, and fetches nothing."""

from __future__ import annotations

import functools
import os
import posixpath
import shutil
import subprocess
import tempfile
import weakref
from pathlib import Path
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from policylint.kyaml.load import load
from policylint.kyaml.nodes import yaml
from policylint.model import Json
from policylint.runtime import rooms
from policylint.runtime.children import dying_with_parent
from policylint.scan.gitops.kustomize.files import (
    FILES,
    MOST_DEPTH,
    BuildError,
    is_remote,
    kustomization_of,
    local,
)
from policylint.scan.gitops.kustomize.guard import BASES, FETCHING, refuse
from policylint.scan.gitops.tree import Item, Tree, mapping, normal, sequence, string

_TIME_LIMIT = 60.0
_ORIGIN = "config.kubernetes.io/origin"
_NO_NETWORK = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ALLOW_PROTOCOL": "none",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
}
"""What keeps a build from fetching: git has no protocol, and nothing answers as a proxy."""


class Builder(Protocol):
    """Something that builds a directory as kustomize does."""

    def build(self, root: Path, folder: str) -> str:
        """The manifest text; raises BuildError with the tool's own words."""


class Binary(Struct, frozen=True):
    """The user's kustomize, or the one inside kubectl."""

    command: tuple[str, ...]

    def build(self, root: Path, folder: str) -> str:
        """Run it; nothing of the repository is executed (no plugins, no helm, no functions), and
        nothing is fetched: who asks for it refuses remote bases before."""
        argv = [*self.command, f"{root / folder}", "--load-restrictor=LoadRestrictionsNone"]
        try:
            done = subprocess.run(
                argv,
                capture_output=True,
                timeout=_TIME_LIMIT,
                check=False,
                env=_variables(root),
                preexec_fn=dying_with_parent(),
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BuildError(f"{self.command[0]} failed: {error}") from error
        if done.returncode:
            words = done.stderr.decode("utf-8", "replace").strip().replace(f"{root}/", "")
            raise BuildError(words[-500:])
        return done.stdout.decode("utf-8", "replace")


def _variables(root: Path) -> dict[str, str]:
    """The environment of a build: kustomize before 5.8 takes what an env file leaves out from its
    own, and so would show the secrets of the process."""
    home = {"HOME": str(root), "TMPDIR": tempfile.gettempdir(), "LANG": "C.UTF-8"}
    return {"PATH": os.environ.get("PATH", os.defpath), **home, **_NO_NETWORK}


@functools.cache
def find_builder() -> Binary | None:
    """POLICYLINT_KUSTOMIZE, kustomize or kubectl as PATH has them; None where there is none."""
    named = os.environ.get("POLICYLINT_KUSTOMIZE", "")
    if named:
        if shutil.which(named):
            return Binary((named, "build"))
        return None
    if program := shutil.which("kustomize"):
        return Binary((program, "build"))
    if program := shutil.which("kubectl"):
        return Binary((program, "kustomize"))
    return None


_TARGETING = ("patches", "patchesStrategicMerge", "patchesJson6902", "replacements", "replicas")
"""Fields that fail where what they change is not there."""
_NOTHING: dict[str, Json] = {"buildMetadata": ["originAnnotations"]}
"""A kustomization that makes nothing; kustomize refuses one that says nothing."""


class Scratch:
    """A copy of a tree in which kustomizations are built one after the other."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.left_out: list[str] = []
        """The remote bases that builds left out."""
        made = rooms.enter()
        weakref.finalize(self, rooms.leave, made)
        self._root = Path(made).resolve()
        for name in tree.names:
            text = tree.text(name)
            if text is not None:
                file = self._root / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, "utf-8")

    def build(self, folder: str, whole: dict[str, Json], builder: Builder) -> str:
        """What the builder makes of a directory with another kustomization."""
        whole = self._checked(folder, whole, 0)
        target = self._root / normal(folder)
        kept = {name: target / name for name in FILES if (target / name).is_file()}
        texts = {name: file.read_text("utf-8") for name, file in kept.items()}
        metadata = [*map(str, sequence(whole, "buildMetadata")), "originAnnotations"]
        try:
            self._write(folder, {**whole, "buildMetadata": list(dict.fromkeys(metadata))})
            return builder.build(self._root, normal(folder))
        finally:
            (target / FILES[0]).unlink()
            for name, text in texts.items():
                (target / name).write_text(text, "utf-8")

    def _write(self, folder: str, whole: dict[str, Json]) -> None:
        """Make this the one kustomization of a directory: kustomize reads what was looked at, and
        not another reading of the same text."""
        target = self._root / normal(folder)
        for name in FILES:
            (target / name).unlink(missing_ok=True)
        (target / FILES[0]).write_text(yaml.safe_dump(whole, sort_keys=False), "utf-8")

    def _checked(self, folder: str, whole: dict[str, Json], depth: int) -> dict[str, Json]:
        """The kustomization without the bases that it would fetch. Raises BuildError where it runs
        helm or other programs, or leads out of the tree."""
        if depth > MOST_DEPTH:
            raise BuildError("kustomizations nested too deeply")
        refuse(whole, normal(folder))
        kept = self._without_remote(whole, depth)
        for field in FETCHING:
            if field in kept:
                entries = [str(entry) for entry in sequence(kept, field)]
                here = [entry for entry in entries if not is_remote(entry)]
                self._check_bases(folder, here, depth)
                kept[field] = list(here)
        return kept

    def _without_remote(self, whole: dict[str, Json], depth: int) -> dict[str, Json]:
        """The kustomization as it is, or one that says something without its remote bases; nothing
        of one below that does no more than change what they make. Raises BuildError where it does
        more."""
        remote = remote_bases(whole)
        self.left_out += remote
        if not remote:
            return dict(whole)
        if depth == 0 or not any(map(whole.get, _TARGETING)):
            return {**_NOTHING, **whole}
        if len(remote) < sum(len(sequence(whole, field)) for field in BASES):
            raise BuildError(f"a remote base is not fetched: {remote[0]}")
        return dict(_NOTHING)

    def _check_bases(self, folder: str, entries: list[str], depth: int) -> None:
        for entry in entries:
            path = local(self._tree, folder, entry)
            if self._tree.is_dir(path):
                self._write(
                    path, self._checked(path, kustomization_of(self._tree, path), depth + 1)
                )


def remote_bases(whole: dict[str, Json]) -> list[str]:
    """The addresses that a kustomization names as bases, and that no build fetches."""
    entries = [str(entry) for field in BASES for entry in sequence(whole, field)]
    return [entry for entry in entries if is_remote(entry)]


def with_origin(item: Item, tree: Tree) -> Item:
    """The object with the file and line it came from, by the annotation that kustomize notes."""
    annotations = dict(mapping(item.body, "metadata", "annotations"))
    origin = annotations.pop(_ORIGIN, None)
    metadata = {**mapping(item.body, "metadata"), "annotations": annotations}
    if not annotations:
        del metadata["annotations"]
    body: dict[str, Json] = {**item.body, "metadata": metadata}
    if isinstance(origin, str):
        path = string(load(origin, "origin"), "path")
    else:
        path = ""
    if not path:
        return replace(item, body=body, text="", line=1)
    file = normal(posixpath.join(item.file, path))
    source = _written(tree, file, item)
    if source:
        return Item(body, file, source.line, source.text)
    return Item(body, file)


def _written(tree: Tree, file: str, item: Item) -> Item | None:
    """The object as its file has it, before names were changed."""
    alike = [source for source in tree.documents(file).items if source.kind == item.kind]
    named = [source for source in alike if source.name and source.name in item.name]
    return next(iter(named or alike), None)
