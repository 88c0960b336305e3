"""How far Helm gets with an upgrade that is refused, in its own order."""

from __future__ import annotations

import pytest

from policylint.engine.judging import Judging
from policylint.kubernetes.manifests.reader import Text
from policylint.model import Apply, Target
from policylint.pipeline.judging.judge import Case, judge

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: {a: '%s'}\n---\n"
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: %s}], selector: {app: web}}
---
"""
BUDGET = """
apiVersion: policy/v1beta1
kind: PodDisruptionBudget
metadata: {name: web}
---
"""
CRON = """
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: "@daily"
  suspend: %s
  jobTemplate:
    spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: "c:1"}]}}}
---
"""
FROZEN = """
apiVersion: v1
kind: Secret
metadata: {name: key}
immutable: true
stringData: {a: '%s'}
---
"""
HOOK = """
apiVersion: v1
kind: ConfigMap
metadata: {name: -wrong-, annotations: {helm.sh/hook: %s}}
---
"""
BEFORE = CONFIG % ("old", 1) + CRON % "false" + CONFIG % ("gone", 1)
CHANGED = CONFIG % ("old", 2) + CRON % "true" + CONFIG % ("new", 1)


def sent(after: str, line: str, before: str = BEFORE) -> list[str]:
    apply = Apply.CLIENT_SIDE if line == "3" else Apply.SERVER_SIDE
    sides = ((Text("before.yaml", before),), (Text("after.yaml", after),))
    report = judge(Case("web", "default", Target("1.36", line, apply), *sides), Judging(()))
    assert report.evidence is not None
    return [f"{step.resource.split('/')[-1]} {step.outcome}" for step in report.evidence.sent]


@pytest.mark.parametrize("line", ["3", "4"])
@pytest.mark.parametrize(
    ("what", "steps"),
    [
        ("", []),
        # what cannot be built stops Helm before it sends anything
        (BUDGET, ["old not sent", "nightly not sent", "new not sent", "web refused"]),
        # a refused creation stops what comes after it in the order of installation
        (SERVICE % 99999, ["old changed", "new created", "web refused", "nightly not sent"]),
        # so does a hook that comes first; one that comes last stops nothing
        (HOOK % "pre-upgrade", ["old not sent", "nightly not sent", "new not sent"]),
        (HOOK % "post-upgrade", []),
    ],
)
def test_what_is_sent(line, what, steps):
    if steps:
        steps = [*steps, "gone not sent"]
    assert sorted(sent(CHANGED + what, line)) == sorted(steps)


@pytest.mark.parametrize("line", ["3", "4"])
def test_refused_updates_do_not_stop_the_others_and_nothing_is_deleted(line):
    told = sent(CHANGED + FROZEN % "2", line, BEFORE + FROZEN % "1")
    assert told == [
        "key refused",
        "old changed",
        "new created",
        "nightly changed",
        "gone not sent",
    ]
