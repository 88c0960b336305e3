"""What `policylint history` says of a release after real events, and whether helm then does what it
says."""

import json
import os
import shutil
import signal
import subprocess
import time
import uuid
from urllib.parse import quote

import pytest

from policylint.helm.history.targets import after_failures
from policylint.helm.sources.release import history
from scripts.oracle_client import connect
from tests.e2e.cluster import (
    CONTEXT,
    LIMIT,
    Release,
    needs_server,
    policylint,
    rules,
    settings,
    write_chart,
)
from tests.helms import LINES

pytestmark = needs_server
GOOD, REFUSED = settings("1", immutable=True), settings("2", immutable=True)
BAD_NAME = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "Not_A_Name"}}'
NEVER_READY = """{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
"spec": {"selector": {"matchLabels": {"app": "web"}},
"template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers":
[{"name": "web", "image": "registry.invalid/web:1"}]}}}}"""


@pytest.fixture(params=LINES)
def release(request):
    return Release(request.param, f"history-{uuid.uuid4().hex[:8]}")


@pytest.fixture
def chart(tmp_path):
    return lambda text: write_chart(tmp_path / "chart", {"a.yaml": text})


def judged(release, capsys):
    spec = f"{release.namespace}/{release.name}"
    code, report = policylint(capsys, "history", spec, "--helm", release.helm)
    return code, rules(report), report["releases"][0]


def statuses(release):
    return [(row["revision"], row["status"]) for row in release.shown()]


def chosen(release):
    """The revision that the last rollback went back to, in helm's own words."""
    return release.shown()[-1]["description"]


def records(release, selector="owner=helm"):
    """The records of a namespace as `kubectl get -o json` prints them."""
    kind = "ConfigMap" if os.environ.get("HELM_DRIVER") == "configmap" else "Secret"
    path = f"/api/v1/namespaces/{release.namespace}/{kind.lower()}s?labelSelector={quote(selector)}"
    collected = connect("", CONTEXT).ask("GET", path)[1].get("items", [])
    return {
        "apiVersion": "v1",
        "kind": "List",
        "items": [{"apiVersion": "v1", "kind": kind, **item} for item in collected],
    }


