"""`check --ask` against a real API server: a webhook, a quota, missing rights and a policy answer,
which no manifest shows.

Left out where no server is named (scripts/e2e.sh names one).
"""

from __future__ import annotations

import base64
import json
import shutil
import ssl
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.e2e.cluster import CONTEXT, LIMIT, needs_server, policylint

pytestmark = [
    needs_server,
    pytest.mark.skipif(not shutil.which("kubectl"), reason="no kubectl"),
]


def kubectl(*words, body=None):
    done = subprocess.run(
        ["kubectl", "--context", CONTEXT, *words],
        input=None if body is None else json.dumps(body),
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def namespace(request):
    name = f"ask-{abs(hash(request.node.name)) % 10**8}"
    kubectl("create", "namespace", name)
    return name


def settings(value="1", **more):
    metadata = {"name": "settings"}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata,
        "data": {"a": value},
        **more,
    }


def secret(value):
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "login"},
        "stringData": {"password": value},
    }


class Asked:
    """A check of two manifests that asks the server."""

    def __init__(self, capsys, directory, namespace):
        self.capsys, self.directory, self.namespace = capsys, directory, namespace

    def __call__(self, before, after, *words, line="3", context=CONTEXT):
        for side, bodies in (("before", before), ("after", after)):
            text = "\n---\n".join(map(json.dumps, bodies))
            (self.directory / f"{side}.yaml").write_text(text)
        return policylint(
            self.capsys,
            *("check", str(self.directory / "after.yaml")),
            *("--before", str(self.directory / "before.yaml")),
            *("--namespace", self.namespace, "--release", "shop"),
            *("--helm-version", line, "--ask", context, *words),
        )


@pytest.fixture
def asked(capsys, tmp_path, namespace):
    return Asked(capsys, tmp_path, namespace)


def answers(report):
    return {
        change["resource"]["name"]: change["asked"] and change["asked"]["upgrade"]
        for change in report["releases"][0]["changes"]
    }


def refusals(report):
    return [
        finding["because"]
        for finding in report["releases"][0]["findings"]
        if finding["rule"] == "cluster-refuses"
    ]


def wait_until(condition):
    """Policies and webhooks count some seconds after they are made."""
    for _ in range(60):
        if condition():
            return
        time.sleep(0.5)
    raise AssertionError("it never came to count")


@pytest.mark.parametrize("line", ["3", "4"])
def test_what_the_cluster_accepts_passes(asked, line):
    code, report = asked([settings("1")], [settings("2"), secret("abc")], line=line)
    assert (code, answers(report)) == (0, {"settings": "accepted", "login": "accepted"})
    assert "asked e2e by dry runs: 2 accepted" in report["releases"][0]["evidence"]["notes"]
    assert not kubectl("get", "configmap,secret", "-n", asked.namespace, "-o", "name")


def test_the_three_way_patch_of_a_live_object_is_asked(asked):
    marks = {"meta.helm.sh/release-name": "shop"}
    marks["meta.helm.sh/release-namespace"] = asked.namespace
    live = settings("1", immutable=True)
    live["metadata"] = {
        "name": "settings",
        "labels": {"app.kubernetes.io/managed-by": "Helm"},
        "annotations": marks,
    }
    kubectl("create", "-n", asked.namespace, "-f", "-", body=live)
    code, report = asked([settings("1")], [settings("2")])
    assert (code, answers(report)) == (1, {"settings": "rejected"})
    assert "immutable" in refusals(report)[0]
    code, report = asked([settings("1")], [settings("1")])
    assert (code, answers(report)) == (0, {"settings": "accepted"})
    code, report = asked([], [settings("1")], "--release", "other")
    assert (code, answers(report)) == (1, {"settings": "rejected"})
    assert "cannot be imported into the current release" in refusals(report)[0]


@pytest.mark.parametrize("line", ["3", "4"])
def test_a_quota_answers(asked, line):
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "few"},
        "spec": {"hard": {"count/secrets": "0"}},
    }
    kubectl("create", "-n", asked.namespace, "-f", "-", body=quota)
    status = {"status": {"hard": {"count/secrets": "0"}, "used": {"count/secrets": "0"}}}
    patch = ("patch", "resourcequota", "few", "--subresource=status", "--type=merge")
    kubectl(*patch, "-n", asked.namespace, "-p", json.dumps(status))

    def refused():
        code, report = asked([settings()], [settings(), secret("abc")], line=line)
        return code == 1 and "exceeded quota: few" in "".join(refusals(report))

    wait_until(refused)


@pytest.mark.parametrize("line", ["3", "4"])
def test_missing_rights_answer(asked, line):
    code, report = asked([], [settings()], line=line, context="guest")
    assert (code, answers(report)) == (1, {"settings": "rejected"})
    assert 'User "guest" cannot' in refusals(report)[0]


