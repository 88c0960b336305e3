"""Copy files of a revision into a directory of their own, symbolic links and Git LFS included."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from shlex import quote

from policylint.errors import SourceError
from policylint.helm.inputs.workspace import disk_error
from policylint.helm.sources.git import Blob, Repository, find_module
from policylint.runtime.git import LFS_POINTER


class Checkout:
    """A growing copy of a commit (of the index where `commit` is "") below `root`, paths as in the
    repository."""

    def __init__(self, repository: Repository, commit: str, root: Path) -> None:
        self.repository = repository
        self.commit = commit
        self.root = root
        self.asked: set[str] = set()
        """The paths that were asked for, and those that links among them lead to."""

    def add(self, *paths: str) -> bool:
        """Copy the files and directories at `paths` and what links there point at; whether there is
        any such path."""
        waiting = list(paths)
        while fresh := [item for item in dict.fromkeys(waiting) if item not in self.asked]:
            blobs = self.repository.files(self.commit, fresh)
            waiting = [*self._write(blobs), *self._behind_links(blobs, fresh)]
            self._add_modules(blobs, [path for path in fresh if not self._is_copied(path)])
            self.asked.update(fresh)  # only now: what failed for one release is asked again
        return any(self._is_copied(path) for path in paths)

    def _behind_links(self, blobs: Iterable[Blob], paths: Iterable[str]) -> Iterator[str]:
        """The links to directories that paths go through which the revision has no other way, and
        where these lead."""
        tops = {blob.path for blob in blobs}
        for path in paths:
            if not any(top == path or top.startswith(f"{path}/") for top in tops):
                links, beyond = self.repository.behind_links(self.commit, path)
                if links:
                    yield from filter(None, (*links, beyond))

    def has(self, path: str) -> bool:
        """Whether the revision has such a file or directory, copied or not; those of a submodule
        are copied."""
        return self._is_copied(path) or self.repository.has(self.commit, path) or self.add(path)

    def _add_modules(self, blobs: Iterable[Blob], paths: Iterable[str]) -> None:
        """Copy what lies in submodules, those within a directory that was asked for too, as they
        stood then."""
        for blob in blobs:
            if blob.is_module and find_module(self.repository, blob.path):
                self._module(blob).add(".")
        for path in paths:
            for parent in reversed(PurePosixPath(path).parents):
                for blob in self.repository.files(
                    self.commit, [str(parent)] if str(parent) != "." else []
                ):
                    if blob.is_module and blob.path == str(parent):
                        self._module(blob).add(str(PurePosixPath(path).relative_to(parent)))

    def _module(self, blob: Blob) -> Checkout:
        """The submodule at the commit that the revision names; raises SourceError where that is not
        here."""
        module = find_module(self.repository, blob.path)
        if module is None:
            raise SourceError(
                f"the submodule {blob.path} is not here",
                remedy=f"git submodule update --init {quote(blob.path)}",
            )
        if not module.commit(blob.name):
            raise SourceError(
                f"the submodule {blob.path} lacks its commit {blob.name[:12]} of that revision",
                remedy=f"git -C {blob.path} fetch origin {blob.name}",
            )
        return Checkout(module, blob.name, self.root / blob.path)

    def _is_copied(self, path: str) -> bool:
        copied = self.root / path
        return copied.is_symlink() or (
            copied.exists() and (copied != self.root or any(copied.iterdir()))
        )

    def _write(self, blobs: Iterable[Blob]) -> list[str]:
        """Write the files; the paths that links among them point at."""
        targets: list[str] = []
        plain = [
            blob for blob in blobs if not blob.is_module and not (self.root / blob.path).exists()
        ]
        for blob, content in self.repository.contents(plain):
            file = self.root / blob.path
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                if blob.is_link:
                    targets += self._link(file, blob, content.decode("utf-8", "surrogateescape"))
                else:
                    file.write_bytes(self._smudged(blob, content))
            except OSError as error:
                raise disk_error(error) from error
        return targets

    def _link(self, file: Path, blob: Blob, target: str) -> list[str]:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(blob.path), target))
        if target.startswith("/") or path.split("/")[0] == "..":
            raise SourceError(
                f"{blob.path} is a symbolic link to {target}, outside the repository",
                remedy="a revision holds no such file: copy it into the repository, or name "
                "--before another way",
            )
        if not file.is_symlink():
            file.symlink_to(target)
        return [
            path,
            *(
                str(parent)
                for parent in PurePosixPath(path).parents
                if str(parent) != "." and self._is_link(str(parent))
            ),
        ]

    def _is_link(self, path: str) -> bool:
        blobs = self.repository.files(self.commit, [path])
        return len(blobs) == 1 and blobs[0].is_link and blobs[0].path == path

    def _smudged(self, blob: Blob, content: bytes) -> bytes:
        """The content itself where git has but a Git LFS pointer, from the local store."""
        if not content.startswith(LFS_POINTER):
            return content
        pointer = re.search(rb"oid sha256:([0-9a-f]{64})", content)
        name = pointer[1].decode() if pointer else ""
        store = self.repository.answer("rev-parse", "--git-path", "lfs/objects")
        file = self.repository.top / store / name[:2] / name[2:4] / name
        if name and file.is_file():
            return file.read_bytes()
        raise SourceError(
            f"{blob.path} is kept in Git LFS, and its content at that revision is not here",
            remedy=f"git lfs fetch origin {self.commit or 'HEAD'}",
        )
