"""What kubectl is given, and what its answers mean; a program that writes down its words stands for
it."""

import json
import os
import sys

import pytest

from policylint.errors import SourceError, UsageError
from policylint.kubernetes.dryrun.kubectl import Kubectl, kubectl_of, meaning
from policylint.model import Outcome, ResourceId

SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "login", "namespace": "prod"},
    "stringData": {"password": "hunter2hunter2"},
}
ID = ResourceId("", "Secret", "prod", "login")
RECORDER = """\
import json, os, sys
words = sys.argv[1:]
with open(os.environ["WORDS"], "a") as out:
    out.write(json.dumps([words, sys.stdin.read()]) + "\\n")
"""


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    script, words = tmp_path / "kubectl", tmp_path / "words"
    script.write_text(f"#!{sys.executable}\n{RECORDER}")
    script.chmod(0o700)
    monkeypatch.setenv("WORDS", str(words))
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return lambda: [json.loads(line) for line in words.read_text().splitlines()]


def test_everything_but_get_is_a_dry_run_and_no_secret_is_a_word(recorded):
    asked = kubectl_of("staging")
    asked.live(SECRET, ID)
    asked.create(SECRET, ID)
    asked.apply(SECRET, ID, force=False)
    asked.replace(SECRET, ID)
    asked.patch({"stringData": {"password": "hunter2hunter2"}}, SECRET, ID, "strategic")
    verbs = []
    for words, stdin in recorded():
        assert words[:3] == ["--context=staging", "--request-timeout=60s", "--namespace=prod"]
        assert "hunter2" not in " ".join(words)
        verbs.append(words[3])
        assert verbs[-1] == "get" or "--dry-run=server" in words
        assert ("hunter2" in stdin) is (verbs[-1] != "get")
    assert verbs == ["get", "create", "apply", "replace", "patch"]


@pytest.mark.parametrize("name", ["--kubeconfig=/tmp/other", "a/b", "-n", "", "x y"])
def test_no_name_is_an_option_of_kubectl(recorded, name):
    identity = ResourceId("", "Secret", "prod", name)
    answer = kubectl_of("staging").patch({"a": 1}, SECRET, identity, "merge")
    assert answer.outcome is None
    answer = kubectl_of("staging").patch({"a": 1}, {"apiVersion": "v1;x"}, ID, "merge")
    assert answer.outcome is None


@pytest.mark.parametrize("context", ["", " ", "--kubeconfig=x"])
def test_a_context_is_named(context):
    with pytest.raises(UsageError, match="context"):
        kubectl_of(context)


def test_there_must_be_a_kubectl(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceError, match="kubectl"):
        kubectl_of("staging")


def test_a_kubectl_that_does_not_run_gives_no_answer(tmp_path):
    answer = Kubectl(str(tmp_path / "none"), "staging").create(SECRET, ID)
    assert (answer.outcome, "cannot be run" in answer.message) == (None, True)


CREATING = 'error when creating "STDIN": '


@pytest.mark.parametrize(
    ("code", "err", "outcome", "message"),
    [
        (0, "", Outcome.ACCEPTED, ""),
        (0, "Warning: policy says no\n", Outcome.ACCEPTED, "Warning: policy says no"),
        (
            1,
            f"Warning: old\nError from server (Forbidden): {CREATING}pods is forbidden\n",
            Outcome.REJECTED,
            "pods is forbidden",
        ),
        (
            1,
            'The Service "a" is invalid: spec.ports: Required value',
            Outcome.REJECTED,
            'The Service "a" is invalid: spec.ports: Required value',
        ),
        (
            1,
            "Error from server: admission webhook denied the request: no",
            Outcome.REJECTED,
            "admission webhook denied the request: no",
        ),
        (
            1,
            "Error from server (InternalError): Internal error occurred: failed calling webhook",
            Outcome.REJECTED,
            "Internal error occurred: failed calling webhook",
        ),
        (
            1,
            'Error from server (BadRequest): admission webhook "x" does not support dry run',
            None,
            'admission webhook "x" does not support dry run',
        ),
        (1, "Error from server (TooManyRequests): later", None, "later"),
        (
            1,
            'error: Apply failed with 1 conflict: conflict with "x": .spec.replicas\n'
            "Please review the fields above--they currently have other managers.",
            Outcome.REJECTED,
            'Apply failed with 1 conflict: conflict with "x": .spec.replicas',
        ),
        (1, 'error: no matches for kind "A" in version "b/v1"', Outcome.REJECTED, "no matches"),
        (1, "error: You must be logged in to the server", None, "You must be logged in"),
        (1, "Unable to connect to the server: EOF", None, "Unable to connect"),
        (1, 'error: context "x" does not exist', None, 'context "x" does not exist'),
        (3, "", None, "kubectl ended with 3"),
    ],
)
def test_an_answer_is_the_servers_or_none(code, err, outcome, message):
    answer = meaning(code, err)
    assert answer.outcome is outcome
    assert answer.message.startswith(message)
