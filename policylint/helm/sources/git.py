"""Read a git repository: revisions, trees and files, without touching its work tree or index."""

from __future__ import annotations

import os
import posixpath
import subprocess
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from time import perf_counter

from msgspec import Struct

from policylint.errors import SourceError
from policylint.runtime import trace
from policylint.runtime.git import checkout_top, git_command, git_environment

_LINK, _MODULE = "120000", "160000"
MOST_LINKS = 40
"""Links that a path goes through at most, as the kernel has it."""
_FEW = 12
"""Listings of one commit that are cheaper than the list of all its files."""


class Blob(Struct, frozen=True):
    """One file of a tree: its mode, object name and path from the repository's top."""

    mode: str
    name: str
    path: str

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link."""
        return self.mode == _LINK

    @property
    def is_module(self) -> bool:
        """Whether it is a submodule, of which git knows no files here."""
        return self.mode == _MODULE


class State(Struct, frozen=True):
    """What the index and the work tree hold beside a commit."""

    staged: bool
    unstaged: bool
    untracked: bool

    @property
    def is_clean(self) -> bool:
        """Whether there is nothing of it."""
        return not (self.staged or self.unstaged or self.untracked)


class _Tree(Struct, frozen=True):
    """All files of a commit, by their sorted paths."""

    paths: list[str]
    blobs: dict[str, Blob]

    @classmethod
    def of(cls, blobs: Iterable[Blob]) -> _Tree:
        """The tree of these files."""
        by_path = {blob.path: blob for blob in blobs}
        return cls(sorted(by_path), by_path)

    def below(self, paths: Iterable[str]) -> list[Blob]:
        """The files at and below the paths; all where none is named but the top."""
        plain = [path.rstrip("/") for path in paths if path != "."]
        if not plain:
            return [self.blobs[path] for path in self.paths]
        named = {path for wanted in plain for path in self._below(wanted)}
        return [self.blobs[path] for path in sorted(named)]

    def _below(self, wanted: str) -> list[str]:
        if wanted in self.blobs:
            return [wanted]
        first = bisect_left(self.paths, f"{wanted}/")
        return self.paths[first : bisect_left(self.paths, f"{wanted}0")]  # 0 comes next to a slash


class Repository(Struct, frozen=True, eq=False):
    """A git repository with a work tree; `top` is its absolute path. It is taken not to change
    during a run."""

    top: Path
    _commits: dict[str, str] = {}
    _states: dict[tuple[str, ...], State] = {}
    _listings: dict[str, int] = {}
    """How often files of a commit were listed."""
    _trees: dict[str, _Tree] = {}
    _paths: dict[str, str] = {}

    def run(self, *arguments: str, data: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        """Run git and return what it said, whatever its exit code."""
        return _run(self.top, *arguments, data=data, own=self.top)

    def answer(self, *arguments: str) -> str:
        """The first line that git prints; "" where it fails."""
        done = self.run(*arguments)
        if done.returncode == 0:
            return done.stdout.decode("utf-8", "replace").partition("\n")[0]
        return ""

    def commit(self, revision: str) -> str:
        """The commit a revision names; "" where there is none."""
        if revision not in self._commits:
            wanted = f"{revision}^{{commit}}"
            self._commits[revision] = self.answer(
                "rev-parse", "--verify", "--quiet", "--end-of-options", wanted
            )
        return self._commits[revision]

    def names(self, *arguments: str) -> list[str]:
        """The NUL-separated names that a git command prints; raises SourceError where it fails."""
        done = self.run(*arguments)
        _check(done)
        return list(_entries(done.stdout))

    def references(self, *names: str) -> list[str]:
        """Those of the full reference names that exist, in the order given."""
        done = self.run("for-each-ref", "--format=%(refname)", *names)
        existing = set(done.stdout.decode("utf-8", "replace").split("\n"))
        return [name for name in names if name in existing]

    def every_reference(self, prefix: str) -> list[str]:
        """The full names of all references below a prefix such as "refs/heads/"."""
        done = self.run("for-each-ref", "--format=%(refname)", prefix)
        return done.stdout.decode("utf-8", "replace").split()

    @property
    def is_shallow(self) -> bool:
        """Whether the clone lacks part of the history."""
        return self.answer("rev-parse", "--is-shallow-repository") == "true"

    def path_of(self, path: str | Path) -> str:
        """A file's path from the top, with slashes; "" where it is not in the repository ("." is
        the top)."""
        absolute = os.path.normpath(os.path.join(os.getcwd(), path))  # noqa: PTH109, PTH118  asked often
        if absolute not in self._paths:
            self._paths[absolute] = self._path_of(Path(absolute))
        return self._paths[absolute]

    def _path_of(self, absolute: Path) -> str:
        if absolute == self.top:
            real = absolute
        else:
            real = Path(os.path.realpath(absolute.parent)) / absolute.name  # in a ring too
        if not real.is_relative_to(self.top):
            real = Path(os.path.realpath(absolute))  # a link from outside
        if not real.is_relative_to(self.top):
            return ""
        if absolute.is_relative_to(self.top):
            real = absolute  # each revision has its own links on the way
        return real.relative_to(self.top).as_posix()

    def files(self, commit: str, paths: Iterable[str]) -> list[Blob]:
        """The files of a commit at and below `paths`; of the index where `commit` is "".

        A commit that many paths are asked of is listed once as a whole.
        """
        wanted = [path for path in paths if path]
        tree = self._trees.get(commit)
        if tree is not None:
            return tree.below(wanted)
        self._listings[commit] = self._listings.get(commit, 0) + 1
        if self._listings[commit] > _FEW:
            tree = self._trees[commit] = _Tree.of(self._list(commit, []))
            return tree.below(wanted)
        return self._list(commit, wanted)

    def _list(self, commit: str, paths: list[str]) -> list[Blob]:
        if commit:
            plain = [path for path in paths if path != "."]
            listed = self.run("ls-tree", "-r", "-z", "--full-tree", commit, "--", *plain)
        else:
            listed = self.run("ls-files", "--stage", "-z", "--full-name", "--", *_specs(paths))
        _check(listed)
        return [_blob(entry, is_tree=bool(commit)) for entry in _entries(listed.stdout)]

    def has(self, commit: str, path: str) -> bool:
        """Whether the commit (the index where it is "") has such a file or directory, behind links
        of directories too."""
        if not path:
            return False
        plain = posixpath.normpath(path)
        if self.files(commit, [plain]):
            return True
        links, beyond = self.behind_links(commit, plain)
        return bool(links and beyond and self.files(commit, [beyond]))

    def behind_links(self, commit: str, path: str) -> tuple[list[str], str]:
        """(the links to directories that a path goes through at a commit, where it leads); "" where
        that is outside the repository or nowhere."""
        links: list[str] = []
        while len(links) < MOST_LINKS:
            link = self._first_link(commit, path)
            if link is None:
                return links, path
            ((_, content),) = self.contents([link])
            links.append(link.path)
            path = beyond(link.path, content.decode("utf-8", "surrogateescape"), path)
            if path.split("/")[0] in ("", ".."):
                break
        return links, ""

    def _first_link(self, commit: str, path: str) -> Blob | None:
        for parent in reversed(PurePosixPath(path).parents[:-1]):
            for blob in self.files(commit, [str(parent)]):
                if blob.is_link and blob.path == str(parent):
                    return blob
        return None

    def contents(self, blobs: Iterable[Blob]) -> Iterator[tuple[Blob, bytes]]:
        """Each file with its content as git stores it: no filter, no attribute, no line ending
        applied."""
        listed = list(blobs)
        done = self.run(
            "cat-file", "--batch", data="".join(f"{blob.name}\n" for blob in listed).encode()
        )
        _check(done)
        start = 0
        for blob in listed:
            end = done.stdout.index(b"\n", start)
            kind, _, size = done.stdout[start:end].decode().partition(" ")[2].partition(" ")
            if kind != "blob":
                raise SourceError(
                    f"git has no content of {blob.path} ({blob.name[:12]})",
                    remedy="fetch the objects that this partial clone left out: git fetch "
                    "--refetch",
                )
            yield blob, done.stdout[end + 1 : end + 1 + int(size)]
            start = end + 1 + int(size) + 1

    def state(self, paths: Iterable[str]) -> State:
        """What differs from HEAD at `paths`; asked once for the same paths."""
        specs = tuple(_specs(paths))
        if specs not in self._states:
            filters = self._filters()
            done = _run(
                self.top,
                "status",
                "--porcelain",
                "-z",
                "--no-renames",
                "--untracked-files=normal",
                "--ignore-submodules=dirty",
                "--",
                *specs,
                own=self.top,
                settings=_switched_off(filters),
            )
            _check(done)
            cleaning = {name for name, has in filters.items() if has & {"clean", "process"}}
            codes = self._told(list(_entries(done.stdout)), cleaning)

            self._states[specs] = State(
                staged=any(code[0] not in " ?" for code in codes),
                unstaged=any(code[1] not in " ?" for code in codes),
                untracked="??" in codes,
            )
        return self._states[specs]

    def changed(self, commit: str) -> frozenset[str]:
        """The files that differ between a commit and the work tree, those that git would add too,
        by their paths from the top."""
        done = _run(
            self.top,
            "diff",
            "--name-only",
            "--no-ext-diff",
            "--no-textconv",
            "--no-renames",
            "--ignore-submodules=dirty",
            "-z",
            commit,
            "--",
            own=self.top,
            settings=_switched_off(self._filters()),
        )
        _check(done)
        untracked = self.names("ls-files", "--others", "--exclude-standard", "-z", "--full-name")
        return frozenset((*_entries(done.stdout), *untracked))

    def ignored(self) -> frozenset[str]:
        """The files and directories that git is told to ignore and Helm is not: all but the
        dependencies in a chart's charts/."""
        listed = self.names(
            "ls-files",
            "--others",
            "--ignored",
            "--exclude-standard",
            "--directory",
            "-z",
            "--full-name",
        )
        return frozenset(path.rstrip("/") for path in listed if not self._is_vendored(path))

    def _is_vendored(self, path: str) -> bool:
        """Whether a path is, or lies in, the charts/ of a chart."""
        places = (self.top / path, *(self.top / path).parents)
        return any(
            place.name == "charts" and (place.parent / "Chart.yaml").exists() for place in places
        )

    def _filters(self) -> dict[str, set[str]]:
        """The filters of the configuration by name, each with the settings that it has."""
        names = self.run("config", "--name-only", "-z", "--get-regexp", r"^filter\.").stdout
        filters: dict[str, set[str]] = {}
        for name in _entries(names):
            driver, _, setting = name.removeprefix("filter.").rpartition(".")
            filters.setdefault(driver, set()).add(setting)
        return filters

    def _told(self, entries: list[str], cleaning: set[str]) -> list[str]:
        """The codes of `git status`, but for files that a filter should have cleaned: without it
        git takes every one for changed."""
        touched = [entry[3:] for entry in entries if entry[1:2] == "M"]
        if touched and cleaning:
            filtered = set(self._filtered(touched, cleaning))
        else:
            filtered = set()
        return [f"{entry[0]} " if entry[3:] in filtered else entry[:2] for entry in entries]

    def _filtered(self, paths: list[str], cleaning: set[str]) -> Iterator[str]:
        asked = "".join(f"{path}\0" for path in paths).encode("utf-8", "surrogateescape")
        words = list(_entries(self.run("check-attr", "-z", "--stdin", "filter", data=asked).stdout))
        for path, driver in zip(words[::3], words[2::3], strict=False):
            if driver in cleaning:
                yield path

    def is_ignored(self, path: str) -> bool:
        """Whether git is told to ignore the file."""
        return self.run("check-ignore", "--quiet", "--", path).returncode == 0


