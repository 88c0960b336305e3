"""What Kubernetes publishes of its kinds is judged without a row of ours."""

import base64
from typing import Any

import pytest

from policylint.kubernetes.api.schemas import NEWEST, RECORDED, schemas
from policylint.kubernetes.forecast import Cluster, forecast
from policylint.kubernetes.manifests.diff import changes
from policylint.kubernetes.manifests.reader import Reader, Text
from policylint.kubernetes.validity import is_judged, validate
from policylint.model import Apply, Outcome, Target, Upgrade

MUTATION = """
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata: {name: labels}
spec:
  failurePolicy: Fail
  reinvocationPolicy: Never
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
  mutations:
  - patchType: JSONPatch
    jsonPatch: {expression: "[JSONPatch{op: 'test', path: '/a'}]"}
"""
PEM = "-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n"
REQUEST = f"""
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: {{name: one}}
spec:
  request: {base64.b64encode(PEM.encode()).decode()}
  signerName: example.com/signer
  usages: [client auth]
"""
CLAIM = """
apiVersion: resource.k8s.io/v1
kind: ResourceClaim
metadata: {name: gpu, namespace: a}
spec:
  devices:
    requests:
      - name: one
        exactly:
          deviceClassName: gpu
          allocationMode: ExactCount
          count: 1
          tolerations: [{key: a, operator: Exists, effect: NoSchedule}]
"""
NODE = """
apiVersion: v1
kind: Node
metadata: {name: one}
spec: {taints: [{key: a, effect: NoSchedule}]}
"""
SERVICE_ACCOUNT = """
apiVersion: v1
kind: ServiceAccount
metadata: {name: one, namespace: a}
"""


def body(text: str) -> Any:
    (resource,) = Reader("a").read([Text("a", text)]).resources.values()
    return resource.body


def fields(text: str, minor: str = NEWEST) -> list[str]:
    return [cause.field for cause in validate(body(text), schemas(minor), Target(minor))]


@pytest.mark.parametrize(
    ("text", "before", "after", "field"),
    [
        (MUTATION, "failurePolicy: Fail", "failurePolicy: Never", "spec.failurePolicy"),
        (MUTATION, "Policy: Never", "Policy: Always", "spec.reinvocationPolicy"),
        (MUTATION, "patchType: JSONPatch", "patchType: Merge", "spec.mutations[0].patchType"),
        (
            CLAIM,
            "allocationMode: ExactCount",
            "allocationMode: Some",
            "spec.devices.requests[0].exactly.allocationMode",
        ),
        (
            CLAIM,
            "operator: Exists",
            "operator: Like",
            "spec.devices.requests[0].exactly.tolerations[0].operator",
        ),
        (
            CLAIM,
            "effect: NoSchedule",
            "effect: Evict",
            "spec.devices.requests[0].exactly.tolerations[0].effect",
        ),
        (NODE, "effect: NoSchedule", "effect: Evict", "spec.taints[0].effect"),
    ],
)
def test_values_that_are_not_published_are_refused(text, before, after, field):
    assert fields(text) == []
    assert fields(text.replace(before, after)) == [field]


@pytest.mark.parametrize("minor", RECORDED)
def test_pointers_and_values_come_with_the_schemas(minor):
    document = schemas(minor)
    spec = document.named("io.k8s.api.apps.v1.StatefulSetSpec")
    assert {"replicas", "revisionHistoryLimit"} <= spec.pointers
    assert "serviceName" not in spec.pointers
    container = document.named("io.k8s.api.core.v1.Container")
    assert container.supported["imagePullPolicy"] == ("Always", "IfNotPresent", "Never")
    ephemeral = document.named("io.k8s.api.core.v1.EphemeralContainer")
    assert "restartPolicy" in ephemeral.pointers  # of a struct that is inlined


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        (REQUEST, Outcome.DEPENDS),
        (NODE, Outcome.ACCEPTED),
        (MUTATION, Outcome.ACCEPTED),
        (MUTATION.replace("[JSONPatch{op: 'test', path: '/a'}]", "[]"), Outcome.REJECTED),
        (NODE.replace("NoSchedule", "Evict"), Outcome.REJECTED),
        (SERVICE_ACCOUNT, Outcome.ACCEPTED),
    ],
)
def test_a_kind_without_a_validation_is_never_simply_accepted(text, outcome):
    target = Target(NEWEST, "4", Apply.SERVER_SIDE)
    sides = Reader("a").read_pair([], [Text("a", text)])
    upgrade = Upgrade("r", "a", target, *sides, changes(*sides, schemas(NEWEST)))
    (change,) = forecast(upgrade, Cluster()).changes
    assert change.forecast is not None
    assert change.forecast.upgrade is not None
    assert change.forecast.upgrade.outcome is outcome


def test_kinds_that_nobody_wrote_checks_for_are_not_judged():
    document = schemas(NEWEST)
    assert is_judged("apps/v1", "Deployment", document)
    assert is_judged("resource.k8s.io/v1", "ResourceClaim", document)
    for version, kind in (
        ("v1", "Binding"),
        ("example.com/v1", "Unheard"),
    ):
        assert not is_judged(version, kind, document)
