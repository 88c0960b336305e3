"""What judging one release comes to, before waivers and the baseline: it can be written down, and
read again as it was.

Waivers expire and baselines change without the release, so they are applied to it afterwards, in
each run anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from policylint.errors import RuleFailure, SourceError
from policylint.model import ResourceId
from policylint.pipeline.plan import Plan
from policylint.report.model import ReleaseReport, RuleInfo
from policylint.report.waivers import Waiver

Rows = tuple[tuple[ResourceId, tuple[Waiver, ...]], ...]
"""Waivers by the object that they stand beside."""


class Beside(Struct, frozen=True):
    """The waivers in comments and annotations of the rendered objects of both sides."""

    before: Rows = ()
    after: Rows = ()


class Assessed(Struct, frozen=True):
    """A release's report without waivers, and the waivers that stand in its objects."""

    report: ReleaseReport
    beside: Beside = Beside()
    lasting: bool = False
    """Whether the same release would be judged the same again: nothing was cut short by time, and
    nothing failed that may have been the machine's."""


@cache
def _coders() -> tuple[Any, Any]:
    from msgspec import json

    return json.Encoder(enc_hook=plain), json.Decoder(Assessed)


def written(assessed: Assessed) -> bytes:
    """As typed JSON: texts and numbers only, no code. Raises `TypeError` for what cannot be
    written so."""
    encoder, _ = _coders()
    content: bytes = encoder.encode(assessed)
    return content


def read(content: bytes) -> Assessed:
    """What was written. Raises `msgspec.DecodeError` (a `ValueError`) for anything else."""
    _, decoder = _coders()
    assessed = alone(decoder.decode(content))
    return replace(assessed, report=_shared(assessed.report))


def _of_report(report: ReleaseReport) -> bytes:
    return written(Assessed(report))


def _report(content: bytes) -> ReleaseReport:
    return read(content).report


ASSESSED = written, read
REPORTS = _of_report, _report


def alone(assessed: Assessed) -> Assessed:
    """The same without the objects that it is of: a fleet's would not fit into memory."""
    from policylint.pipeline.judging.differences import detached

    return replace(assessed, report=detached(assessed.report))


def given_up(plan: Plan) -> Assessed:
    """The report of a release that was not judged in time; nothing more is asked of it."""
    from policylint.kubernetes.api.schemas import NEWEST
    from policylint.model import Apply, Target, Verdict

    if plan.release:
        name = f"{plan.namespace}/{plan.release}"
    else:
        name = plan.options.after
    error = over_time(f"{name} was given up on: it was not judged", plan.options.time_limit)
    report = ReleaseReport(
        plan.release,
        plan.namespace,
        Target(NEWEST, plan.settings.line or "4", plan.settings.apply or Apply.SERVER_SIDE),
        Verdict.UNKNOWN,
        failures=(*plan.failures, RuleFailure("time-limit", str(error), error.remedy)),
        source=plan.source,
        change=plan.change,
        chart=plan.chart,
    )
    return Assessed(report)


def over_time(what: str, limit: float) -> SourceError:
    """The error of what was not done within the time of the run."""
    return SourceError(
        f"{what} within the time of the run ({limit:g} seconds)",
        remedy="--timeout DURATION gives it more; fewer releases at once: --changed",
    )


def plain(value: Any) -> Any:
    """What msgspec writes in place of a mapping or sequence that it does not know. Raises
    `TypeError` for any other object."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):  # differences that are made when somebody looks
        return tuple(value)
    raise TypeError(f"{type(value).__name__} cannot be written")


_RULES: dict[RuleInfo, RuleInfo] = {}


def _shared(report: ReleaseReport) -> ReleaseReport:
    """The report with its rules' pages in memory once, however many releases they are told of."""
    rules = tuple(_RULES.setdefault(rule, rule) for rule in report.rules)
    return replace(report, rules=rules)
