"""What helm may read: files that lie where they seem to lie.

A link that leads out of the repository, a device, a pipe, a ring of links and an archive that
unpacks to too much are refused by name before helm, or the embedded engine, opens anything. The
limits are Helm's own (chart/loader: 100 MiB a chart, 5 MiB a file).
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from policylint.errors import ReadError, SourceError
from policylint.helm.inputs.archives import MAX_FILES, DamagedError, packed_files
from policylint.helm.inputs.links import MAX_WAYS, Ways
from policylint.helm.inputs.sides import ChartSide
from policylint.helm.values.helmignore import Ignore
from policylint.runtime.git import LFS_POINTER, checkout_top
from policylint.runtime.patterns import pattern

_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_SYSTEM = ("/proc/", "/dev/", "/sys/")
_ARCHIVES = (".tgz", ".tar.gz")
_LOADED = pattern(
    r"(?:^|/)(?:(?:templates|crds)/.*|Chart\.yaml|values\.yaml|values\.schema\.json)$"
)
"""The files of a chart that helm reads whatever its templates say."""
_LARGEST_POINTER = 1024
"""Bytes: the specification of Git LFS has all pointers smaller."""


def confine(side: ChartSide) -> None:
    """Raise SourceError, naming the file, where the chart or the values of a side lead to what
    helm must not read."""
    copies = {path for path, _ in side.copies}
    if side.chart in copies:
        _confine_copy(side)
    elif "://" not in side.chart:
        confine_chart(Path(side.chart), side.root)
    for file in side.values.named:
        if file != "-" and "://" not in file and file not in copies and os.path.lexists(file):
            refuse_odd_file(file, _boundary(file, side.root))
            _refuse_pointer(file)


def _confine_copy(side: ChartSide) -> None:
    """The same for an archive that was pulled; a directory was looked at before it was copied."""
    if not os.path.isfile(side.chart):  # noqa: PTH113  asked for each render
        return
    try:
        _look_through(Path(side.chart))
    except DamagedError:
        return  # who pulls it says so
    except ReadError as error:
        remedy = "do not use this chart"
        raise SourceError(side.as_named(f"{error.file} {error.message}"), remedy=remedy) from error


def confine_chart(chart: Path, root: str = "") -> None:
    """The same for a chart alone; `root` is the directory that its revision was copied to."""
    if not chart.exists():
        return
    boundary = _boundary(str(chart), root)
    refuse_odd_file(str(chart), boundary)
    if chart.is_dir():
        confine_directory(chart, boundary)
    else:
        confine_archive(chart)


def confine_directory(top: Path, boundary: str) -> None:
    """The same for the files of a chart directory, but for those that its .helmignore leaves
    out."""
    ignore = Ignore.of(top)
    pending: list[tuple[str, str, tuple[str, ...]]] = [("", str(top), ())]
    count = 0
    ways = Ways()
    while pending:
        prefix, folder, parents = pending.pop()
        real = os.path.realpath(folder)
        if real in parents:
            raise _refusal(folder, "leads back to a directory that it lies in")
        if not ways.enter(folder):
            raise _refusal(real, f"is reached in more than {MAX_WAYS} ways, by links")
        entries = list(_entries(folder))
        count += len(entries)
        if count > MAX_FILES:
            raise _refusal(str(top), f"holds more than {MAX_FILES} files")
        for entry in entries:
            name = prefix + entry.name
            is_directory = _is_directory(entry)
            if ignore.matches(name, is_directory):
                continue
            _confine_entry(entry, name, boundary)
            if is_directory:
                pending.append((f"{name}/", entry.path, (*parents, real)))


def _confine_entry(entry: os.DirEntry[str], name: str, boundary: str) -> None:
    if entry.is_symlink() or not (entry.is_dir() or entry.is_file()):
        refuse_odd_file(entry.path, boundary)
    if _LOADED.search(name):
        _refuse_pointer(entry.path)
    if name.startswith("charts/") and name.endswith(_ARCHIVES):
        confine_archive(Path(entry.path))


def refuse_odd_file(path: str, boundary: str) -> None:
    """Raise SourceError for a link out of `boundary` (an absolute path) and for what is neither a
    file nor a directory."""
    real = os.path.realpath(path)
    if real == os.devnull:
        return
    if real.startswith(_SYSTEM):
        raise _refusal(path, f"leads to {real}, which is no file of a disk")
    if not Path(real).is_relative_to(boundary) and _is_inside(path, boundary):
        raise _refusal(path, f"leads to {real}, outside {boundary}")
    try:
        mode = stat.S_IFMT(os.stat(path).st_mode)  # noqa: PTH116
    except OSError:
        return  # a link to nothing: helm says so
    if mode in _KINDS:
        raise _refusal(path, f"is {_KINDS[mode]}, not a file")


def _refuse_pointer(path: str) -> None:
    """Raise SourceError for what Git LFS left in a file's place: helm would take it for the
    file."""
    if not 0 < os.stat(path).st_size < _LARGEST_POINTER:  # noqa: PTH116
        return
    with open(path, "rb") as file:  # noqa: PTH123  a chart may have thousands of files
        if file.read(len(LFS_POINTER)) == LFS_POINTER:
            raise SourceError(
                "kept in Git LFS, and its content is not here", file=path, remedy="git lfs pull"
            )


def confine_archive(path: Path) -> None:
    """Raise SourceError for an archive with links, devices, paths that lead out of it, or more than
    Helm takes, and for one that cannot be read; one that is not there is left to helm."""
    try:
        _look_through(path)
    except ReadError as error:
        raise SourceError(error.message, file=error.file, remedy=error.remedy) from None


def _look_through(path: Path) -> None:
    try:
        for _ in packed_files(path, str(path)):
            pass
    except OSError:
        return


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _refusal(entry.path, "is a link in a ring of links: too many of them") from error
        raise _refusal(entry.path, f"cannot be read: {error.strerror}") from error


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        yield from sorted(entries, key=lambda entry: entry.name)


def _boundary(path: str, root: str) -> str:
    """Where a path may lead: the copy of the revision, the checkout, else what the user was
    in."""
    absolute = os.path.abspath(path)  # noqa: PTH100  links stay as they are
    if root and absolute.startswith(root.rstrip("/") + "/"):
        return os.path.realpath(root)
    # a link's own checkout counts, not that of what it leads to
    linked = os.path.islink(absolute)  # noqa: PTH114
    top = checkout_top(os.path.dirname(absolute) if linked else absolute)  # noqa: PTH120
    if top is None:
        here = Path.cwd()
        if Path(absolute).is_relative_to(here):
            top = here
        else:
            top = Path(absolute).parent
    return os.path.realpath(top)


def _is_inside(path: str, boundary: str) -> bool:
    """Whether a path, its own link not followed, lies in the boundary."""
    folder, name = os.path.split(os.path.abspath(path))  # noqa: PTH100
    return Path(os.path.realpath(folder), name).is_relative_to(boundary) or Path(
        folder, name
    ).is_relative_to(boundary)


def _refusal(path: str, what: str) -> SourceError:
    return SourceError(
        f"{path} {what}",
        remedy="put the file itself there, or list it in .helmignore",
    )