def find_repository(path: str | Path) -> Repository | None:
    """The repository that holds `path` (which need not exist any more); None where there is none.

    Raises SourceError where git itself is missing or refuses to read the repository.
    """
    top = checkout_top(path)
    if top is None:
        return None
    done = _run(top, "rev-parse", "--show-toplevel")
    if done.returncode == 0:
        return Repository(_own_top(top, Path(os.fsdecode(done.stdout.rstrip(b"\r\n")))))
    message = done.stderr.decode("utf-8", "replace")
    if "not a git repository" in message or "must be run in a work tree" in message:
        return None
    raise SourceError(
        f"git cannot read the repository: {message.strip()}", remedy="do what git says above"
    )


def _own_top(top: Path, told: Path) -> Path:
    """The checkout's own top, whatever its configuration says (core.worktree); what git tells
    where the nearest `.git` is no repository and it went on above."""
    above = told != top and top.is_relative_to(told) and os.path.lexists(told / ".git")
    if above:
        return told.resolve()
    return top.resolve()


def find_module(repository: Repository, path: str) -> Repository | None:
    """The repository of the submodule at `path`; None where it is not checked out."""
    top = repository.top / path
    module = find_repository(top) if top.is_dir() else None
    if module is not None and module.top == top.resolve():
        return module
    return None


