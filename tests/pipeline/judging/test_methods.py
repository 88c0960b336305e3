"""How a release is sent: by its record, by what is said, or either way where nobody knows."""

from __future__ import annotations

import base64
import gzip
import json

import pytest
from msgspec.structs import replace

from policylint import Options, check
from policylint.model import Apply
from policylint.pipeline.deployed.forwarded import from_command

PORTS = "[{name: a, port: 53, protocol: TCP}, {name: b, port: 53, protocol: UDP}]"
SERVICE = """apiVersion: v1
kind: Service
metadata: {name: dns}
spec:
  ports: %s
"""
DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  %s
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: c, image: "i:1"}]
"""
ROLLING = DEPLOYMENT % "replicas: 1"
RECREATE = DEPLOYMENT % "strategy: {type: Recreate}"


@pytest.fixture
def sides(tmp_path):
    def written(before, after):
        paths = tmp_path / "before.yaml", tmp_path / "after.yaml"
        for path, text in zip(paths, (before, after), strict=True):
            path.write_text(text)
        return [str(path) for path in paths]

    return written


def record(number, status, manifest, **more):
    release = {
        "name": "web",
        "namespace": "prod",
        "version": number,
        "info": {"status": status, "last_deployed": "2026-01-01T00:00:00Z"},
        "chart": {"metadata": {"name": "web", "version": "1.0.0"}},
        "manifest": manifest,
        **more,
    }
    packed = base64.b64encode(gzip.compress(json.dumps(release).encode()))
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "helm.sh/release.v1",
        "metadata": {
            "name": f"sh.helm.release.v1.web.v{number}",
            "namespace": "prod",
            "labels": {"owner": "helm", "name": "web", "status": status, "version": str(number)},
        },
        "data": {"release": base64.b64encode(packed).decode()},
    }


def checked(before, after, **options):
    """(how it was sent, the error findings, the notes)."""
    named = Options(
        before=before, after=after, release="web", namespace="prod", helm_version="4", **options
    )
    (release,) = check(named).releases
    errors = [finding for finding in release.findings if finding.severity == "error"]
    return release.target.apply, errors, release.evidence.notes


def test_what_only_a_client_side_patch_refuses_is_told_where_nobody_knows_the_method(sides):
    before, after = sides(SERVICE % PORTS, SERVICE % "[{name: a, port: 53, protocol: TCP}]")
    apply, errors, _ = checked(before, after)
    assert apply is Apply.SERVER_SIDE
    (error, *_) = [item for item in errors if item.direction == "upgrade"]
    assert (error.category, error.confidence) == ("cluster-rejects", "depends")
    assert "where Helm 3 made the release" in error.because
    assert "--apply" in error.because


@pytest.mark.parametrize("method", [Apply.SERVER_SIDE, Apply.CLIENT_SIDE])
def test_the_method_that_is_said_is_the_one_that_is_judged(sides, method):
    before, after = sides(SERVICE % PORTS, SERVICE % "[{name: a, port: 53, protocol: TCP}]")
    apply, errors, _ = checked(before, after, apply=method)
    assert apply is method
    assert bool(errors) is (method is Apply.CLIENT_SIDE)
    assert all(error.confidence != "depends" for error in errors)


def test_what_only_server_side_apply_refuses_is_told_as_that(sides):
    before, after = sides(ROLLING, RECREATE)
    apply, errors, notes = checked(before, after)
    assert apply is Apply.SERVER_SIDE
    assert errors
    assert any("is accepted: Deployment prod/web" in note for note in notes)


@pytest.mark.parametrize(
    ("methods", "expected"),
    [
        ([{}], Apply.CLIENT_SIDE),
        ([{"apply_method": "csa"}], Apply.CLIENT_SIDE),
        ([{"apply_method": "ssa"}], Apply.SERVER_SIDE),
        ([{"apply_method": "ssa"}, {"apply_method": "csa"}], Apply.CLIENT_SIDE),
        ([{}, {"apply_method": "ssa"}], Apply.SERVER_SIDE),
    ],
)
def test_helm_4_follows_the_last_revision_even_if_that_failed(sides, tmp_path, methods, expected):
    _, after = sides("", RECREATE)
    statuses = ("deployed", "failed")
    items = [
        record(number, status, ROLLING, **more)
        for number, (status, more) in enumerate(zip(statuses, methods, strict=False), 1)
    ]
    file = tmp_path / "records.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    apply, errors, _ = checked(str(file), after)
    assert apply is expected
    assert bool(errors) is (expected is Apply.SERVER_SIDE)


def test_forced_conflicts_are_refused_without_server_side_apply(sides):
    before, after = sides(ROLLING, RECREATE)
    _, errors, _ = checked(before, after, apply=Apply.CLIENT_SIDE, force_conflicts=True)
    assert [error.rule for error in errors] == ["conflicts-forced-client-side"]
    _, errors, _ = checked(before, after, force_conflicts=True)
    (error,) = [item for item in errors if item.rule == "conflicts-forced-client-side"]
    assert error.confidence == "depends"


def test_the_flags_of_the_typed_command_are_understood():
    words = "helm upgrade web ./chart --force-conflicts --take-ownership"
    options, _ = from_command(Options(command=tuple(words.split())))
    assert (options.force_conflicts, options.take_ownership) == (True, True)
    words = "helm rollback web 2 --force-conflicts --server-side=true"
    options, _ = from_command(Options(command=tuple(words.split())))
    assert (options.force_conflicts, options.apply) == (True, Apply.SERVER_SIDE)


LIVE_CONFIG = """apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: prod}
data: {a: b}
"""


def test_ownership_can_be_taken(sides, tmp_path):
    before, after = sides(ROLLING, f"{ROLLING}---\n{LIVE_CONFIG}")
    live = tmp_path / "live.yaml"
    live.write_text(LIVE_CONFIG)
    _, errors, _ = checked(before, after, live=(str(live),), apply=Apply.CLIENT_SIDE)
    assert [error.rule for error in errors] == ["ownership-conflict"]
    _, errors, _ = checked(
        before, after, live=(str(live),), apply=Apply.CLIENT_SIDE, take_ownership=True
    )
    assert errors == []


WIDGET = """apiVersion: example.com/v1
kind: Widget
metadata: {name: a}
"""
DEFINITION = """apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  names: {kind: Widget, plural: widgets}
  scope: Namespaced
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
"""


@pytest.mark.parametrize(("skipped", "known"), [(False, True), (True, False)])
def test_an_installation_may_leave_out_crds(tmp_path, skipped, known):
    for name, text in (
        ("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"),
        ("templates/widget.yaml", WIDGET),
        ("crds/widgets.yaml", DEFINITION),
    ):
        path = tmp_path / "chart" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    words = ("helm", "upgrade", "--install", "web", str(tmp_path / "chart"))
    command = (*words, "--skip-crds") if skipped else words
    options, _ = from_command(Options(command=command, helm_version="4"))
    assert options.skip_crds is skipped
    (tmp_path / "none.yaml").write_text("")
    (release,) = check(replace(options, before=str(tmp_path / "none.yaml"))).releases
    unknown = any(finding.rule == "custom-resource-unknown" for finding in release.findings)
    assert unknown is not known
