"""One cause, one finding: what questions, fields and readers have in common is told once."""

from __future__ import annotations

import pytest

from policylint.engine.judging import Judging
from policylint.engine.registry import shipped
from policylint.kubernetes.manifests.reader import Text
from policylint.model import Apply, Direction, Finding, Target
from policylint.pipeline.judging.judge import Case, judge

CLAIM = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: %s}}}
"""
SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {a: %s, b: %s}\n"
READER = """
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: %s}
spec:
  replicas: %s
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: "%s", envFrom: [{secretRef: {name: key}}]}
"""
CLASS = """
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fast}
provisioner: kubernetes.io/glusterfs
parameters: {restuser: admin, restuserkey: %s, volumetype: %s}
"""


def told(before: str, after: str, live: str = "", line: str = "4") -> list[Finding]:
    apply = Apply.SERVER_SIDE if line == "4" else Apply.CLIENT_SIDE
    sides = (Text("before.yaml", before),), (Text("after.yaml", after),)
    values = (Text("live.yaml", live),) if live else ()
    case = Case("web", "default", Target("1.36", line, apply), *sides, live=values)
    return list(judge(case, Judging(shipped())).findings)


@pytest.mark.parametrize("line", ["3", "4"])
def test_a_claim_that_grows_asks_once_and_has_no_way_back_once(line):
    findings = told(CLAIM % "8Gi", CLAIM % "20Gi", line=line)
    rules = [(finding.rule, finding.direction) for finding in findings]
    assert rules == [
        ("claim-immutable-field", Direction.UPGRADE),
        ("claim-shrunk", Direction.ROLLBACK),
    ]
    assert len(findings[0].fixes[0].steps) == 2
    assert told(CLAIM % "8Gi", CLAIM % "8192Mi") == []


def test_a_secret_that_many_read_is_one_finding_with_its_places():
    readers = "".join(READER % (name, 1, "web:1") for name in ("a", "b", "c"))
    findings = told(
        SECRET % ("aaaaaaaa", "bbbbbbbb") + readers, SECRET % ("cccc", "dddd") + readers
    )
    assert [finding.rule for finding in findings if "restart" in finding.message] == [
        "config-change-without-restart"
    ]
    assert len(findings[0].locations) == 3
    assert "deployment/a deployment/b deployment/c -n default" in findings[0].fixes[0].steps[0]


def test_conflicts_of_one_object_are_told_as_the_server_tells_them():
    before, live = READER % ("web", 2, "web:1"), READER % ("web", 5, "web:1-fixed")
    conflicts = [
        finding
        for finding in told(before, READER % ("web", 2, "web:2"), live)
        if finding.rule == "field-manager-conflict" and finding.direction is Direction.UPGRADE
    ]
    assert len(conflicts) == 1
    assert "Apply failed with 2 conflicts" in conflicts[0].because


def test_parameters_of_a_class_show_no_key_and_no_other_field_is_hidden():
    findings = told(CLASS % ("hunter2hunter2", "none"), CLASS % ("hunter3hunter3", "none"))
    assert "hunter" not in str(findings)
    findings = told(CLASS % ("hunter2hunter2", "none"), CLASS % ("hunter2hunter2", "replicate:3"))
    assert "hunter" not in str(findings)
    assert (findings[0].before, findings[0].after) == ("none", "replicate:3")
