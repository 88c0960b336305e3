"""Many releases at once: each worker is a process of its own, judges one release after another, and
sends back its report.

Workers are started with this interpreter and this package alone, never with what lies in the
current directory. What they are told and answer are pickles on pipes that nobody else holds.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Generic, TypeVar

import policylint
from policylint.runtime import signals

T = TypeVar("T")
R = TypeVar("R")

_FEW = 4
"""Releases that one worker must have, to be worth its start."""
_MOST = 8
"""Workers at most: each takes up to 100 MB."""
_TRIES = 2
"""How often a release is judged whose worker ends under it."""
_PATIENCE = 0.5
"""Seconds after which a wait looks whether the run was interrupted."""
_GRACE = 5.0
"""Seconds in which a worker ends what it has started, before it is killed."""
_SERVE = "from policylint.pipeline.many.workers import serve; serve()"
_LENGTH = struct.Struct("!Q")


def workers_for(count: int, jobs: int = 0) -> int:
    """How many workers judge so many releases; `jobs` where the user says it, 1 for none."""
    if not sys.executable:
        return 1
    if jobs:
        return min(jobs, count)
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(cpus or 1, _MOST, count // _FEW)


class Crew(Generic[T, R]):
    """Workers that do the same `work` on many items; `lost` makes the answer for an item whose
    worker ended twice. Leaving the `with` block ends them all."""

    def __init__(self, work: Callable[[T], R], lost: Callable[[T], R], size: int) -> None:
        self._work = pickle.dumps(work)
        self._lost = lost
        self._size = size
        self._workers: set[Worker] = set()
        self._lock = threading.Lock()
        self._ended = False

    def answers(self, items: Sequence[T]) -> Iterator[tuple[int, R]]:
        """(place of the item, what was made of it), as they come; raises what the work raises."""
        waiting = iter(enumerate(items))
        done: queue.SimpleQueue[tuple[int, Any]] = queue.SimpleQueue()
        for _ in range(self._size):
            threading.Thread(target=self._keep_busy, args=(waiting, done), daemon=True).start()
        for _ in items:
            place, (is_made, made) = _next(done)
            if is_made is None:
                yield place, self._lost(items[place])
            elif is_made:
                yield place, made
            else:
                raise made

    def __enter__(self) -> Crew[T, R]:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._ended = True
            workers = list(self._workers)
        for worker in workers:
            worker.end()

    def _keep_busy(
        self, waiting: Iterator[tuple[int, T]], done: queue.SimpleQueue[tuple[int, Any]]
    ) -> None:
        """Hand item after item to one worker; another one takes its place where it ends."""
        worker: Worker | None = None
        while True:
            with self._lock:
                place, item = next(waiting, (-1, None))
                if self._ended or place < 0:
                    break
            answer: tuple[bool | None, Any] = (None, None)
            for _ in range(_TRIES):
                if self._ended:
                    break
                worker = worker or self._hired()
                try:
                    answer = worker.ask(item)
                    break
                except (EOFError, OSError, pickle.UnpicklingError):
                    self._dismiss(worker)
                    worker = None
            done.put((place, answer))
        if worker is not None:
            self._dismiss(worker)

    def _hired(self) -> Worker:
        worker = Worker(self._work)
        with self._lock:
            self._workers.add(worker)
        return worker

    def _dismiss(self, worker: Worker) -> None:
        with self._lock:
            self._workers.discard(worker)
        worker.end()


def _next(done: queue.SimpleQueue[tuple[int, Any]]) -> tuple[int, Any]:
    while True:
        with contextlib.suppress(queue.Empty):
            return done.get(timeout=_PATIENCE)
        signals.check()


class Worker:
    """One process and the pipes to it."""

    def __init__(self, work: bytes, folder: Path | None = None) -> None:
        """`folder` is its current directory, None for this process's own."""
        package = Path(policylint.__file__).parent.parent
        path = [str(package), *filter(None, [os.environ.get("PYTHONPATH")])]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _SERVE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
        )
        with contextlib.suppress(OSError):  # it ended at once: asking it says so
            _send(self._stream(self._process.stdin), work)

    def ask(self, item: object) -> tuple[bool, Any]:
        """(True, what was made of the item) or (False, the error that was raised); raises EOFError
        or OSError where the worker has ended."""
        _send(self._stream(self._process.stdin), pickle.dumps(item))
        answer: tuple[bool, Any] = _read(self._stream(self._process.stdout))
        return answer

    def end(self) -> None:
        """End the process and what it has started, which it does itself where it can."""
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                self._stream(stream).close()
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _stream(self, stream: IO[bytes] | None) -> IO[bytes]:
        if stream is None:
            raise EOFError
        return stream


def serve() -> None:
    """The worker's side: answer until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asks ends it
    signals.begin()
    asked, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)  # helm and git find nothing to read
    os.dup2(2, 1)  # and what is printed is no answer
    threading.Thread(target=_end_with, args=(asked.fileno(),), daemon=True).start()
    with contextlib.suppress(EOFError, BrokenPipeError, KeyboardInterrupt):
        work = _read(asked)
        while True:
            _send(answers, _answer(work, _read(asked)))
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it ends by itself, and removes what it made


def _end_with(pipe: int) -> None:
    """End this process, and the helm that it runs, once nobody holds the other end of a pipe:
    whoever asks has ended, however it did."""
    if not hasattr(select, "poll"):  # Windows
        return
    hung_up = select.poll()
    hung_up.register(pipe, 0)
    hung_up.poll()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE)
    os._exit(1)


def _answer(work: Callable[[Any], Any], item: object) -> bytes:
    try:
        return pickle.dumps((True, work(item)))
    except Exception as error:  # noqa: BLE001  raised where the answer is waited for
        return pickle.dumps((False, error))


def _send(stream: IO[bytes], message: bytes) -> None:
    stream.write(_LENGTH.pack(len(message)) + message)
    stream.flush()


def _read(stream: IO[bytes]) -> Any:
    # Only this program's own processes hold the other end, so a pickle can be believed.
    return pickle.loads(_received(stream))  # noqa: S301


def _received(stream: IO[bytes]) -> bytes:
    """The next message; raises EOFError where none comes any more."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    message = stream.read(_LENGTH.unpack(head)[0])
    if len(message) < _LENGTH.unpack(head)[0]:
        raise EOFError
    return message
