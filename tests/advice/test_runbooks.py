"""Runbooks: every refusal has one, it is filled in, and what it advises is what the forecast then
accepts."""

import shlex

import pytest

from policylint.advice.runbooks import fixes_for, runbooks
from policylint.engine.registry import shipped
from policylint.kubernetes.api.schemas import NEWEST
from policylint.kubernetes.manifests.reader import Text
from policylint.model import Apply, Outcome, Target
from policylint.pipeline.judging.judge import Case, forecasted
from tests.cases import judged, rule_cases
from tests.oracle import rows

REPLACED = (
    "selector-changed",
    "statefulset-immutable-field",
    "job-template-changed",
    "role-ref-changed",
    "immutable-config-changed",
    "service-cluster-ip-changed",
)
REFUSALS = sorted({case.rule for case in rule_cases()} & set(runbooks()))


def upgrade(before, after, target):
    import json

    texts = [
        (Text(f"{side}.yaml", "\n---\n".join(map(json.dumps, objects))),)
        for side, objects in (("before", before), ("after", after))
    ]
    return forecasted(Case("shop", "prod", target, *texts))


def fixes(before, after, target):
    for change in (judged := upgrade([before], [after], target)).changes:
        for cause in change.forecast.upgrade.causes:
            yield from fixes_for(cause, change, target, judged.release, judged.namespace)


def test_every_topic_is_a_rule():
    assert set(runbooks()) <= {rule.id for rule in shipped()}


@pytest.mark.parametrize("topic", sorted(runbooks()))
def test_every_runbook_says_what_it_costs(topic):
    assert all(book.cost and book.steps for book in runbooks()[topic])


@pytest.mark.parametrize(
    "case",
    [case for case in rule_cases() if case.rule in REFUSALS and case.fails],
    ids=lambda case: case.id,
)
def test_a_refusal_comes_with_steps_that_are_filled_in(case):
    refusals = [
        finding
        for finding in judged(case).findings
        if finding.rule == case.rule and finding.direction == "upgrade"
    ]
    assert refusals
    for finding in refusals:
        assert finding.fixes
        for step in (step for fix in finding.fixes for step in fix.steps):
            assert "{name}" not in step and "{kind}" not in step
            assert "--force " not in f"{step} " or "without --force" in step
            if step.startswith(("kubectl ", "helm ")):
                assert shlex.split(step, comments=True)


STATEFULSET = {
    "apiVersion": "apps/v1",
    "kind": "StatefulSet",
    "metadata": {"name": "db"},
    "spec": {
        "replicas": 2,
        "serviceName": "db",
        "selector": {"matchLabels": {"app": "db"}},
        "template": {
            "metadata": {"labels": {"app": "db"}},
            "spec": {"containers": [{"name": "m", "image": "m:1"}]},
        },
        "volumeClaimTemplates": [
            {
                "metadata": {"name": "data"},
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "resources": {"requests": {"storage": "8Gi"}},
                },
            }
        ],
    },
}


def sized(size):
    template = STATEFULSET["spec"]["volumeClaimTemplates"][0]
    spec = {**template["spec"], "resources": {"requests": {"storage": size}}}
    return {
        **STATEFULSET,
        "spec": {**STATEFULSET["spec"], "volumeClaimTemplates": [{**template, "spec": spec}]},
    }


def test_a_grown_volume_patches_each_claim_before_the_statefulset_is_replaced():
    steps = [
        step for fix in fixes(STATEFULSET, sized("20Gi"), Target(NEWEST)) for step in fix.steps
    ]
    at = [
        steps.index(next(step for step in steps if words in step))
        for words in ("data-db-0", "data-db-1", "--cascade=orphan")
    ]
    assert at == sorted(at)
    assert shlex.split(steps[at[0]])[-1] == '{"spec":{"resources":{"requests":{"storage":"20Gi"}}}}'


def test_a_shrunk_volume_is_never_answered_with_a_patch_of_the_claim():
    steps = [step for fix in fixes(STATEFULSET, sized("4Gi"), Target(NEWEST)) for step in fix.steps]
    assert steps
    assert not [step for step in steps if "patch pvc" in step]


@pytest.mark.parametrize("minor", ["1.30", "1.34", "1.36"])
def test_whatever_is_refused_as_a_change_is_accepted_as_a_new_object(minor):
    """Delete-and-upgrade and rename rest on this: the recorded after objects are valid by
    themselves."""
    tried = 0
    for row in [row for row in rows(f"fields-{minor}") if row["verdict"] == "rejected"][::5]:
        (kept,) = upgrade([row["before"]], [row["after"]], Target(minor)).changes
        if {cause.topic for cause in kept.forecast.upgrade.causes} & set(REPLACED):
            (created,) = upgrade([], [row["after"]], Target(minor)).changes
            assert created.forecast.upgrade.outcome is not Outcome.REJECTED, row["error"][
                "message"
            ][:200]
            tried += 1
    assert tried > 20


DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "m", "image": "m:1"}]},
        },
    },
}


def strategy(value):
    return {**DEPLOYMENT, "spec": {**DEPLOYMENT["spec"], "strategy": value}}


def outcome(before, after, apply):
    (change,) = upgrade([before], [after], Target(NEWEST, apply=apply)).changes
    return change.forecast.upgrade.outcome


def test_the_two_ways_to_recreate_are_accepted_where_the_direct_one_is_refused():
    recreate, explicit = (
        strategy({"type": "Recreate"}),
        strategy(
            {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
        ),
    )
    assert outcome(DEPLOYMENT, recreate, Apply.SERVER_SIDE) is Outcome.REJECTED
    assert outcome(DEPLOYMENT, recreate, Apply.CLIENT_SIDE) is Outcome.ACCEPTED
    assert outcome(DEPLOYMENT, explicit, Apply.SERVER_SIDE) is Outcome.ACCEPTED
    assert outcome(explicit, recreate, Apply.SERVER_SIDE) is Outcome.ACCEPTED
    titles = [book.title for book in runbooks()["strategy-defaults-left"]]
    assert titles[:2] == [
        "one upgrade with client-side patches",
        "two upgrades, the first with an explicit rollingUpdate",
    ]
