"""An update may keep what a new object may not have."""

from __future__ import annotations

from typing import Any

import pytest

from policylint.kubernetes.api.schemas import schemas
from policylint.kubernetes.validity import validate
from policylint.kyaml.load import load
from policylint.model import Target

CRON = """
apiVersion: batch/v1
kind: CronJob
metadata: {name: c}
spec:
  schedule: SCHEDULE
  jobTemplate:
    spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: "b:1"}]}}}
"""
INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: i, annotations: {kubernetes.io/ingress.class: CLASS}}
spec: {ingressClassName: nginx, defaultBackend: {service: {name: web, port: {number: 80}}}}
"""
STATEFUL = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  replicas: REPLICAS
  selector: {matchLabels: {app: db}}
  template: {metadata: {labels: {app: db}}, spec: {containers: [{name: Main, image: IMAGE}]}}
"""


def _read(text: str, **values: str) -> Any:
    for name, value in values.items():
        text = text.replace(name, value)
    return load(text, "object.yaml")


def _fields(obj: Any, old: Any = None, minor: str = "1.36") -> list[str]:
    return [cause.field for cause in validate(obj, schemas(minor), Target(minor), old)]


@pytest.mark.parametrize(
    ("old", "new", "refused"),
    [
        ("'TZ=UTC 0 1 * * *'", "'TZ=UTC 0 2 * * *'", []),
        ("'0 1 * * *'", "'TZ=UTC 0 2 * * *'", ["spec.schedule"]),
        ("'TZ=UTC 0 1 * * *'", "'TZ=UTC 0 25 * * *'", ["spec.schedule"]),
    ],
)
def test_a_schedule_may_keep_its_time_zone(old: str, new: str, refused: list[str]) -> None:
    assert _fields(_read(CRON, SCHEDULE=new), _read(CRON, SCHEDULE=old)) == refused


def test_two_ingress_classes_are_refused_of_a_new_ingress_only() -> None:
    both = _read(INGRESS, CLASS="other")
    assert _fields(both) == ["metadata.annotations[kubernetes.io/ingress.class]"]
    assert _fields(both, _read(INGRESS, CLASS="nginx")) == []


def test_an_unchanged_template_of_a_stateful_set_is_not_judged_again() -> None:
    old = _read(STATEFUL, REPLICAS="1", IMAGE="a:1")
    assert _fields(_read(STATEFUL, REPLICAS="2", IMAGE="a:1"), old) == []
    assert _fields(_read(STATEFUL, REPLICAS="1", IMAGE="a:2"), old) == [
        "spec.template.spec.containers[0].name"
    ]
    assert _fields(_read(STATEFUL, REPLICAS="-1", IMAGE="a:1"), old) == ["spec.replicas"]


def test_before_1_34_no_template_of_a_stateful_set_is_judged() -> None:
    assert _fields(_read(STATEFUL, REPLICAS="1", IMAGE="a:1"), minor="1.33") == []


@pytest.mark.parametrize(
    ("minor", "refused"),
    [("1.31", ["spec.template.spec.containers[0].env[0].name"]), ("1.32", []), ("1.36", [])],
)
def test_names_of_variables_are_relaxed_in_1_32(minor: str, refused: list[str]) -> None:
    text = """
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: d}
    spec:
      selector: {matchLabels: {a: b}}
      template:
        metadata: {labels: {a: b}}
        spec: {containers: [{name: main, image: x, env: [{name: "1 a", value: x}]}]}
    """
    assert _fields(load(text, "d.yaml"), minor=minor) == refused


@pytest.mark.parametrize(("minor", "refused"), [("1.35", ["metadata.name"]), ("1.36", [])])
def test_names_of_services_are_relaxed_in_1_36(minor: str, refused: list[str]) -> None:
    service = load(
        "{apiVersion: v1, kind: Service, metadata: {name: 1web}, spec: {ports: [{port: 80}]}}",
        "s.yaml",
    )
    assert _fields(service, minor=minor) == refused


def _namespace(level: str) -> Any:
    labels = f"labels: {{pod-security.kubernetes.io/enforce: {level}}}"
    return load(f"{{apiVersion: v1, kind: Namespace, metadata: {{name: n, {labels}}}}}", "n.yaml")


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [("baseline", "restricted", False), ("baseline", "strict", True)],
)
def test_a_namespace_enforces_one_of_the_pod_security_levels(
    before: str, after: str, refused: bool
) -> None:
    causes = validate(_namespace(after), schemas("1.36"), Target("1.36"), _namespace(before))
    assert [cause.field for cause in causes] == [
        "metadata.labels[pod-security.kubernetes.io/enforce]"
    ] * refused
