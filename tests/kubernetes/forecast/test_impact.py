"""What an upgrade does to each resource, and why."""

import pytest

from policylint.engine.judging import Judging
from policylint.kubernetes.api.schemas import NEWEST, schemas
from policylint.kubernetes.forecast.impact import impact, template_change
from policylint.kubernetes.manifests.diff import kept
from policylint.kubernetes.manifests.reader import Reader, Text
from policylint.kyaml.load import load
from policylint.model import Apply, Impact, Target
from policylint.pipeline.judging.judge import Case, judge

BASE = """
apiVersion: apps/v1
kind: {kind}
metadata: {{name: web}}
spec:
  {spec}
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      {pods}
      containers:
        - name: web
          image: {image}
          {container}
"""


def workload(kind="Deployment", spec="replicas: 3", image="web:1", container="", pods=""):
    return BASE.format(kind=kind, spec=spec, image=image, container=container, pods=pods)


def effect(before, after):
    sides = [next(iter(read(text).resources.values())) for text in (before, after)]
    return impact(kept(*sides, schemas(NEWEST)))


def read(text):
    return Reader("default", schemas(NEWEST)).read((Text("web.yaml", text),))


IMAGE = "/spec/template/spec/containers/0/image"


@pytest.mark.parametrize(
    ("kind", "spec", "expected"),
    [
        ("Deployment", "replicas: 3", (Impact.ROLLING_RESTART, IMAGE)),
        ("DaemonSet", "minReadySeconds: 1", (Impact.ROLLING_RESTART, IMAGE)),
        ("Deployment", "strategy: {type: Recreate}", (Impact.RECREATE, IMAGE)),
        (
            "Deployment",
            "paused: true",
            (Impact.IN_PLACE, f"{IMAGE} (no pod restarts while the Deployment is paused)"),
        ),
        (
            "Deployment",
            "replicas: 0",
            (Impact.IN_PLACE, f"{IMAGE} (no pod restarts: replicas is 0)"),
        ),
        (
            "DaemonSet",
            "updateStrategy: {type: OnDelete}",
            (Impact.IN_PLACE, f"{IMAGE} (pods restart when they are deleted: OnDelete)"),
        ),
        (
            "StatefulSet",
            "{replicas: 3, serviceName: web, updateStrategy: {rollingUpdate: {partition: 2}}}",
            (Impact.ROLLING_RESTART, f"{IMAGE} (pods from ordinal 2 on: partition)"),
        ),
        (
            "StatefulSet",
            "{replicas: 3, serviceName: web, updateStrategy: {rollingUpdate: {partition: 3}}}",
            (Impact.IN_PLACE, f"{IMAGE} (no pod restarts: partition is 3)"),
        ),
    ],
)
def test_new_image(kind, spec, expected):
    lines = "\n  ".join(f"{key}: {_flow(value)}" for key, value in load(spec, "spec").items())
    assert effect(workload(kind, lines), workload(kind, lines, image="web:2")) == expected


def _flow(value):
    import json

    return json.dumps(value)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "imagePullPolicy: IfNotPresent"),
        ("terminationMessagePath: /dev/termination-log", ""),
        (
            "resources: {limits: {cpu: 1000m, memory: 1Gi}}",
            "resources: {limits: {cpu: 1, memory: 1024Mi}}",
        ),
        ("env: []", ""),
        ("", "ports: null"),
        (
            "readinessProbe: {tcpSocket: {port: 80}}",
            "readinessProbe: {tcpSocket: {port: 80}, periodSeconds: 10}",
        ),
    ],
)
def test_what_the_server_stores_alike_restarts_nothing(before, after):
    assert effect(workload(container=before), workload(container=after))[0] in (
        Impact.IN_PLACE,
        Impact.NONE,
    )


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        ("", "imagePullPolicy: Always", "/spec/template/spec/containers/0/imagePullPolicy"),
        ("", "env: [{name: A, value: b}]", "/spec/template/spec/containers/0/env"),
        (
            "resources: {limits: {cpu: 1}}",
            "resources: {limits: {cpu: 2}}",
            ".../resources/limits/cpu",
        ),
        ("tty: true", "", "/spec/template/spec/containers/0/tty"),
    ],
)
def test_what_differs_in_the_store_restarts_pods_and_is_named(before, after, path):
    impact, reason = effect(workload(container=before), workload(container=after))
    assert impact is Impact.ROLLING_RESTART
    assert reason.endswith(path.removeprefix("..."))


def test_the_field_that_restarts_is_named_before_a_default_beside_it():
    after = workload(image="web:2", pods="restartPolicy: Always")
    assert effect(workload(), after) == (Impact.ROLLING_RESTART, IMAGE)


def test_a_template_that_no_server_stores_counts_as_changed():
    before, after = (
        next(iter(read(workload(container=text)).resources.values()))
        for text in ("", "env: {a: b}")
    )
    assert template_change(kept(before, after, schemas(NEWEST))) is not None


def test_pods_that_should_restart_and_do_not_are_said_in_the_table():
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings}}\ndata: {{a: {}}}\n---"
    reader = workload(container="envFrom: [{configMapRef: {name: settings}}]")
    before, after = (Text("web.yaml", config.format(value) + reader) for value in ("b", "c"))
    target = Target(NEWEST, "3", Apply.CLIENT_SIDE)
    rows = judge(Case("web", "default", target, (before,), (after,)), Judging(())).changes
    deployment_row = next(row for row in rows if row.resource.kind == "Deployment")
    assert deployment_row.impact is Impact.NONE
    assert (
        deployment_row.reason == "pods do not restart, although ConfigMap default/settings changes"
    )


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("revisionHistoryLimit: 10\n  strategy: {type: RollingUpdate}", Impact.NONE),
        ("revisionHistoryLimit: 5", Impact.IN_PLACE),
    ],
)
def test_a_default_that_is_written_out_changes_nothing(spec, expected):
    written = workload(spec=f"replicas: 3\n  {spec}")
    assert effect(workload(), written)[0] is expected
    assert effect(written, workload())[0] is expected