def policy(namespace):
    spec = {
        "matchConstraints": {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "resourceRules": [
                {
                    "apiGroups": [""],
                    "apiVersions": ["v1"],
                    "operations": ["CREATE", "UPDATE"],
                    "resources": ["configmaps"],
                }
            ],
        },
        "validations": [{"expression": "object.data.a != '2'", "message": "never two"}],
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": namespace},
        "spec": spec,
    }


def test_an_admission_policy_answers(asked):
    kubectl("create", "-f", "-", body=policy(asked.namespace))
    binding = {
        **policy(asked.namespace),
        "kind": "ValidatingAdmissionPolicyBinding",
        "spec": {"policyName": asked.namespace, "validationActions": ["Deny"]},
    }
    kubectl("create", "-f", "-", body=binding)

    def refused():
        code, report = asked([settings("1")], [settings("2")])
        return code == 1 and "never two" in "".join(refusals(report))

    wait_until(refused)
    assert asked([settings("1")], [settings("3")])[0] == 0


class Denies(BaseHTTPRequestHandler):
    """A webhook that denies everything."""

    def do_POST(self):
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = {"uid": review["request"]["uid"], "allowed": False}
        answer["status"] = {"message": "not on a Friday"}
        content = json.dumps({**review, "request": None, "response": answer}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format, *args):
        pass


@pytest.fixture
def webhook(tmp_path):
    """(URL, CA bundle) of a webhook that denies."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    words = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2")
    names = ("-subj", "/CN=hook", "-addext", "subjectAltName=IP:127.0.0.1")
    files = ("-keyout", str(key), "-out", str(certificate))
    subprocess.run([*words, *names, *files], check=True, capture_output=True, timeout=LIMIT)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Denies)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    bundle = base64.b64encode(certificate.read_bytes()).decode()
    yield f"https://127.0.0.1:{server.server_port}/", bundle
    server.shutdown()


def hooked(namespace, url, bundle, **more):
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": ["configmaps"],
    }
    hook = {
        "name": "friday.example.com",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "clientConfig": {"url": url, "caBundle": bundle},
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "rules": [rule],
        **more,
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": namespace},
        "webhooks": [hook],
    }


def test_a_webhook_answers(asked, webhook):
    kubectl("create", "-f", "-", body=hooked(asked.namespace, *webhook))

    def refused():
        code, report = asked([], [settings()])
        return code == 1 and "not on a Friday" in "".join(refusals(report))

    try:
        wait_until(refused)
    finally:
        kubectl("delete", "validatingwebhookconfiguration", asked.namespace)


def test_a_webhook_that_takes_no_dry_run_gives_no_answer(asked, webhook):
    some = hooked(asked.namespace, *webhook, sideEffects="NoneOnDryRun")
    kubectl("create", "-f", "-", body=some)
    try:
        wait_until(lambda: asked([], [settings()])[0] == 1)
    finally:
        kubectl("delete", "validatingwebhookconfiguration", asked.namespace)


def test_what_the_upgrade_makes_itself_is_not_asked(asked):
    zone = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"{asked.namespace}-new"}}
    member = settings()
    member["metadata"] = {"name": "member", "namespace": f"{asked.namespace}-new"}
    code, report = asked([settings()], [settings(), zone, member])
    assert code == 0
    assert answers(report)["member"] is None
    assert answers(report)[f"{asked.namespace}-new"] == "accepted"


def test_a_hook_that_is_deleted_first_is_no_obstacle(asked):
    hook = settings()
    hook["metadata"] = {"name": "hook", "annotations": {"helm.sh/hook": "pre-upgrade"}}
    kubectl("create", "-n", asked.namespace, "-f", "-", body=hook)
    code, report = asked([settings()], [settings(), hook])
    assert (code, answers(report)) == (0, {"settings": "accepted", "hook": "accepted"})
    hook["metadata"]["annotations"]["helm.sh/hook-delete-policy"] = "hook-failed"
    code, report = asked([settings()], [settings(), hook])
    assert (code, answers(report)["hook"]) == (1, "rejected")


def test_the_log_holds_no_secret_and_the_score_reads_it(asked, tmp_path):
    log = tmp_path / "answers.jsonl"
    asked([secret("hunter2hunter2")], [secret("correcthorse77")], "--ask-log", str(log))
    text = log.read_text()
    assert "hunter2hunter2" not in text
    assert "correcthorse77" not in text
    (row,) = map(json.loads, text.splitlines())
    assert row["helm33"]["upgrade"] == "accepted"
    from scripts.score_forecast import asked as scored

    assert [(answer.recorded, str(answer.ours)) for answer in scored(log)] == [
        ("accepted", "accepted")
    ]


def test_no_answer_is_no_pass(asked):
    code, report = asked([settings()], [settings()], context="nowhere")
    assert (code, answers(report)) == (2, {"settings": "error"})
