"""The command line from outside: verdicts, exit codes, formats, and errors that name what is
wrong."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest

from policylint.engine.catalogue import schema
from policylint.kubernetes.api.schemas import NEWEST

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "fixtures" / "demo"
RULES = ROOT / "fixtures" / "rules"
DEPLOYMENT = (RULES / "selector-changed/fail-key-added/before.yaml").read_text()


def policylint(*words, cwd=None, stdin=None, env=None):
    return subprocess.run(
        [sys.executable, "-m", "policylint", *map(str, words)],
        cwd=cwd or ROOT,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=400,  # a machine may be busy: what hangs is still found
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
    )


def sides(rule, case):
    folder = RULES / rule / case
    return [folder / "after.yaml", "--before", folder / "before.yaml"]


def test_the_version():
    from policylint import __version__

    done = policylint("--version")
    assert (done.returncode, done.stdout) == (0, f"policylint {__version__}\n")
    assert policylint("version").stdout == done.stdout


def test_every_command_has_help():
    listed = policylint("--help")
    assert listed.returncode == 0
    for command in ("check", "diff", "history", "rules", "schema"):
        assert command in listed.stdout
        done = policylint(command, "--help")
        assert done.returncode == 0
        assert "Usage" in done.stdout


def test_a_refused_upgrade_fails_with_the_reason_and_the_fix():
    done = policylint("check", *sides("selector-changed", "fail-key-added"), "--helm-version", 3)
    assert done.returncode == 1
    assert done.stdout.startswith("error[selector-changed] the cluster will reject this upgrade\n")
    assert "field is immutable" in done.stdout
    assert "\n  fix  " in done.stdout
    assert done.stdout.splitlines()[-1].startswith("FAIL: 1 error")


def test_a_pass_is_evidence():
    done = policylint("check", *sides("claim-shrunk", "pass-other-notation"))
    assert done.returncode == 0
    assert "compared" in done.stdout
    assert f"Kubernetes {NEWEST}" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("PASS")


@pytest.mark.parametrize(
    ("rule", "case", "code"),
    [
        ("selector-changed", "fail-key-added", 1),
        ("claim-shrunk", "pass-other-notation", 0),
        ("custom-resource-unknown", "fail-no-definition", 0),
    ],
)
def test_the_json_is_of_the_published_schema(rule, case, code):
    done = policylint(
        "check",
        *sides(rule, case),
        "--helm-version",
        3,
        "--kube-version",
        "1.36",
        "--format",
        "json",
    )
    assert done.returncode == code
    report = json.loads(done.stdout)
    jsonschema.validate(report, schema("report"))
    assert report["schema"] == "policylint/report/v1"
    (release,) = report["releases"]
    assert (release["kubernetes"], release["helm"], release["apply"]) == (
        "1.36",
        "3",
        "client-side",
    )
    assert set(release["changes"][0]["forecast"]) == {"upgrade", "rollback"}


def test_the_report_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(schema("report"))


def test_several_formats_in_one_run(tmp_path):
    file = tmp_path / "report.json"
    done = policylint(
        "check",
        *sides("claim-shrunk", "fail-shrunk"),
        "--format",
        "text",
        "--format",
        f"json={file}",
    )
    assert done.returncode == 1
    assert "claim-shrunk" in done.stdout
    assert json.loads(file.read_text())["verdict"] == "fail"


def test_strict_makes_an_open_answer_unknown():
    arguments = sides("custom-resource-unknown", "fail-no-definition")
    assert policylint("check", *arguments).returncode == 0
    assert policylint("check", *arguments, "--strict").returncode == 2


def test_fail_on_and_level():
    arguments = sides("recreate-strategy", "fail-image-under-recreate")
    assert policylint("check", *arguments).returncode == 0
    assert policylint("check", *arguments, "--fail-on", "note").returncode == 1
    assert (
        policylint("check", *arguments, "--fail-on", "note", "--level", "data-loss").returncode == 0
    )
    assert (
        policylint(
            "check", *arguments, "--fail-on", "note", "--ignore", "recreate-strategy"
        ).returncode
        == 0
    )


def test_the_forecast_stays_whatever_is_selected():
    done = policylint(
        "check",
        *sides("claim-shrunk", "fail-shrunk"),
        "--select",
        "recreate-strategy",
        "--format",
        "json",
    )
    report = json.loads(done.stdout)
    assert report["releases"][0]["findings"] == []
    assert report["releases"][0]["changes"][0]["forecast"]["upgrade"] == "rejected"


def test_a_post_renderer_is_never_run_and_makes_the_verdict_unknown(tmp_path):
    marker = tmp_path / "ran"
    script = tmp_path / "render.sh"
    script.write_text(f"#!/bin/sh\ntouch {marker}\ncat\n")
    script.chmod(0o755)
    done = policylint(
        "check", *sides("claim-shrunk", "pass-other-notation"), "--post-renderer", script
    )
    assert done.returncode == 2
    assert not marker.exists()
    assert "was not run" in done.stdout


def test_an_empty_after_side_is_unknown_unless_allowed(tmp_path):
    (tmp_path / "empty.yaml").write_text("# nothing\n")
    (tmp_path / "before.yaml").write_text(DEPLOYMENT)
    arguments = ("check", tmp_path / "empty.yaml", "--before", tmp_path / "before.yaml")
    done = policylint(*arguments)
    assert done.returncode == 2
    assert "--allow-empty" in done.stdout
    assert policylint(*arguments, "--allow-empty").returncode == 0


@pytest.mark.heavy
def test_secrets_appear_nowhere(tmp_path):
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {token: %s}\n"
    pod = "---\n" + DEPLOYMENT.replace("image: web:1", "image: web:1\n          args: [%s]")
    for name, value in (("before", "hunter2-before"), ("after", "hunter2-after")):
        (tmp_path / f"{name}.yaml").write_text(secret % value + pod % value)
    arguments = (tmp_path / "after.yaml", "--before", tmp_path / "before.yaml")
    for command in (
        ("check", *arguments, "--format", "json"),
        ("check", *arguments),
        ("diff", *arguments),
        ("diff", *arguments, "--format", "json"),
        ("diff", *arguments, "--format", "jsonpatch"),
        ("diff", *arguments, "--resource", "Secret/s"),
        ("diff", *arguments, "--resource", "Deployment/web"),
    ):
        done = policylint(*command)
        assert done.returncode == 0, done.stderr
        assert "hunter2" not in done.stdout + done.stderr


def test_what_looks_like_a_secret_outside_of_secrets_is_masked_too(tmp_path):
    config = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\nimmutable: true\ndata:\n"
    config += "  app.conf: |\n    password = %s\n    url: postgres://me:%s@db/x\n"
    env = "image: web:1\n          env: [{name: API_TOKEN, value: %s}]"
    applied = "kubectl.kubernetes.io/last-applied-configuration"
    environment = (
        "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s, annotations: {%s: "
        '\'{"p":"%s"}\'}}\n'
    )
    for name in ("before", "after"):
        word = f"hunter2-{name}"
        pod = DEPLOYMENT.replace("image: web:1", env % word)
        text = f"{pod}{config % (word, word)}{environment % (applied, word)}"
        (tmp_path / f"{name}.yaml").write_text(text)
    arguments = (tmp_path / "after.yaml", "--before", tmp_path / "before.yaml")
    for command in (
        *(("check", *arguments, "--format", name) for name in ("json", "text")),
        *(("diff", *arguments, "--format", name) for name in ("json", "text", "jsonpatch")),
        *(
            ("diff", *arguments, "--resource", name)
            for name in ("ConfigMap/c", "Deployment/web", "Secret/s")
        ),
    ):
        done = policylint(*command)
        assert done.returncode in (0, 1), done.stderr
        assert "hunter2" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["check"], "nothing to check"),
        (["check", "no-such-chart", "--before", "also-not"], "also-not"),
        (["check", "x.yaml", "--before", "y.yaml", "--format", "yaml"], "the formats are"),
        (["check", "--no-such-option"], "--no-such-option"),
        (["frobnicate"], "frobnicate"),
        (["schema", "nothing"], "report, config and rule"),
        (["history"], "no release is named"),
        (["history", "no-such-file.json"], "neither a file"),
        (
            ["check", DEMO / "after", "--before", DEMO / "before", "--helm", "/no/such/helm"],
            "no program",
        ),
        (
            ["check", DEMO / "after", "--before", DEMO / "before", "--kube-version", "soon"],
            "not a Kubernetes version",
        ),
        (
            ["check", DEMO / "after", "--before", DEMO / "before", "--select", "selector-change"],
            "did you mean",
        ),
    ],
)
def test_what_is_wrong_is_said_with_exit_2(words, message, tmp_path):
    done = policylint(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"kind: Pod\n", "without apiVersion"),
        (b"apiVersion: v1\nkind: Pod\nmetadata: {name: {{ .Release.Name }}}\n", "render it first"),
        (
            b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata: {x: 'unfinished\n",
            "after.yaml:",
        ),
        (b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \xff}\n", "not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_bad_manifests_are_unknown_and_name_the_file(content, message, tmp_path):
    (tmp_path / "after.yaml").write_bytes(content)
    (tmp_path / "before.yaml").write_text(DEPLOYMENT)
    done = policylint("check", "after.yaml", "--before", "before.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stdout + done.stderr
    assert "after.yaml" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    document = json.loads(
        policylint(
            "check", "after.yaml", "--before", "before.yaml", "--format", "json", cwd=tmp_path
        ).stdout
    )
    jsonschema.validate(document, schema("report"))
    assert document["verdict"] == "unknown"


@pytest.mark.skipif(os.name != "posix", reason="devices as POSIX has them")
def test_a_report_goes_into_a_pipe_and_does_not_take_its_place(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE)
    done = policylint(
        "check",
        *sides("claim-shrunk", "pass-other-notation"),
        "--format",
        f"json={pipe}",
        cwd=tmp_path,
    )
    assert done.returncode == 0
    assert json.loads(reader.communicate(timeout=30)[0])["verdict"] == "pass"
    assert pipe.is_fifo()


def test_an_output_that_cannot_be_written_is_exit_2(tmp_path):
    done = policylint(
        "check",
        *sides("claim-shrunk", "pass-other-notation"),
        "--format",
        "json=no/such/dir/r.json",
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert "cannot write" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("command", ["check", "diff"])
def test_an_output_that_takes_nothing_is_exit_2(command):
    words = [
        sys.executable,
        "-m",
        "policylint",
        command,
        *map(str, sides("claim-shrunk", "pass-other-notation")),
    ]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            words, stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False
        )
    assert done.returncode == 2
    assert done.stderr.startswith(
        "policylint: cannot write to standard output: No space left on device\n"
    )
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="a shell as POSIX has it")
def test_a_reader_that_goes_away_is_no_error_of_ours(tmp_path):
    document = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{0}}}\ndata: {{a: {1}}}\n"
    for name in ("before", "after"):
        (tmp_path / f"{name}.yaml").write_text(
            "---\n".join(document.format(number, name) for number in range(3_000))
        )
    script = f"{sys.executable} -m policylint diff after.yaml --before before.yaml | head -1"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        script,
        shell=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("kept ConfigMap default/c0\n", "")


def test_a_helm_that_hangs_is_stopped_after_the_time_that_is_given(tmp_path):
    slow = tmp_path / "helm"
    slow.write_text('#!/bin/sh\n[ "$1" = version ] && echo v3.22.0 && exit\nsleep 300\n')
    slow.chmod(0o755)
    done = policylint(
        "check",
        DEMO / "after",
        "--before",
        DEMO / "before",
        "--helm",
        slow,
        "--render-timeout",
        "0.5",
    )
    assert done.returncode == 2
    assert "did not end within 0.5 seconds" in done.stdout
    assert "raise --render-timeout" in done.stdout


def test_manifests_from_standard_input():
    before = RULES / "selector-changed/fail-key-added/before.yaml"
    done = policylint("check", "-", "--before", before, stdin=DEPLOYMENT)
    assert done.returncode == 0


@pytest.mark.parametrize("words", [["-f", "-"], ["--live", "-"], ["--crds", "-"]])
def test_standard_input_serves_one_thing_only(words):
    done = policylint("check", DEMO / "after", "--before", "-", *words, stdin=DEPLOYMENT)
    assert done.returncode == 2
    assert "standard input (-) is named more than once" in done.stderr


@pytest.mark.heavy
def test_fifty_thousand_documents(tmp_path):
    document = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{0}}}\n"
    text = "---\n".join(document.format(number) for number in range(50_000))
    (tmp_path / "before.yaml").write_text(text)
    (tmp_path / "after.yaml").write_text(text + "---\n" + document.format("new"))
    done = policylint("check", "after.yaml", "--before", "before.yaml", cwd=tmp_path)
    assert done.returncode == 0
    assert "50001 resources" in done.stdout


def test_the_diff_in_every_format():
    arguments = sides("statefulset-immutable-field", "fail-volume-size")
    text = policylint("diff", *arguments)
    assert "8Gi -> 20Gi" in text.stdout
    document = json.loads(policylint("diff", *arguments, "--format", "json").stdout)
    assert document["releases"][0]["changes"][0]["fields"][0]["after"] == "20Gi"
    (row,) = json.loads(policylint("diff", *arguments, "--format", "jsonpatch").stdout)
    assert row["patch"] == [
        {
            "op": "replace",
            "path": "/spec/volumeClaimTemplates/0/spec/resources/requests/storage",
            "value": "20Gi",
        }
    ]
    assert "20Gi" in policylint("diff", *arguments, "--resource", "StatefulSet/db").stdout


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing_behind(number, tmp_path):
    started = tmp_path / "started"
    slow = tmp_path / "helm"
    slow.write_text(
        f'#!/bin/sh\n[ "$1" = version ] && echo v3.22.0 && exit\ntouch {started}\nsleep 60\n'
    )
    slow.chmod(0o755)
    room = tmp_path / "tmp"
    room.mkdir()
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "policylint",
            "check",
            DEMO / "after",
            "--before",
            DEMO / "before",
            "--helm",
            slow,
        ],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "TMPDIR": str(room),
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 30
    while not started.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"Traceback" not in errors
    assert list(room.iterdir()) == []
