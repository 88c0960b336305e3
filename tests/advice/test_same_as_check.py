"""`explain` is no second expert: an error that a case would end with gives the fixes of `check`."""

import pytest

from policylint.advice.errors import explain
from policylint.advice.runbooks import runbooks
from policylint.model import Apply, Direction, Kept, Outcome
from policylint.pipeline.judging.judge import Case, forecasted
from tests.cases import judged, rule_cases, target

HELM = ("Helm", "NotFound", "Conflict", "FieldManagerConflict")
"""Reasons of refusals whose words are whole sentences of Helm's, with no field before them."""

SYNCED = "argocd.argoproj.io/sync-options"
OPEN = ("crd-missing",)
"""Topics of which the text does not say whether the kind is unknown, or its version alone."""


def case_of(case):
    before, after, live = map(case.texts, ("before", "after", "live"))
    crds = {f"{side}_crds": case.texts(f"{side}-crds") for side in ("before", "after")}
    return Case("web", "default", target(case.options()), before, after, live=live, **crds)


def pasted(change, cause, apply):
    """The error as helm upgrade prints it."""
    if cause.reason in HELM:
        return f"Error: UPGRADE FAILED: {cause.message}"
    kind, name, group = change.id.kind, change.id.name, change.id.group
    where = f"{kind}.{group}" if group else kind
    field = f"{cause.field}: " if cause.field and cause.field not in cause.message else ""
    server = f'{where} "{name}" is invalid: {field}{cause.message}'
    if apply is not Apply.SERVER_SIDE:
        return f'Error: UPGRADE FAILED: cannot patch "{name}" with kind {kind}: {server}'
    version = change.after.api_version
    object_ = f"{change.id.namespace}/{name} {version}, Kind={kind}"
    if "schema" in cause.message or "duplicate entries" in cause.message:
        server = f"failed to create typed patch object ({object_}): {cause.message}"
    return f"Error: UPGRADE FAILED: server-side apply failed for object {object_}: {server}"


def refusals():
    for case in (case for case in rule_cases() if case.fails):
        if not case.texts("before") or not case.texts("after"):
            continue
        for change in forecasted(case_of(case)).changes:
            if isinstance(change, Kept) and SYNCED in change.after.annotations:
                continue  # Argo CD makes it anew: no update is refused
            answer = change.forecast.upgrade
            if answer is not None and answer.outcome is Outcome.REJECTED:
                yield case, change, answer.causes[0]
                break


REFUSALS = list(refusals())


@pytest.mark.parametrize(
    ("case", "change", "cause"), REFUSALS, ids=[case.id for case, *_ in REFUSALS]
)
def test_the_fixes_of_check(case, change, cause):
    options = target(case.options())
    [finding, *_] = [
        finding
        for finding in judged(case).findings
        if finding.resource == change.id
        and finding.direction is Direction.UPGRADE
        and finding.rule in runbooks()
    ]
    explanation = explain(pasted(change, cause, options.apply))
    assert explanation is not None
    offered = [fix.title for fix in explanation.fixes]
    wanted = [fix.title for fix in finding.fixes]
    # the text says less than the manifests: other ways may be offered too, in the same order
    assert [title for title in offered if title in wanted] == wanted
    assert offered[0] == wanted[0] or explanation.topic in OPEN


def test_enough_of_them():
    assert len(REFUSALS) > 30
