"""The chart in the commands of fixes: the words by which helm is told of the after side's."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from policylint.helm.inputs.sides import ChartSide, Side
from policylint.model import Finding
from policylint.pipeline.fixsteps import with_steps
from policylint.runtime.patterns import pattern

_PLACE = pattern(r"(?P<command>helm (?:show crds|template \S+) )CHART\b")


def with_chart(findings: Iterable[Finding], side: Side) -> tuple[Finding, ...]:
    """The findings, with the chart in the steps of their fixes that have `helm ... CHART`."""
    findings = tuple(findings)
    if not isinstance(side, ChartSide):
        return findings
    words = _words(side.reference or side)
    return with_steps(findings, lambda step: _step(step, words))


def _words(side: ChartSide) -> str:
    chart = side.as_named(side.chart)
    if chart.startswith("-"):  # a directory that could be taken for an option
        chart = f"./{chart}"
    words = [chart]
    for flag, value in (("--repo", side.repo), ("--version", side.version)):
        if value:
            words.append(f"{flag}={value}")
    return shlex.join(words)


def _step(step: str, words: str) -> str:
    return _PLACE.sub(lambda match: match["command"] + words, step)
