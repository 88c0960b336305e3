"""What decoding refuses of an object as it is sent, by each way of sending."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from policylint.kubernetes.api.schemas import schemas
from policylint.kubernetes.validity import validate_sent, warnings
from policylint.kyaml.load import load
from policylint.model import Apply, Cause, Target

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: prod}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: main
          image: nginx
          env: [{name: A, value: x}]
          ports: [{containerPort: 80}]
          resources: {limits: {cpu: 1}}
"""
CONFIG = (
    "{apiVersion: v1, kind: ConfigMap, metadata: {name: cm, namespace: prod}, data: {a: b}, "
    "binaryData: {b: YQ==}}"
)
BUDGET = (
    "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: p}, spec: "
    "{minAvailable: 1}}"
)
TYPED = "failed to create typed patch object (prod/web; apps/v1, Kind=Deployment): "
CONVERTED = (
    "failed to convert new object (prod/web; apps/v1, Kind=Deployment) to proper version: "
    "unable to convert unstructured object to apps/v1, Kind=Deployment: "
)
CONTAINER = "spec/template/spec/containers/0"


def _with(text: str, path: str, value: Any) -> Any:
    copied = copy.deepcopy(load(text, "object.yaml"))
    place = copied
    *steps, last = path.split("/")
    for step in steps:
        place = place[int(step)] if isinstance(place, list) else place[step]
    place[int(last) if isinstance(place, list) else last] = value
    return copied


def _sent(obj: Any, apply: Apply) -> tuple[Cause, ...]:
    return validate_sent(obj, schemas("1.36"), Target("1.36", apply=apply))


@pytest.mark.parametrize(
    ("path", "value", "message", "field", "topic"),
    [
        (
            "spec/replica",
            2,
            f"{TYPED}.spec.replica: field not declared in schema",
            "spec.replica",
            "unknown-field",
        ),
        (
            "spec/replicas",
            "3",
            f"{TYPED}.spec.replicas: expected numeric (int or float), got string",
            "spec.replicas",
            "invalid-object",
        ),
        (
            f"{CONTAINER}/image",
            2,
            f'{TYPED}.spec.template.spec.containers[name="main"].image: expected string, '
            "got &value.valueUnstructured{Value:2}",
            "spec.template.spec.containers[0].image",
            "invalid-object",
        ),
        (
            f"{CONTAINER}/env",
            [{"name": "A"}, {"name": "A", "value": "1"}],
            (
                f'{TYPED}.spec.template.spec.containers[name="main"].env: duplicate entries for '
                'key [name="A"]'
            ),
            "spec.template.spec.containers[0].env[1]",
            "duplicate-list-key",
        ),
        (
            f"{CONTAINER}/ports",
            [{"containerPort": 80}, {"containerPort": 80, "protocol": "TCP"}],
            f'{TYPED}.spec.template.spec.containers[name="main"].ports: '
            'duplicate entries for key [containerPort=80,protocol="TCP"]',
            "spec.template.spec.containers[0].ports[1]",
            "duplicate-list-key",
        ),
        (
            "spec/replicas",
            1.5,
            f"{CONVERTED}cannot convert float64 to int32",
            "spec.replicas",
            "invalid-object",
        ),
        (
            f"{CONTAINER}/resources/limits/cpu",
            "lots",
            (
                f"{CONVERTED}quantities must match the regular expression "
                "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
            ),
            "spec.template.spec.containers[0].resources.limits[cpu]",
            "invalid-object",
        ),
    ],
)
def test_server_side_apply_types_the_object(
    path: str, value: Any, message: str, field: str, topic: str
) -> None:
    misfits = _sent(_with(DEPLOYMENT, path, value), Apply.SERVER_SIDE)
    assert [(cause.message, cause.field, cause.topic) for cause in misfits] == [
        (message, field, topic)
    ]


def test_server_side_apply_needs_the_keys_of_list_items() -> None:
    account = load(
        "{apiVersion: v1, kind: ServiceAccount, metadata: {name: sa}, secrets: [{kind: x}]}",
        "sa.yaml",
    )
    (cause,) = _sent(account, Apply.SERVER_SIDE)
    assert cause.field == "secrets[0]"
    assert cause.message == (
        "failed to create typed patch object (/sa; /v1, Kind=ServiceAccount): .secrets: "
        "element 0: associative list "
        'with keys has an element that omits all key fields ["name"] '
        "(and doesn't have default values for any key fields)"
    )


@pytest.mark.parametrize(
    ("text", "path", "value", "message"),
    [
        (
            DEPLOYMENT,
            "spec/replicas",
            "3",
            (
                "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas "
                "of type int32"
            ),
        ),
        (
            CONFIG,
            "data/a",
            2,
            "json: cannot unmarshal number into Go struct field ConfigMap.data of type string",
        ),
        (CONFIG, "binaryData/b", "no!", "illegal base64 data at input byte 2"),
        (
            BUDGET,
            "spec/minAvailable",
            True,
            (
                "json: cannot unmarshal bool into Go struct field "
                "PodDisruptionBudgetSpec.spec.minAvailable of type int32"
            ),
        ),
        (
            DEPLOYMENT,
            "spec/replicas",
            2**40,
            "json: cannot unmarshal number 1099511627776 into Go struct field "
            "DeploymentSpec.spec.replicas "
            "of type int32",
        ),
        (
            DEPLOYMENT,
            "spec/template/spec/containers",
            {},
            "json: cannot unmarshal object into Go struct field "
            "PodSpec.spec.template.spec.containers "
            "of type []v1.Container",
        ),
    ],
)
@pytest.mark.parametrize("apply", [Apply.CLIENT_SIDE, Apply.REPLACE])
def test_a_patch_is_decoded_into_structs(
    text: str, path: str, value: Any, message: str, apply: Apply
) -> None:
    assert [cause.message for cause in _sent(_with(text, path, value), apply)] == [message]


def test_a_patch_only_warns_of_unknown_fields_and_duplicates() -> None:
    unknown = _with(DEPLOYMENT, "spec/replica", 2)
    twice = _with(DEPLOYMENT, f"{CONTAINER}/env", [{"name": "A"}, {"name": "A"}])
    target = Target("1.36", apply=Apply.CLIENT_SIDE)
    for obj, message, topic in (
        (unknown, 'unknown field "spec.replica"', "unknown-field"),
        (twice, 'duplicate entries for key [name="A"]', "duplicate-list-key"),
    ):
        assert _sent(obj, Apply.CLIENT_SIDE) == ()
        assert [
            (cause.message, cause.topic) for cause in warnings(obj, schemas("1.36"), target)
        ] == [(message, topic)]
        assert warnings(obj, schemas("1.36"), Target("1.36", apply=Apply.SERVER_SIDE)) == ()


@pytest.mark.parametrize("apply", list(Apply))
def test_a_null_is_nothing(apply: Apply) -> None:
    assert _sent(_with(DEPLOYMENT, f"{CONTAINER}/env", None), apply) == ()


@pytest.mark.parametrize("apply", list(Apply))
def test_kinds_without_a_schema_are_not_judged(apply: Apply) -> None:
    assert _sent({"apiVersion": "example.com/v1", "kind": "Widget", "spec": {"a": 1}}, apply) == ()
