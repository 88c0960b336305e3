"""Trials: the upgrade with only some parts of its change, rendered and judged, within a budget."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable

from msgspec import Struct
from msgspec.structs import replace

from policylint.engine.judging import Judging
from policylint.errors import PolicylintError
from policylint.helm.inputs.sides import ChartSide
from policylint.helm.render.parts import Change, Part
from policylint.kubernetes.forecast import forecast
from policylint.kubernetes.manifests.reader import Text
from policylint.model import Finding
from policylint.pipeline.budget import Budget
from policylint.pipeline.judging.judge import Case, cluster_of, diff, evaluate, read

_PLACE = re.compile(r"/\d+(?=/|$)")

Key = tuple[object, ...]
Render = Callable[[ChartSide], tuple[Text, ...]]


class Trials(Struct, frozen=True, eq=False):
    """Judges the upgrade with some parts of its change, each choice of parts once."""

    case: Case
    by: Judging
    change: Change
    render: Render
    budget: Budget
    known: dict[frozenset[Part], frozenset[Key] | None]
    """The findings of what has been tried, None of what does not render."""

    def shows(self, finding: Finding, parts: Collection[Part]) -> bool:
        """Whether these parts of the change alone make the finding; a chart that then does not
        render makes none."""
        return key_of(finding) in (self._tried(parts) or ())

    def lacks(self, finding: Finding, parts: Collection[Part]) -> bool:
        """Whether these parts of the change alone render, and do not make the finding."""
        findings = self._tried(parts)
        return findings is not None and key_of(finding) not in findings

    @property
    def has_failed(self) -> bool:
        """Whether a trial did not render."""
        return None in self.known.values()

    def _tried(self, parts: Collection[Part]) -> frozenset[Key] | None:
        kept = frozenset(parts)
        if kept not in self.known:
            self.budget.spend()
            self.known[kept] = self._judged(kept)
        return self.known[kept]

    def _judged(self, kept: Collection[Part]) -> frozenset[Key] | None:
        try:
            return findings_of(self.case, self.render(self.change.side(kept)), self.by)
        except PolicylintError:
            return None


def only_of(findings: Iterable[Finding], by: Judging) -> Judging:
    """How trials are judged: by the rules of these findings, as nothing else is looked for."""
    wanted = {finding.rule for finding in findings}
    return replace(by, rules=tuple(rule for rule in by.rules if rule.id in wanted))


def findings_of(case: Case, after: tuple[Text, ...], by: Judging) -> frozenset[Key]:
    """The findings of a case whose after side is another one. Raises `ReadError` for text that is
    no manifest."""
    trial = replace(case, after=after, subjects=(), failures=(), alternatives=(), other_target=None)
    sides = read(trial)
    cluster = cluster_of(trial, sides)
    upgrade = forecast(diff(trial, sides), cluster)
    return keys_of(evaluate(trial, upgrade, cluster, by).findings)


def keys_of(findings: Iterable[Finding]) -> frozenset[Key]:
    """What findings are known by."""
    return frozenset(map(key_of, findings))


def key_of(finding: Finding) -> Key:
    """What makes two findings one, wherever in a list their field stands."""
    values = json.dumps([finding.before, finding.after], sort_keys=True, default=str)
    path = _PLACE.sub("/*", finding.path)
    return finding.rule, finding.direction, finding.resource, path, values
