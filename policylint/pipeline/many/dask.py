"""Releases judged by the workers of a Dask cluster: `--executor dask://HOST:PORT`.

Each chart is sent once and kept by the cluster, values go with the release; what comes back is the
report as typed JSON. Workers that end are replaced by others: a release is counted when its report
is here, and once. What cannot be sent is judged here.

Source: distributed's own documentation of Client.submit, `allowed-failures` and KilledWorker.
"""

from __future__ import annotations

import importlib
import logging
import os
import pickle
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct

from policylint.errors import PolicylintError, SourceError, UsageError
from policylint.helm.inputs.options import Options
from policylint.pipeline.assessed import Assessed, alone, given_up, read
from policylint.pipeline.many.footing import NoFootingError, engine_digest, package_digest
from policylint.pipeline.many.remote import Job, forget, judge_there, same_as_here
from policylint.pipeline.many.shipping import Parcel, parcels_of
from policylint.pipeline.plan import Plan
from policylint.runtime import signals
from policylint.runtime.deadline import Deadline

_SCHEME = "dask://"
_TIMEOUT = 10.0
"""Seconds until a scheduler must answer, and until one that is lost is given up."""
_PATIENCE = 0.5
_EACH = 4
"""Releases that wait at the cluster for each of its threads."""
_INSTALL = "pip install 'policylint[dask]'"


class _Sent(Struct, frozen=True):
    """A release that the cluster judges."""

    place: int
    plan: Plan


class Judges(Struct, frozen=True):
    """How releases are judged: `there` is what the workers do, `here` judges what cannot be sent,
    and `lost` is said of a release whose workers ended each time."""

    there: Callable[[Plan], Assessed]
    here: Callable[[Plan], Assessed]
    lost: Callable[[Plan], Assessed]


def address(url: str) -> str:
    """The scheduler's address as Dask writes it. Raises `UsageError` for what names none."""
    host, _, port = url.removeprefix(_SCHEME).rpartition(":")
    if not url.startswith(_SCHEME) or not host or not port.isdigit():
        raise UsageError(
            f"--executor takes dask://HOST:PORT, not {url!r}",
            remedy="name the scheduler of a Dask cluster: dask scheduler prints its address",
        )
    return f"tcp://{host}:{port}"


def by_cluster(
    plans: Mapping[int, Plan], options: Options, judges: Judges, deadline: Deadline
) -> Iterator[tuple[int, Assessed]]:
    """(place, what was made of it), as they come.

    Raises `SourceError` where there is no scheduler or no worker, where they are not what runs
    here, and where the scheduler is lost.
    """
    with _client(options.executor) as client:
        _require_same(client, options)
        run = _Run(client, options, judges, deadline)
        try:
            yield from run.answers(plans)
        finally:
            run.end()