def beyond(link: str, target: str, path: str) -> str:
    """Where a path leads that goes through a link with this target."""
    rest = posixpath.relpath(path, link)
    return posixpath.normpath(posixpath.join(posixpath.dirname(link), target, rest))


def absolute_path(path: str | Path) -> Path:
    """`path` from the root, `..` taken out of it, symbolic links left in it."""
    return Path(os.path.normpath(Path.cwd() / path))


def _switched_off(filters: Iterable[str]) -> list[str]:
    """The settings under which git runs no filter: a change may choose one for its files."""
    off = ("clean=", "smudge=", "process=", "required=false")
    return [f"filter.{name}.{setting}" for name in sorted(filters) for setting in off]


def _specs(paths: Iterable[str]) -> list[str]:
    return [f":(top,literal){path}" for path in paths if path != "."]


def _run(
    directory: Path,
    *arguments: str,
    data: bytes | None = None,
    own: Path | None = None,
    settings: Sequence[str] = (),
) -> subprocess.CompletedProcess[bytes]:
    """Run git in a directory, for the checkout whose top is `own` where that is known."""
    command = git_command(*arguments, settings=settings)
    start = perf_counter()
    try:
        return subprocess.run(
            command,
            cwd=directory,
            input=data,
            capture_output=True,
            env=git_environment(own),
            check=False,
        )
    except FileNotFoundError as error:
        raise SourceError(
            "git is not installed", remedy="install git, or name the other side with --before"
        ) from error
    finally:
        trace.ran(command, start)


def _check(done: subprocess.CompletedProcess[bytes]) -> None:
    if done.returncode:
        raise SourceError(
            f"git failed: {done.stderr.decode('utf-8', 'replace').strip()}",
            remedy="do what git says above",
        )


def _entries(listing: bytes) -> Iterator[str]:
    return (os.fsdecode(entry) for entry in listing.split(b"\0") if entry)


def _blob(entry: str, *, is_tree: bool) -> Blob:
    """`mode type name<TAB>path` of ls-tree, `mode name stage<TAB>path` of ls-files."""
    words, _, path = entry.partition("\t")
    parts = words.split(" ")
    return Blob(parts[0], parts[2] if is_tree else parts[1], path)
