"""`--ask`: the cluster's own answers, in the report and in a log that the score can read."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec.json
from msgspec import Struct
from msgspec.structs import replace

from policylint.errors import RuleFailure, SourceError, UsageError
from policylint.helm.inputs.options import Options
from policylint.kubernetes.dryrun.ask import DryRun, ask
from policylint.kubernetes.dryrun.kubectl import kubectl_of
from policylint.kubernetes.forecast.cluster import Cluster
from policylint.model import Apply, Manifest, Object, Outcome, Resource, Upgrade
from policylint.pipeline.judging.judge import Case
from policylint.redaction.redactor import Redactor
from policylint.redaction.vocabulary import MASK
from policylint.report.model import ChangeSummary, ClusterAnswer, Evidence, ReleaseReport

_METHODS = {
    ("3", Apply.CLIENT_SIDE): "helm33",
    ("4", Apply.CLIENT_SIDE): "helm34",
    ("4", Apply.SERVER_SIDE): "helm44",
}
"""The names of the recorded answers by Helm line and method."""
_REMEDY = "run kubectl against the context by hand; a login may have expired"


class Answers(Struct, frozen=True):
    """What a cluster answered about one release, with secrets masked."""

    context: str
    runs: tuple[DryRun, ...]

    def case(self, case: Case) -> Case:
        """The case with the answers as subjects of rules, and with what gave none as failures."""
        return replace(
            case,
            subjects=(*case.subjects, *self.runs),
            failures=(*case.failures, *self._failures()),
        )

    def beside(self, told: ReleaseReport) -> ReleaseReport:
        """The report with the answers beside the forecast."""
        runs = {(run.id, run.is_hook): run for run in self.runs}
        rows = [_row(row, runs.get((row.resource, row.change == "hook"))) for row in told.changes]
        evidence = told.evidence or Evidence()
        notes = (*evidence.notes, self._summary())
        return replace(told, changes=tuple(rows), evidence=replace(evidence, notes=notes))

    def _failures(self) -> Iterator[RuleFailure]:
        """The objects that the cluster gave no answer about."""
        for run in self.runs:
            if _word(run) == "error":
                message = f"{self.context} gave no answer about it: {run.answer.message}"
                yield RuleFailure("ask", message, _REMEDY, run.id)

    def _summary(self) -> str:
        words = Counter(map(_word, self.runs))
        counted = ", ".join(f"{count} {word}" for word, count in sorted(words.items()))
        reasons = sorted({run.unasked for run in self.runs if run.unasked})
        because = f" ({'; '.join(reasons)})" if reasons else ""
        return f"asked {self.context} by dry runs: {counted or 'nothing to ask'}{because}"


def refuse_unnamed(options: Options) -> None:
    """Raise UsageError where `--ask` names no context, SourceError where there is no kubectl."""
    if options.ask is None:
        raise UsageError("--ask-log logs the answers of --ask", remedy="name a context too")
    kubectl_of(options.ask)


def answers(options: Options, upgrade: Upgrade, cluster: Cluster) -> Answers:
    """Ask the cluster that `--ask` names about an upgrade; raises what `kubectl_of` raises."""
    asked = kubectl_of(options.ask or "")
    redactor = _redactor(upgrade)
    runs = ask(upgrade, cluster, asked)
    return Answers(asked.context, tuple(_masked(run, redactor) for run in runs))


def _masked(run: DryRun, redactor: Redactor) -> DryRun:
    answer = replace(run.answer, message=redactor.text(run.answer.message))
    return replace(run, answer=answer)


def _row(row: ChangeSummary, run: DryRun | None) -> ChangeSummary:
    if run is None or run.unasked:
        return replace(row, asked=None)
    return replace(row, asked=ClusterAnswer(_word(run), run.answer.message))


def _word(run: DryRun) -> str:
    if run.unasked:
        return "not asked"
    if run.answer.outcome is None:
        return "error"
    return str(run.answer.outcome)


def log(file: str, upgrade: Upgrade, run_answers: Answers) -> None:
    """Add one row to a log: both sides with their values masked, and what the cluster answered.

    Raises SourceError where it cannot be written.
    """
    if not file:
        return
    line = msgspec.json.encode(_logged(upgrade, run_answers)) + b"\n"
    try:
        with Path(file).open("ab") as out:
            out.write(line)
    except OSError as error:
        raise SourceError(
            f"the log of answers cannot be written: {error.strerror}",
            file=file,
            remedy="name another file with --ask-log",
        ) from error


def _logged(upgrade: Upgrade, run_answers: Answers) -> dict[str, Any]:
    target = upgrade.target
    redactor = _redactor(upgrade)
    method = _METHODS.get((target.helm, target.apply), "force")
    outcomes = {run.answer.outcome for run in run_answers.runs if not run.unasked}
    if Outcome.REJECTED in outcomes:
        verdict = Outcome.REJECTED
    else:
        verdict = Outcome.ACCEPTED
    messages = [run.answer.message for run in run_answers.runs if run.answer.outcome is verdict]
    return {
        "id": f"{upgrade.namespace}/{upgrade.release}",
        "kubernetes": target.kubernetes,
        "namespace": upgrade.namespace,
        "before": _bodies(upgrade.before, redactor),
        "after": _bodies(upgrade.after, redactor),
        method: {
            "upgrade": "invalid-start" if None in outcomes else str(verdict),
            "msg": "\n".join(filter(None, messages)),
            "objects": [_object(run) for run in run_answers.runs if not run.unasked],
        },
    }


def _object(run: DryRun) -> dict[str, str]:
    return {
        "resource": str(run.id),
        "forecast": str(run.forecast.outcome) if run.forecast else "",
        "upgrade": _word(run),
        "message": run.answer.message,
    }


def _bodies(side: Manifest, redactor: Redactor) -> list[Object]:
    resources = (*side.resources.values(), *side.hooks.values())
    return [_redacted(resource, redactor) for resource in resources]


def _redacted(resource: Resource, redactor: Redactor) -> Object:
    """An object without its secrets, as valid as it was: the data of a Secret stays base64."""
    body: dict[str, Any] = redactor.value(resource.body)
    if (resource.id.group, resource.id.kind) == ("", "Secret"):
        body = {**body, **_secret(resource.body)}
    return body


def _secret(body: Object) -> dict[str, dict[str, str]]:
    """The data of a Secret, masked: `data` is base64, or no server would take the object."""
    encoded = base64.b64encode(MASK.encode()).decode()
    masked: dict[str, dict[str, str]] = {}
    for field, mask in (("data", encoded), ("stringData", MASK)):
        if isinstance(body.get(field), dict):
            masked[field] = dict.fromkeys(body[field], mask)
    return masked


def _redactor(upgrade: Upgrade) -> Redactor:
    return Redactor.of(_resources((upgrade.before, upgrade.after)))


def _resources(sides: Iterable[Manifest]) -> Sequence[Resource]:
    return [
        resource for side in sides for resource in (*side.resources.values(), *side.hooks.values())
    ]
