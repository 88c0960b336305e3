"""Every release of a run judged, in the order of their plans: one after the other, or by workers
where there are many."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from msgspec.structs import replace

from policylint.errors import SourceError
from policylint.helm.inputs.options import Options
from policylint.pipeline.assessed import Assessed, alone, given_up
from policylint.pipeline.plan import Plan
from policylint.runtime import trace
from policylint.runtime.deadline import Deadline, TimeIsUp

Progress = Callable[[int, int, str], None]
"""(number, of how many, release): called as releases are judged."""

_WORKER_LOST = SourceError(
    "the process that judged this release ended before it was done, twice",
    remedy="see whether memory ran out; --jobs 1 judges one release after the other",
)


def part(plans: Sequence[Plan], shard: str) -> list[int]:
    """The places of the plans that a shard ("I/N") judges."""
    index, _, count = shard.partition("/")
    return list(range(int(index) - 1, len(plans), int(count)))


def every_release(
    plans: Sequence[Plan],
    judged: Callable[[Plan], Assessed],
    deadline: Deadline,
    options: Options,
    progress: Progress | None,
) -> list[Assessed]:
    """What `judged` makes of each plan, or an earlier run made of it; of one that takes too long,
    that it was given up on."""
    work = partial(_in_time, judged, deadline)
    if len(plans) < 2:
        return [work(plan, is_last=True) for plan in plans]
    from policylint.pipeline.verdictcache import verdict_cache

    jobs = options.jobs if options.ask is None else 1  # one log, in the releases' order
    with verdict_cache(options) as cache:
        done = cache.known(plans)
        for place, assessed in _new(plans, done, work, judged, jobs):
            done[place] = assessed
            cache.keep(place, plans[place], assessed)
            if progress is not None:
                progress(len(done), len(plans), plans[place].release)
    return [done[place] for place in range(len(plans))]


def _new(
    plans: Sequence[Plan],
    done: Mapping[int, Assessed],
    work: Callable[..., Assessed],
    judged: Callable[[Plan], Assessed],
    jobs: int,
) -> Iterator[tuple[int, Assessed]]:
    """(place, what was made of it) of the plans that are not known, as they come."""
    places = [place for place in range(len(plans)) if place not in done]
    from policylint.pipeline.workers import Crew, workers_for

    size = 1 if trace.is_kept() else workers_for(len(places), jobs)
    if size < 2:
        for place in places:
            yield place, alone(work(plans[place], is_last=place == places[-1]))
        return
    with Crew(work, lambda plan: judged(replace(plan, error=_WORKER_LOST)), size) as crew:
        for at, assessed in crew.answers([plans[place] for place in places]):
            yield places[at], assessed


def _in_time(
    judged: Callable[[Plan], Assessed], deadline: Deadline, plan: Plan, *, is_last: bool = False
) -> Assessed:
    try:
        with deadline.share(is_last=is_last):
            return judged(plan)
    except TimeIsUp:
        return given_up(plan)