def kill_when_pending(release, status, *words):
    """Start helm and kill it, without any chance to clean up, once its pending record lies in the
    cluster."""
    process = subprocess.Popen(
        release.argv(*words, "--wait"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        end = time.monotonic() + LIMIT
        while not records(release, f"owner=helm,status={status}")["items"]:
            assert process.poll() is None and time.monotonic() < end, f"never {status}"
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def run_steps(release, finding, title):
    """Do what a fix says: its helm and kubectl commands, as they are written."""
    (fix,) = (fix for fix in finding["fixes"] if fix["title"].startswith(title))
    commands = [step for step in fix["steps"] if step.startswith(("helm ", "kubectl "))]
    assert commands
    for command in commands:
        program, *words = command.split()
        if not shutil.which(program) and program != "helm":
            pytest.skip(f"no {program}")
        path = release.helm if program == "helm" else program
        flag = "--kube-context" if program == "helm" else "--context"
        subprocess.run(
            [path, *words, flag, CONTEXT], check=True, timeout=LIMIT, capture_output=True
        )


def test_good_upgrades_a_failed_one_and_the_ways_back(release, chart, capsys):
    release.must_deploy(chart(GOOD))
    code, document, _ = judged(release, capsys)
    assert (code, document) == (0, set())
    assert release.deploy(chart(REFUSED)).returncode != 0
    code, document, report = judged(release, capsys)
    assert statuses(release) == [(1, "deployed"), (2, "failed")]
    assert report["targets"]["atomic"]["revision"] == 1
    atomic = "--atomic" if release.line == "3" else "--rollback-on-failure"
    assert release.deploy(chart(REFUSED), atomic).returncode != 0
    assert chosen(release) == "Rollback to 1"
    _, document, report = judged(release, capsys)
    assert report["targets"]["rollback_without_number"] == {
        "revision": 3,
        "status": "failed",
        "good": False,
    }
    assert "rollback-target-failed" in document
    assert release.run("rollback", release.name).returncode != 0
    assert chosen(release).startswith(("Rollback to 3", 'Rollback "shop" failed'))
    _, document, report = judged(release, capsys)
    release.must("rollback", release.name, str(report["targets"]["newest_good"]["revision"]))
    assert judged(release, capsys)[2]["revisions"][-1]["status"] == "deployed"


def test_a_first_install_that_failed(release, chart, capsys):
    assert release.deploy(chart(BAD_NAME)).returncode != 0
    _, document, report = judged(release, capsys)
    assert "first-install-failed" in document
    assert report["targets"] == {
        "rollback_without_number": None,
        "atomic": None,
        "newest_good": None,
    }
    atomic = "--atomic" if release.line == "3" else "--rollback-on-failure"
    assert (
        "unable to find a previously successful release"
        in release.deploy(chart(BAD_NAME), atomic).stderr
    )
    release.must_deploy(chart(GOOD))
    report = judged(release, capsys)[2]
    assert report["targets"]["newest_good"]["revision"] == report["revisions"][-1]["revision"]
    assert not any(revision["good"] for revision in report["revisions"][:-1])


def test_failed_upgrades_push_good_revisions_out_as_foreseen(release, chart, capsys):
    for value in ("0", "0", "1"):
        release.must_deploy(chart(settings(value, immutable=value == "1")), "--history-max", "3")
    before = history(release.name, release.namespace, release.helm).with_limit(3)
    for count in (1, 2, 3):
        assert release.deploy(chart(REFUSED), "--history-max", "3").returncode != 0
        foreseen = after_failures(before, count).revisions
        assert [(revision.number, revision.status) for revision in foreseen] == statuses(release)
    report = judged(release, capsys)[2]
    assert report["targets"]["newest_good"]["revision"] == 3


def test_a_helm_that_was_killed_in_an_upgrade(release, chart, capsys):
    release.must_deploy(chart(NEVER_READY))
    kill_when_pending(
        release,
        "pending-upgrade",
        "upgrade",
        release.name,
        str(chart(NEVER_READY.replace(":1", ":2"))),
    )
    code, document, report = judged(release, capsys)
    assert (code, "release-pending" in document, report["locked"]) == (1, True, True)
    refused = release.deploy(chart(NEVER_READY))
    assert "another operation (install/upgrade/rollback) is in progress" in refused.stderr
    (finding,) = (item for item in report["findings"] if item["rule"] == "release-pending")
    run_steps(release, finding, "go back to revision 1")
    assert statuses(release)[-1] == (3, "deployed")
    release.must_deploy(chart(NEVER_READY))


@pytest.mark.parametrize("driver", ["secret", "configmap"])
def test_a_helm_that_was_killed_in_the_first_install(release, driver, chart, capsys, monkeypatch):
    monkeypatch.setenv("HELM_DRIVER", driver)
    words = ("install", release.name, str(chart(NEVER_READY)), "--create-namespace")
    kill_when_pending(release, "pending-install", *words)
    report = judged(release, capsys)[2]
    assert report["locked"]
    (finding,) = (item for item in report["findings"] if item["rule"] == "release-pending")
    run_steps(release, finding, "delete the record")
    release.must_deploy(chart(NEVER_READY))


@pytest.mark.parametrize("driver", ["secret", "configmap"])
def test_exported_records_say_what_the_cluster_says(
    release, driver, chart, capsys, monkeypatch, tmp_path
):
    monkeypatch.setenv("HELM_DRIVER", driver)
    release.must_deploy(chart(GOOD), "--set", "given=1")
    assert release.deploy(chart(REFUSED)).returncode != 0
    live, exported = judged(release, capsys), tmp_path / "records.json"
    exported.write_text(json.dumps(records(release)))
    code, report = policylint(capsys, "history", str(exported))
    (of_export,) = report["releases"]
    assert (code, rules(report), of_export["targets"]) == (live[0], live[1], live[2]["targets"])
    assert [(row["revision"], row["status"]) for row in of_export["revisions"]] == statuses(release)
    sides = [
        policylint(
            capsys,
            "check",
            str(chart(GOOD)),
            "--before",
            before,
            "--helm",
            release.helm,
            "-n",
            release.namespace,
        )
        for before in (str(exported), release.spec)
    ]
    (read, asked) = (
        (code, report["verdict"], report["releases"][0]["changes"]) for code, report in sides
    )
    assert read == asked


def test_many_releases_at_once(chart, capsys, tmp_path, release):
    rest = [Release(release.line, f"{release.namespace}-{name}") for name in ("a", "b")]
    for item in rest:
        item.must_deploy(chart(GOOD))
    assert rest[1].deploy(chart(REFUSED)).returncode != 0
    listed = tmp_path / "list.json"
    listed.write_text(rest[0].must("list", "--all-namespaces", "--output", "json"))
    _, report = policylint(capsys, "history", str(listed))
    last = {item["namespace"]: item["revisions"][-1]["status"] for item in report["releases"]}
    assert [last[item.namespace] for item in rest] == ["deployed", "failed"]
