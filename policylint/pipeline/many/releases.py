"""Every release of a run judged, in the order of their plans: one after the other, or by workers
where there are many."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from functools import partial

from msgspec.structs import replace

from policylint.errors import SourceError
from policylint.helm.inputs.options import Options
from policylint.pipeline.assessed import ASSESSED, Assessed, alone, given_up
from policylint.pipeline.plan import Plan
from policylint.runtime import trace
from policylint.runtime.deadline import Deadline, TimeIsUp

Progress = Callable[[int, int, str], None]
"""(number, of how many, release): called as releases are judged."""

_LEAST = 0.01
"""Seconds that are as good as none, where 0 is no limit."""

_WORKER_LOST = SourceError(
    "the process that judged this release ended before it was done, twice",
    remedy="see whether memory ran out; --jobs 1 judges one release after the other",
)


def part(plans: Sequence[Plan], shard: str) -> list[int]:
    """The places of the plans that a shard ("I/N") judges; all of them for ""."""
    if not shard:
        return list(range(len(plans)))
    index, _, count = shard.partition("/")
    return list(range(int(index) - 1, len(plans), int(count)))


def every_release(
    plans: Sequence[Plan],
    judged: Callable[[Plan], Assessed],
    deadline: Deadline,
    options: Options,
    progress: Progress | None,
) -> Sequence[Assessed]:
    """What `judged` makes of each plan, or an earlier run made of it; of one that takes too long,
    that it was given up on."""
    work = partial(_in_time, judged, deadline)
    if len(plans) < 2:
        return [work(plan, is_last=True) for plan in plans]
    from policylint.pipeline.many.verdictcache import verdict_cache
    from policylint.runtime.packed import places_for

    rows = places_for(ASSESSED, len(plans))
    done: set[int] = set()
    with verdict_cache(options) as cache:
        for place, assessed in cache.known(plans):
            rows[place] = assessed
            done.add(place)
        for place, assessed in _new(plans, done, judged, deadline, options):
            rows[place] = assessed
            done.add(place)
            cache.keep(place, plans[place], assessed)
            if progress is not None:
                progress(len(done), len(plans), plans[place].release)
    return rows


def _new(
    plans: Sequence[Plan],
    done: Container[int],
    judged: Callable[[Plan], Assessed],
    deadline: Deadline,
    options: Options,
) -> Iterator[tuple[int, Assessed]]:
    """(place, what was made of it) of the plans that are not known, as they come."""
    left = {place: plan for place, plan in enumerate(plans) if place not in done}
    work, lost = partial(_in_time, judged, deadline), partial(_lost, judged)
    if not left:
        return
    if options.executor:
        from policylint.pipeline.many.dask import Judges, by_cluster

        judges = Judges(partial(_within, deadline.left, judged), work, lost)
        yield from by_cluster(left, options, judges, deadline)
    else:
        yield from _on_this_machine(left, work, lost, options)


def _on_this_machine(
    left: Mapping[int, Plan],
    work: Callable[..., Assessed],
    lost: Callable[[Plan], Assessed],
    options: Options,
) -> Iterator[tuple[int, Assessed]]:
    from policylint.pipeline.many.workers import Crew, workers_for

    jobs = options.jobs if options.ask is None else 1  # one log, in the releases' order
    if trace.is_kept():
        size = 1
    else:
        size = workers_for(len(left), jobs)
    places = list(left)
    if size < 2:
        for place, plan in left.items():
            yield place, alone(work(plan, is_last=place == places[-1]))
        return
    with Crew(work, lost, size) as crew:
        for at, assessed in crew.answers(list(left.values())):
            yield places[at], assessed


def _lost(judged: Callable[[Plan], Assessed], plan: Plan) -> Assessed:
    """What is said of a release whose worker ended each time."""
    return judged(replace(plan, error=_WORKER_LOST))


def _within(seconds: float, judged: Callable[[Plan], Assessed], plan: Plan) -> Assessed:
    """What is made of a plan on another machine, which has a clock of its own."""
    return _in_time(judged, Deadline(0 if seconds == float("inf") else seconds or _LEAST), plan)


def _in_time(
    judged: Callable[[Plan], Assessed], deadline: Deadline, plan: Plan, *, is_last: bool = False
) -> Assessed:
    try:
        with deadline.share(is_last=is_last):
            return judged(plan)
    except TimeIsUp:
        return given_up(plan)
