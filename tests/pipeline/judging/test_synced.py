"""Releases as Argo CD applies them: hooks, and sync options of single objects."""

from __future__ import annotations

import pytest

from policylint.engine.judging import Judging
from policylint.kubernetes.manifests.reader import Text
from policylint.model import Apply, Impact, Location, Outcome, Target
from policylint.pipeline.judging.judge import Case, judge
from policylint.scan.gitops.rollout import Rollout

JOB = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations: {ANNOTATIONS}
spec:
  template:
    spec: {restartPolicy: Never, containers: [{name: m, image: "m:TAG"}]}
"""
OPTIONS = "argocd.argoproj.io/sync-options"
HOOK = "argocd.argoproj.io/hook"
POLICY = "argocd.argoproj.io/hook-delete-policy"


def changed(annotations, tool="argocd", apply=Apply.CLIENT_SIDE, tags=("1", "2")):
    """The rows of a Job whose image changes."""
    before, after = (
        (Text("job.yaml", JOB.replace("ANNOTATIONS", annotations).replace("TAG", tag)),)
        for tag in tags
    )
    rollout = Rollout(tool, {"sync.automated": True}, Location("cause", "app.yaml", 1))
    target = Target("1.36", "3", apply)
    case = Case("web", "default", target, before, after, rollout=rollout)
    return [(row.change, row.impact, row.upgrade) for row in judge(case, Judging(())).changes]


REFUSED = [("kept", Impact.REFUSED, Outcome.REJECTED)]
RUNS = [("hook", Impact.CREATE, Outcome.ACCEPTED)]
STILL = [("hook", Impact.NONE, None)]


@pytest.mark.parametrize(
    ("annotations", "rows"),
    [
        (f"{HOOK}: PreSync", RUNS),
        (f"{HOOK}: Sync", RUNS),
        (f'{HOOK}: "PostSync, SyncFail"', RUNS),
        (f"{HOOK}: SyncFail", STILL),
        (f"{HOOK}: Skip", []),
        (f"{HOOK}: presync", []),
        (f"{HOOK}: PreSync, helm.sh/hook: test", RUNS),
        (f"{HOOK}: none, helm.sh/hook: pre-install", RUNS),
        ("helm.sh/hook: pre-install", RUNS),
        ("helm.sh/hook: post-rollback", STILL),
        ("helm.sh/hook: crd-install", REFUSED),
        ("other: PreSync", REFUSED),
    ],
)
def test_hooks_are_those_that_a_sync_runs(annotations, rows):
    assert changed(annotations) == rows


def test_a_hook_that_nothing_deletes_is_applied_over_itself_at_the_next_sync():
    kept = f"{HOOK}: PreSync, {POLICY}: HookFailed"
    assert changed(kept) == [("hook", Impact.REFUSED, Outcome.REJECTED)]
    assert changed(kept, tags=("1", "1")) == RUNS
    assert changed(f"{HOOK}: PreSync, {POLICY}: BeforeHookCreation") == RUNS


def test_helm_knows_no_hook_of_argo_cd():
    assert changed(f"{HOOK}: PreSync", tool="flux") == REFUSED


@pytest.mark.parametrize(
    ("options", "apply", "rows"),
    [
        ("Force=true", Apply.CLIENT_SIDE, "recreate"),
        ("Prune=false, Force=true", Apply.CLIENT_SIDE, "recreate"),
        ("Force=true,Replace=true", Apply.SERVER_SIDE, "recreate"),
        ("Force=true,ServerSideApply=false", Apply.SERVER_SIDE, "recreate"),
        ("Force=true", Apply.SERVER_SIDE, "refused"),
        ("Force=true,ServerSideApply=true", Apply.CLIENT_SIDE, "refused"),
        ("force=true", Apply.CLIENT_SIDE, "refused"),
        ("Replace=true", Apply.CLIENT_SIDE, "refused"),
    ],
)
def test_force_deletes_what_refuses_a_change(options, apply, rows):
    (row,) = changed(f'{OPTIONS}: "{options}"', apply=apply)
    assert row[1] == rows
