"""What policylint calls accepted or refused is so: every case of a rule on refusals, sent by both
Helm lines."""

from __future__ import annotations

import json
import uuid

import pytest

from policylint.engine.registry import shipped
from policylint.kyaml.load import split
from policylint.model import Category, Outcome, Target
from policylint.pipeline.judging.judge import Case, forecasted
from scripts.oracle_client import connect
from tests.cases import DEFAULT_APPLY, RuleCase, rule_cases
from tests.e2e.cluster import CONTEXT, Release, needs_server, write_chart
from tests.helms import LINES

pytestmark = needs_server
REFUSALS = {rule.id for rule in shipped() if rule.category is Category.CLUSTER_REJECTS}
SIDES = {"before.yaml", "after.yaml", "case.yaml"}
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def cases() -> list[RuleCase]:
    """Those of one release that is upgraded: two sides, and nothing else that matters."""
    return [
        case
        for case in rule_cases()
        if case.rule in REFUSALS
        and {file.name for file in case.path.iterdir()} - {"case.yaml"} == SIDES - {"case.yaml"}
        and not _waits(case)
    ]


def _waits(case: RuleCase) -> bool:
    """Whether Helm would wait for a Job among the hooks: without controllers none ever ends."""
    text = case.path.joinpath("after.yaml").read_text()
    return "helm.sh/hook" in text and "kind: Job" in text


@pytest.fixture(scope="module")
def minor() -> str:
    return connect("", CONTEXT).ask("GET", "/version")[1]["minor"]


@pytest.fixture(params=LINES)
def release(request):
    made = Release(request.param, f"refusals-{uuid.uuid4().hex[:8]}", "web")
    yield made
    made.run("uninstall", made.name)
    server = connect("", CONTEXT)
    for definition in server.ask("GET", CRDS)[1]["items"]:
        server.ask("DELETE", f"{CRDS}/{definition['metadata']['name']}")


def chart(directory, text):
    """The objects as a chart; CRDs of custom resources beside them go to crds/, where Helm sends
    them first."""
    bodies = [document.body() for document in split(text, "side") if document.body()]
    crds = [body for body in bodies if body["kind"] == "CustomResourceDefinition"]
    first = crds if len(crds) < len(bodies) else []
    rest = [body for body in bodies if body not in first]
    made = write_chart(directory, {"all.yaml": "\n---\n".join(json.dumps(body) for body in rest)})
    if first:
        (made / "crds").mkdir(exist_ok=True)
        (made / "crds" / "all.yaml").write_text("\n---\n".join(map(json.dumps, first)))
    return made


def outcomes(case, release, minor, way):
    """What is foreseen of each object: the outcomes of the requests that will be sent."""
    sides = case.texts("before"), case.texts("after")
    at = Target(f"1.{minor}", release.line, DEFAULT_APPLY[release.line])
    upgrade = forecasted(Case("web", release.namespace, at, *sides))
    answers = [
        getattr(change.forecast, way)
        for change in upgrade.changes
        if getattr(change, "forecast", None)
    ]
    return {answer.outcome for answer in answers if answer}


def agree(foreseen, done):
    """One refused object refuses the release; only where all are accepted it goes through."""
    if Outcome.REJECTED in foreseen:
        assert done.returncode != 0, "was foreseen as refused"
    elif foreseen <= {Outcome.ACCEPTED}:
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.id)
def test_the_server_says_what_was_foreseen(case, release, minor, tmp_path):
    before, after = (case.path.joinpath(f"{side}.yaml").read_text() for side in ("before", "after"))
    installed = release.deploy(chart(tmp_path / "before", before))
    if installed.returncode:
        assert case.rule == "removed-api", installed.stderr
        pytest.skip("this server never held the before side")
    upgraded = release.deploy(chart(tmp_path / "after", after))
    agree(outcomes(case, release, minor, "upgrade"), upgraded)
    if upgraded.returncode == 0:
        agree(
            outcomes(case, release, minor, "rollback"), release.run("rollback", release.name, "1")
        )
