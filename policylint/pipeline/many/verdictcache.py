"""What earlier runs came to, by what it rests on: a release that nothing changes of is judged once.

Kept is the report as everybody may read it, with secrets masked; never a render. Only runs of
policylint write here, each under the digest of all that it read, so that what a change brings along
can only ever stand under its own digest. A directory that the change can write to is not used.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import DecodeError

from policylint.helm.inputs.options import Options
from policylint.helm.sources.chartcache import cache_root
from policylint.helm.sources.forks import may_be_fork
from policylint.pipeline.assessed import Assessed, read, written
from policylint.pipeline.many.footing import Footing, NoFootingError, ground
from policylint.pipeline.plan import Plan
from policylint.runtime import trace
from policylint.runtime.git import checkout_top
from policylint.runtime.ownfiles import OwnFiles

MOST = 512 * 1024 * 1024
"""Bytes that all verdicts may take."""
_TOGETHER = 256
"""Verdicts that are written at once: their files are read again before."""
_TEMPORARY = b"policylint-run-"
"""Stands in the names of files that are gone after the run."""


class VerdictCache:
    """What is known of the releases of a run before they are judged, and keeps what is new."""

    def __init__(self, files: OwnFiles, footing: Footing | None) -> None:
        self._files = files
        self._footing = footing
        """None where nothing is known and nothing kept."""
        self._names: dict[int, str] = {}
        self._waiting: list[tuple[str, Plan, bytes]] = []

    def known(self, plans: Sequence[Plan]) -> Iterator[tuple[int, Assessed]]:
        """(place of the plan, what is kept of it) of those that something is kept of."""
        if self._footing is None:
            return
        for place, plan in enumerate(plans):
            name = self._names[place] = self._footing.of(plan)
            assessed = self._read(name) if name else None
            if assessed is not None:
                yield place, assessed

    def _read(self, name: str) -> Assessed | None:
        content = self._files.get(name)
        try:
            if content is None:
                return None
            return read(content)
        except DecodeError:  # of another form, which the digest of the package excludes
            return None

    def keep(self, place: int, plan: Plan, assessed: Assessed) -> None:
        """Keep what a plan came to, where the next run may believe it: nothing failed, and it reads
        back as it is."""
        name = self._names.get(place, "")
        if not name or not assessed.lasting:
            return
        try:
            content = written(assessed)
            is_same = read(content) == assessed
        except (DecodeError, TypeError, ValueError, OverflowError, RecursionError):
            return
        if is_same and _TEMPORARY not in content:
            self._waiting.append((name, plan, content))
        if len(self._waiting) >= _TOGETHER:
            self.write()

    def write(self) -> None:
        """Write what waits, but for releases whose files have changed since they were read."""
        if self._footing is None:
            return
        footing = self._footing.again()
        for name, plan, content in self._waiting:
            if footing.of(plan) == name:
                self._files.keep(name, content)
        self._waiting.clear()


@contextmanager
def verdict_cache(options: Options) -> Iterator[VerdictCache]:
    """The cache for a run of several releases; one that knows nothing where it is not wanted, or
    cannot be used."""
    if not _is_wanted(options):
        yield VerdictCache(OwnFiles(verdict_folder(), 0), None)
        return
    with OwnFiles(verdict_folder(), MOST) as files:
        cache = VerdictCache(files, _footing(options) if files.is_open else None)
        yield cache
        cache.write()


def _footing(options: Options) -> Footing | None:
    try:
        return Footing(ground(options))
    except (NoFootingError, OSError):
        return None


def verdict_folder() -> Path:
    """Where verdicts are kept."""
    return Path(os.path.abspath(cache_root() / "verdicts"))  # noqa: PTH100  links are refused


def _is_wanted(options: Options) -> bool:
    if options.no_cache or options.ask is not None or trace.is_kept():
        return False
    if may_be_fork() and not os.environ.get("POLICYLINT_CACHE"):
        return False  # what ran before in this job may have been the fork's
    return not lies_in_checkout(verdict_folder())


def lies_in_checkout(folder: Path) -> bool:
    """Whether a directory is one that the change under judgement may bring along."""
    top = checkout_top(".") or Path.cwd()
    return Path(os.path.realpath(folder)).is_relative_to(os.path.realpath(top))
