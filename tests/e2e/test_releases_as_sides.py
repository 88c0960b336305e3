"""Live sources against a real API server: `release:` as the before side, `--rollback`, and
`--live`."""

import json
import uuid

import pytest

from policylint.helm.inputs.options import Options
from policylint.pipeline.case import upgrades
from scripts.oracle_client import connect
from tests.e2e.cluster import (
    CONTEXT,
    Release,
    needs_server,
    policylint,
    rules,
    settings,
    write_chart,
)
from tests.helms import LINES

pytestmark = needs_server
CHART = {
    "settings.yaml": '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, '
    '"data": {"colour": "{{ .Values.colour }}", "size": "{{ .Values.size }}"}}',
    "hook.yaml": '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "hook", '
    '"annotations": {"helm.sh/hook": "pre-upgrade"}}}',
}


@pytest.fixture(params=LINES)
def release(request):
    return Release(request.param, f"sides-{uuid.uuid4().hex[:8]}")


def changed(after, before, release, **more):
    (upgrade,) = upgrades(Options(after=str(after), before=before, helm=release.helm, **more))
    return upgrade, [
        (field.path, field.before, field.after)
        for change in upgrade.changes
        for field in change.fields
    ]


def test_what_runs_is_the_before_side_with_its_values_and_its_chart(release, tmp_path):
    old = write_chart(tmp_path / "old", CHART, {"colour": "blue", "size": 1})
    release.must_deploy(old, "--set", "colour=red")
    new = write_chart(tmp_path / "new", CHART, {"colour": "blue", "size": 2}, "0.2.0")
    upgrade, fields = changed(new, release.spec, release)
    assert (upgrade.release, upgrade.namespace) == (release.name, release.namespace)
    assert fields == [("/data/size", "1", "2")]  # no new values: Helm keeps those it was given
    assert changed(new, release.spec, release, values_mode="reset")[1] == [
        ("/data/colour", "red", "blue"),
        ("/data/size", "1", "2"),
    ]
    assert changed(new, release.spec, release, values_mode="reuse")[1] == []
    release.must_deploy(new, "--reuse-values")
    assert '"size": "1"' in release.must("get", "manifest", release.name)


def test_any_revision_is_a_side_and_can_be_rolled_back_to(release, tmp_path, capsys):
    for number, value in enumerate(("1", "2", "3"), 1):
        release.must_deploy(
            write_chart(tmp_path, {"a.yaml": settings(value, immutable=number > 1)})
        )
        if number == 2:
            delete(release, "settings")
    assert changed(tmp_path, f"{release.spec}@1", release)[1] == [
        ("/data/a", "1", "3"),
        ("/immutable", None, True),
    ]
    command = ("check", release.spec, "--rollback", "2", "--helm", release.helm)
    code, report = policylint(capsys, *command)
    assert (code, report["releases"][0]["evidence"]["after"]) == (1, f"{release.name} revision 2")
    assert "immutable-config-changed" in rules(report)
    done = release.run("rollback", release.name, "2")
    assert done.returncode != 0
    assert "immutable" in done.stderr


def delete(release, name):
    place = f"/api/v1/namespaces/{release.namespace}/configmaps/{name}"
    assert connect("", CONTEXT).ask("DELETE", place)[0] == 200


def test_live_objects_settle_what_the_manifests_leave_open(release, tmp_path, capsys):
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}}

    def chart(size):
        spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
        return write_chart(tmp_path / size, {"claim.yaml": json.dumps({**claim, "spec": spec})})

    release.must_deploy(chart("1Gi"))
    live = tmp_path / "live.json"
    place = f"/api/v1/namespaces/{release.namespace}/persistentvolumeclaims"
    status, stored = connect("", CONTEXT).ask("GET", place)
    assert status == 200
    items = [
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", **item} for item in stored["items"]
    ]
    live.write_text(
        json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    )  # as kubectl get -o json

    def forecast(*words):
        _, report = policylint(capsys, "check", str(chart("2Gi")), "--before", release.spec, *words)
        (change,) = report["releases"][0]["changes"]
        return change["forecast"]["upgrade"]

    assert forecast("--helm", release.helm) == "depends"
    assert forecast("--helm", release.helm, "--live", str(live)) == "rejected"
    done = release.deploy(chart("2Gi"))
    assert done.returncode != 0
    assert (
        "only dynamically provisioned pvc can be resized" in done.stderr
        or "immutable" in done.stderr
    )


def test_a_release_or_a_revision_that_is_not_there_is_said(release, tmp_path, capsys):
    chart = write_chart(tmp_path, {"a.yaml": settings("1")})
    release.must_deploy(chart)
    for spec, words in (
        (f"release:{release.namespace}/other", "release: not found"),
        (f"{release.spec}@7", "has no revision 7"),
    ):
        code, report = policylint(
            capsys, "check", str(chart), "--before", spec, "--helm", release.helm
        )
        assert code == 2
        assert words in report["failures"][0]["message"]