class _Run:
    """One run at a cluster: what waits there, and what was sent already."""

    def __init__(
        self,
        client: Any,
        options: Options,
        judges: Judges,
        deadline: Deadline,
    ) -> None:
        self._client = client
        self._judges = judges
        self._work = pickle.dumps(judges.there)
        self._deadline = deadline
        self._name = os.urandom(8).hex()
        self._parcels: dict[str, Any] = {}
        self._waiting: dict[Any, _Sent] = {}
        self._executor = options.executor

    def answers(self, plans: Mapping[int, Plan]) -> Iterator[tuple[int, Assessed]]:
        """(place, what was made of it) of each plan, once."""
        left = iter(plans.items())
        most = _EACH * max(1, sum(self._client.nthreads().values()))
        yield from self._fill(left, most)
        while self._waiting and self._deadline.left:
            for future in self._done():
                sent = self._waiting.pop(future)
                yield sent.place, self._answer(future, sent)
            yield from self._fill(left, most)
        yield from ((place, given_up(plan)) for place, plan in left)
        yield from ((sent.place, given_up(sent.plan)) for sent in self._waiting.values())

    def _fill(self, left: Iterator[tuple[int, Plan]], most: int) -> Iterator[tuple[int, Assessed]]:
        """Let as many releases wait at the cluster as it may have; what is judged here instead."""
        while len(self._waiting) < most and self._deadline.left:
            place, plan = next(left, (-1, None))
            if plan is None:
                return
            if not self._send(place, plan):
                yield place, alone(self._judges.here(plan))

    def _send(self, place: int, plan: Plan) -> bool:
        """Send a release; False where it cannot be."""
        parcels = parcels_of(plan)
        if parcels is None:
            return False
        large = [parcel for parcel in parcels if parcel.is_shared]
        own = tuple(parcel for parcel in parcels if not parcel.is_shared)
        job = Job(self._name, str(Path.cwd()), self._work, pickle.dumps(plan), own)
        future = self._client.submit(
            judge_there,
            job,
            *map(self._shared, large),
            key=f"policylint-{self._name}-{place}",
            pure=False,
        )
        self._waiting[future] = _Sent(place, plan)
        return True

    def _shared(self, parcel: Parcel) -> Any:
        """The future of a parcel that many releases need: made by a task, so that a cluster that
        loses it makes it again."""
        if parcel.digest not in self._parcels:
            key = f"policylint-{self._name}-parcel-{parcel.digest}"
            self._parcels[parcel.digest] = self._client.submit(_as_it_is, parcel, key=key)
        return self._parcels[parcel.digest]

    def _done(self) -> Sequence[Any]:
        """Some futures that are over; raises `SourceError` where the scheduler is lost."""
        left = _TIMEOUT
        while self._deadline.left:
            signals.check()
            done = [future for future in self._waiting if future.done()]
            if done:
                return done
            if self._client.status == "running":
                left = _TIMEOUT
            else:
                left = left - _PATIENCE
            if left <= 0 or self._client.status == "closed":
                raise _gone(self._executor)
            self._wait()
        return ()

    def _wait(self) -> None:
        """Wait until something is over, for a while."""
        distributed = _distributed()
        try:
            with self._client.as_current():
                distributed.wait(list(self._waiting), _PATIENCE, "FIRST_COMPLETED")
        except (TimeoutError, distributed.TimeoutError):
            return
        except (OSError, distributed.CancelledError):  # told of the futures themselves
            time.sleep(_PATIENCE)

    def _answer(self, future: Any, sent: _Sent) -> Assessed:
        """What became of a release. Raises `UsageError` as judging it here would, `SourceError`
        where the scheduler is lost."""
        distributed = _distributed()
        if future.status in ("cancelled", "lost"):
            raise _gone(self._executor)
        if future.status == "error":
            error = future.exception()
        else:
            error = None
        if error is None:
            content: bytes = future.result()
            future.release()
            return read(content)
        if isinstance(error, PolicylintError):
            raise error
        if isinstance(error, (EOFError, distributed.KilledWorker)):
            return self._judges.lost(sent.plan)
        return alone(self._judges.here(sent.plan))

    def end(self) -> None:
        """Forget the run where it was judged."""
        for future in self._waiting:
            with suppress(Exception):
                future.cancel()
        if self._client.status == "running":
            with suppress(Exception):
                self._client.run(forget, self._name, on_error="return")


def _as_it_is(parcel: Parcel) -> Parcel:
    return parcel


def _distributed() -> Any:
    """The library, loaded by who asks for it alone; raises ImportError where it is not there."""
    return importlib.import_module("distributed")


@contextmanager
def _client(url: str) -> Iterator[Any]:
    """A client of the cluster; raises `SourceError` where none answers, `UsageError` where Dask is
    not installed."""
    where = address(url)
    try:
        distributed = _distributed()
    except ImportError as error:
        raise UsageError(f"--executor needs Dask: {error}", remedy=_INSTALL) from error
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what goes wrong is said here
    try:
        client = distributed.Client(where, timeout=_TIMEOUT, set_as_default=False)
    except (OSError, TimeoutError) as error:
        raise _gone(url) from error
    try:
        yield client
    finally:
        client.close(timeout=_TIMEOUT)


def _gone(url: str) -> SourceError:
    return SourceError(
        f"no Dask scheduler answers at {url}",
        remedy="start it (dask scheduler) or see its log; without --executor this machine judges",
    )


def _require_same(client: Any, options: Options) -> None:
    """Raise `SourceError` unless every worker has this policylint and this engine."""
    try:
        client.wait_for_workers(1, timeout=_TIMEOUT)
    except TimeoutError as error:
        raise SourceError(
            f"the Dask scheduler at {options.executor} has no worker",
            remedy=f"start some: dask worker {options.executor.removeprefix(_SCHEME)}",
        ) from error
    try:
        engine = engine_digest(options)
    except NoFootingError as error:
        raise SourceError(
            "no Helm here to compare the workers' with", remedy="name one with --helm"
        ) from error
    told = client.run(partial(same_as_here, package_digest(), engine, options.helm))
    for worker, difference in told.items():
        if difference:
            raise SourceError(
                f"the worker {worker} is not what runs here: {difference}",
                remedy="install the same policylint and the same Helm on every worker",
            )
