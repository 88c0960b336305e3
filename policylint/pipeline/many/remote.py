"""The worker's side of `--executor`: releases are judged in a process beside the worker, in a
directory where the files of the run lie at their own paths.

A process of its own, so that nothing of the worker's is shared: its current directory, its threads,
its memory. It ends with the run or with the worker.
"""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import fields, replace

from policylint.helm.inputs.options import Options
from policylint.pipeline.assessed import Assessed, read, written
from policylint.pipeline.many.shipping import Parcel, below, unpack
from policylint.pipeline.many.workers import Worker
from policylint.pipeline.plan import Plan
from policylint.runtime import rooms

_TRIES = 2
"""How often a release is judged here whose process ends under it."""


class Job(Struct, frozen=True):
    """One release to judge."""

    run: str
    folder: str
    """The current directory of whoever asks."""
    work: bytes
    """The pickle of the function that judges a plan."""
    plan: bytes
    parcels: tuple[Parcel, ...]
    """The files of this release alone."""


class _Room:
    """What one run has on this machine: its files, and the processes that judge."""

    def __init__(self, job: Job) -> None:
        self.root = Path(rooms.enter()).resolve()
        self._work = job.work
        self._folder = below(self.root, job.folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._unpacked: set[str] = set()
        self._idle: list[Worker] = []
        self._lock = threading.Lock()

    def unpack(self, parcels: tuple[Parcel, ...]) -> frozenset[str]:
        """Have parcels at their places; the paths that they stand at."""
        with self._lock:
            for parcel in parcels:
                if parcel.digest not in self._unpacked:
                    unpack(parcel, self.root)
                    self._unpacked.add(parcel.digest)
        return frozenset(parcel.top for parcel in parcels)

    def judge(self, plan: Plan) -> Assessed:
        """Judge a plan in a process; raises what that raises, EOFError where each one ends under
        it."""
        for _ in range(_TRIES):
            with self._lock:
                worker = self._idle.pop() if self._idle else None
            worker = worker or Worker(self._work, self._folder)
            try:
                is_made, made = worker.ask(plan)
            except (EOFError, OSError, pickle.UnpicklingError):
                worker.end()
                continue
            with self._lock:
                self._idle.append(worker)
            if not is_made:
                raise made
            assessed: Assessed = made
            return assessed
        raise EOFError

    def end(self) -> None:
        """End the processes and remove the files."""
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.end()
        rooms.leave(self.root)


_ROOMS: dict[str, _Room] = {}
_LOCK = threading.Lock()


def judge_there(job: Job, *shared: Parcel) -> bytes:
    """The report of a release as typed JSON, its paths those of whoever asks."""
    with _LOCK:
        room = _ROOMS.get(job.run) or _ROOMS.setdefault(job.run, _Room(job))
    tops = room.unpack((*job.parcels, *shared))
    plan = pickle.loads(job.plan)  # noqa: S301  Dask itself runs what it is sent
    assessed = room.judge(_moved(plan, partial(_path, room.root, tops)))
    content = written(assessed)
    if read(content) != assessed:
        raise ValueError("the report cannot be written down exactly")
    return content.replace(f"{room.root}/".encode(), b"/")


def forget(run: str) -> None:
    """End with a run: its files and processes here."""
    with _LOCK:
        room = _ROOMS.pop(run, None)
    if room is not None:
        room.end()


def same_as_here(package: str, engine: tuple[str, ...], helm: str) -> str:
    """What is otherwise here than where the run was begun, "" where nothing is: this package by its
    content, and the engine."""
    from policylint.pipeline.many.footing import NoFootingError, engine_digest, package_digest
    from policylint.version import __version__

    if package_digest() != package:
        return f"another policylint ({__version__}) or another state of it"
    try:
        is_same = engine_digest(Options(helm=helm)) == engine
    except NoFootingError:
        is_same = False
    if is_same:
        return ""
    return "another Helm, or none"


def _path(root: Path, tops: frozenset[str], text: str) -> str:
    """A path of the run as it is here; every other text as it is."""
    if not text.startswith("/"):
        return text
    is_sent = any(text == top or text.startswith(f"{top}/") for top in tops)
    is_above = any(top.startswith(f"{text.rstrip('/')}/") for top in tops)
    if is_sent or is_above:
        return str(below(root, text))
    return text


def _moved(value: Any, move: Callable[[str], str]) -> Any:
    """A value with the texts in it changed; objects of other types stay as they are."""
    if type(value) is str:  # a word of an enumeration is no path
        return move(value)
    if isinstance(value, (tuple, list)):
        items = [_moved(item, move) for item in value]
        if isinstance(value, tuple):
            return tuple(items)
        return items
    if isinstance(value, Mapping):
        return {_moved(key, move): _moved(item, move) for key, item in value.items()}
    if isinstance(value, Struct):
        return _moved_fields(value, move)
    return value


def _moved_fields(value: Struct, move: Callable[[str], str]) -> Struct:
    names = (row.name for row in fields(value) if not row.name.startswith("_"))
    return replace(value, **{name: _moved(getattr(value, name), move) for name in names})
