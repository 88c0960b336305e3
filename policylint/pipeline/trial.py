"""Rules and policies on trial: judged on one example or one case, without a chart or a cluster."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from policylint.engine.judging import Judging
from policylint.engine.rule import Rule
from policylint.errors import PolicylintError, UsageError
from policylint.kubernetes.api.schemas import NEWEST
from policylint.kubernetes.manifests.reader import Text
from policylint.model import Finding, Json, Target
from policylint.pipeline.judging.judge import Case, judge


class Trial(Struct, frozen=True):
    """What a rule or policy is tried on."""

    before: str = ""
    """The manifests of the before side; "" for none."""
    after: str = ""
    inputs: Mapping[str, Json] = field(default_factory=dict)
    """values, oldValues, as the rule names them."""
    command: str = ""
    """Helm commands, as a shell script has them."""
    history: str = ""
    """What `helm history -o json` prints."""
    params: Mapping[str, Json] = field(default_factory=dict)
    policies: tuple[Text, ...] = ()
    kubernetes: str = NEWEST
    helm: str = "4"
    environment: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    """Files of a repository, by path: pipelines and declarations that run Helm."""


class Result(Struct, frozen=True):
    """What came of it."""

    outcome: str
    """fail where it was found, pass where not, unknown where that could not be told."""
    findings: tuple[Finding, ...] = ()
    why: str = ""
    """What could not be judged, and why."""


def tried(name: str, trial: Trial, rules: tuple[Rule, ...] = ()) -> Result:
    """What the rule or policy of a name says of this."""
    before, after = (
        (Text(side, text),) if text else ()
        for side, text in (("before", trial.before), ("after", trial.after))
    )
    settings = {name: trial.params} if trial.params else {}
    try:
        case = Case(
            "example",
            "default",
            Target(trial.kubernetes, trial.helm, environment=trial.environment),
            before,
            after,
            policies=trial.policies,
            subjects=tuple(_subjects(trial)),
            inputs=trial.inputs,
        )
        report = judge(case, Judging(rules, settings=settings))
    except PolicylintError as error:
        return Result("unknown", why=str(error))
    if report.failures:
        return Result("unknown", report.findings, report.failures[0].message)
    own = tuple(finding for finding in report.findings if finding.rule == name)
    return Result("fail" if own else "pass", own)


def _subjects(trial: Trial) -> Iterator[object]:
    """The invocations and the history that are tried."""
    files = dict(trial.files)
    if trial.command:
        files["deploy.sh"] = trial.command
    if files:
        from policylint.scan.repository.walk import scan

        with tempfile.TemporaryDirectory() as folder:
            room = Path(folder)
            for name, text in files.items():
                _written(room, name, text)
            yield from scan([room], room).invocations
    if trial.history:
        from policylint.helm.history.read import read

        yield from read(trial.history, "history", name="example")


def _written(room: Path, name: str, text: str) -> None:
    """Write a file of an example, which stays inside the room whatever its name."""
    file = (room / name).resolve()
    if not file.is_relative_to(room.resolve()) or file == room.resolve():
        raise UsageError(
            f"the example's file {name!r} leads out of the repository",
            remedy="name it as it stands in one: .github/workflows/deploy.yaml",
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")


def trial_of(example: Mapping[str, Any]) -> Trial:
    """What an example of a rule says."""
    inputs = {name: example[name] for name in ("values", "oldValues") if name in example}
    return Trial(
        example.get("before", ""),
        example.get("after", ""),
        inputs,
        example.get("command", ""),
        example.get("history", ""),
        example.get("params", {}),
        files=example.get("files", {}),
    )
