"""What Helm refuses itself, before anything is sent, and what it creates as hooks."""

import pytest

from policylint.kubernetes.api.schemas import schemas
from policylint.kubernetes.forecast import Cluster, forecast
from policylint.kubernetes.manifests.diff import changes
from policylint.kubernetes.manifests.reader import Reader, Text
from policylint.model import Apply, Outcome, Target, Upgrade

METHODS = {"3": Apply.CLIENT_SIDE, "4": Apply.SERVER_SIDE}
LINES = tuple(METHODS)
BEFORE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\n"
JOB = """\
---
apiVersion: batch/v1
kind: Job
metadata:
  name: run
  annotations: {{helm.sh/hook: {event}, helm.sh/hook-delete-policy: {policy}}}
spec:
  template:
    spec:
      restartPolicy: {restart}
      containers: [{{name: main, image: "example/run:1"}}]
"""
DEFINITION = """\
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget, listKind: WidgetList}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties: {spec: {type: object, properties: {size: {type: integer, maximum: 5}}}}
"""
WIDGET = "---\napiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {size: 9}\n"


def told(before, after, line, *, before_crds="", after_crds="", cluster=None):
    reader = Reader("default")
    crds = [reader.read([Text("crds", text)]) for text in (before_crds, after_crds)]
    reader = reader.knowing(definition for side in crds for definition in side.resources.values())
    sides = reader.read_pair([Text("before", before)], [Text("after", after)])
    old, new = (
        type(side)(
            side.resources,
            side.hooks,
            side.duplicates,
            tuple(definition.resources.values()),
            side.skipped,
        )
        for side, definition in zip(sides, crds, strict=True)
    )
    target = Target("1.36", line, METHODS[line])
    upgrade = Upgrade("web", "default", target, old, new, changes(old, new, schemas("1.36")))
    return forecast(upgrade, cluster or Cluster())


def outcomes(upgrade):
    return {
        change.id.name: change.forecast.upgrade.outcome
        for change in (*upgrade.changes, *upgrade.hooks)
        if change.forecast.upgrade is not None
    }


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize(
    "metadata",
    [
        "name: a, labels: {x: 1}",
        "name: a, annotations: {x: true}",
        "name: a, annotations: {x: [y]}",
        "name: a, namespace: 5",
        "name: n",
        "name: a, finalizers: [1]",
        "name: a, ownerReferences: [{name: 1}]",
        "name: a, generation: x",
        "name: a, creationTimestamp: yesterday",
        "generateName: a-",
    ],
)
def test_metadata_that_helm_cannot_decode_refuses_the_upgrade(metadata, line):
    after = f"apiVersion: example.com/v1\nkind: Widget\nmetadata: {{{metadata}}}\n"
    upgrade = told("", after, line)
    assert set(outcomes(upgrade).values()) == {Outcome.REJECTED}


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize(
    "metadata",
    ["name: a, labels: null", "name: a, labels: {x: null}", 'name: a, labels: {x: "1"}'],
)
def test_null_and_texts_are_decoded(metadata, line):
    after = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{{metadata}}}\ndata: {{a: c}}\n"
    assert outcomes(told(BEFORE, after, line)) == {"a": Outcome.ACCEPTED}


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("version", ["Apps/v1", "aps/v1", "Example.com/v1", "example/v1"])
def test_a_group_that_no_definition_can_have_is_served_by_nobody(version, line):
    after = f"{BEFORE}---\napiVersion: {version}\nkind: Deployment\nmetadata: {{name: d}}\n"
    assert outcomes(told(BEFORE, after, line))["d"] is Outcome.REJECTED


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("event", ["pre-upgrade", "post-upgrade", "POST-UPGRADE"])
def test_hooks_of_the_upgrade_are_judged_as_creations(event, line):
    after = BEFORE + JOB.format(event=event, policy='""', restart="Always")
    assert outcomes(told(BEFORE, after, line))["run"] is Outcome.REJECTED
    after = BEFORE + JOB.format(event=event, policy='""', restart="Never")
    assert outcomes(told(BEFORE, after, line))["run"] is Outcome.ACCEPTED


def test_hooks_of_other_events_are_not_judged():
    after = BEFORE + JOB.format(event="test", policy='""', restart="Always")
    assert "run" not in outcomes(told(BEFORE, after, "3"))


@pytest.mark.parametrize("line", LINES)
def test_a_definition_of_the_same_upgrade_comes_too_late(line):
    after = BEFORE + DEFINITION + WIDGET.replace("9", "5")
    assert outcomes(told(BEFORE, after, line))["w"] is Outcome.REJECTED
    assert outcomes(told(BEFORE + DEFINITION, after, line))["w"] is Outcome.ACCEPTED


@pytest.mark.parametrize("line", LINES)
def test_a_loosened_copy_in_crds_loosens_nothing(line):
    loose = DEFINITION.replace(", maximum: 5", "")
    after = BEFORE + WIDGET
    upgrade = told(BEFORE, after, line, before_crds=DEFINITION, after_crds=loose)
    assert outcomes(upgrade)["w"] is Outcome.REJECTED
    upgrade = told(BEFORE, after, line, before_crds=loose, after_crds=loose)
    assert outcomes(upgrade)["w"] is Outcome.ACCEPTED


@pytest.mark.parametrize("line", LINES)
def test_what_crds_left_behind_is_not_this_releases(line):
    upgrade = told(BEFORE, BEFORE + DEFINITION, line, before_crds=DEFINITION)
    assert outcomes(upgrade)["widgets.example.com"] is Outcome.REJECTED


def test_a_definition_never_stands_for_a_built_in_kind():
    fake = DEFINITION.replace("example.com", "apps").replace("Widget", "Deployment")
    new = "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n"
    assert outcomes(told(BEFORE, BEFORE + new, "3", after_crds=fake))["d"] is Outcome.REJECTED


def test_a_hook_that_helm_does_not_delete_first_is_in_its_own_way():
    hook = JOB.format(event="pre-upgrade", policy="hook-failed", restart="Never")
    job = hook.replace("helm.sh/hook: pre-upgrade, ", "")
    upgrade = told(job, job + hook, "3")
    assert [hook_change.forecast.upgrade.outcome for hook_change in upgrade.hooks] == [
        Outcome.REJECTED
    ]
