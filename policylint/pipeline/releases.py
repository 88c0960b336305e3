"""Every release of a run judged, in the order of their plans: one after the other, or by workers
where there are many."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from msgspec.structs import replace

from policylint.errors import SourceError
from policylint.pipeline.plan import Plan
from policylint.pipeline.whole import Done, given_up
from policylint.runtime import trace
from policylint.runtime.deadline import Deadline, TimeIsUp

Progress = Callable[[int, int, str], None]
"""(number, of how many, release): called as releases are judged."""

_WORKER_LOST = SourceError(
    "the process that judged this release ended before it was done, twice",
    remedy="see whether memory ran out; --jobs 1 judges one release after the other",
)


def every_release(
    plans: Sequence[Plan],
    judged: Callable[[Plan], Done],
    deadline: Deadline,
    jobs: int,
    progress: Progress | None,
) -> list[Done]:
    """What `judged` makes of each plan; of one that takes too long, that it was given up on."""
    work = partial(_in_time, judged, deadline)
    if len(plans) < 2:
        return [work(plan, is_last=True) for plan in _announced(plans, progress)]
    from policylint.pipeline.workers import workers_for

    size = 1 if trace.is_kept() else workers_for(len(plans), jobs)
    if size < 2:
        from policylint.pipeline.differences import detached

        rows = [work(plan, is_last=plan is plans[-1]) for plan in _announced(plans, progress)]
        return [(detached(report), settled) for report, settled in rows]
    return _by_workers(plans, work, judged, size, progress)


def _by_workers(
    plans: Sequence[Plan],
    work: Callable[[Plan], Done],
    judged: Callable[[Plan], Done],
    size: int,
    progress: Progress | None,
) -> list[Done]:
    from policylint.pipeline.workers import Crew

    done: dict[int, Done] = {}
    with Crew(work, lambda plan: judged(replace(plan, error=_WORKER_LOST)), size) as crew:
        for place, answer in crew.answers(plans):
            done[place] = answer
            if progress is not None:
                progress(len(done), len(plans), plans[place].release)
    return [done[place] for place in range(len(plans))]


def _in_time(
    judged: Callable[[Plan], Done], deadline: Deadline, plan: Plan, *, is_last: bool = False
) -> Done:
    try:
        with deadline.share(is_last=is_last):
            return judged(plan)
    except TimeIsUp:
        return given_up(plan)


def _announced(plans: Sequence[Plan], progress: Progress | None) -> Iterator[Plan]:
    for number, plan in enumerate(plans, 1):
        if progress is not None:
            progress(number, len(plans), plan.release)
        yield plan
