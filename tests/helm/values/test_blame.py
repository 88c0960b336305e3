"""The key of the user's values that a finding's field comes from, as the command line tells it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from policylint.cli.app import run
from tests.helm.sources.repository import Repo
from tests.helms import any_helm

TEMPLATE = """\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: {{ .Values.service }}
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers: [{name: db, image: "postgres:16"}]
  volumeClaimTemplates:
    - metadata: {name: data}
      spec:
        accessModes: [ReadWriteOnce]
        resources: {requests: {storage: {{ .Values.persistence.size }}}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: job}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: job, image: "{{ .Values.image }}:{{ .Values.tag }}"}]
"""
JOB_WITH_PASSWORD = """\
apiVersion: batch/v1
kind: Job
metadata: {name: migrate}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: job, image: app, args: ["--key={{ .Values.password }}"]}]
"""
VALUES = "persistence: {size: 8Gi}\nservice: db\nimage: app\ntag: '1.0'\nunused: x\n"
PROD = "# production\npersistence:\n  size: 8Gi\n"


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    repo = Repo(tmp_path / "repo").init().chart("chart")
    repo.file("chart/templates/config.yaml", TEMPLATE)
    repo.file("chart/values.yaml", VALUES)
    repo.file("values/prod.yaml", PROD)
    repo.commit()
    monkeypatch.chdir(repo.top)
    return repo


def causes(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, list[dict[str, Any]]]:
    """The places in values of each finding on a field, by rule."""
    run(
        [
            "check",
            "chart",
            "-f",
            "values/prod.yaml",
            *words,
            "--helm",
            any_helm().path,
            "--format",
            "json",
        ]
    )
    report = json.loads(capsys.readouterr().out)["releases"][0]["findings"]
    return {
        finding["rule"]: [place for place in finding["locations"] if place["role"] != "rendered"]
        for finding in report
        if finding["path"]
    }


def test_a_changed_key_of_a_values_file_is_named_with_its_line(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.file("values/prod.yaml", PROD.replace("8Gi", "20Gi"))
    expected = {"role": "cause", "file": "values/prod.yaml", "line": 3, "key": "persistence.size"}
    (place,) = causes(capsys)["statefulset-immutable-field"]
    assert expected.items() <= place.items()


def test_a_staged_file_is_named_as_the_user_has_it(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.file("values/prod.yaml", PROD.replace("8Gi", "20Gi"))
    repo.git("add", "--all")
    repo.file("chart/untracked.txt", "")
    assert causes(capsys)["statefulset-immutable-field"][0]["file"] == "values/prod.yaml"


def test_a_changed_default_is_found_in_the_chart(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.file("chart/values.yaml", VALUES.replace("service: db", "service: database"))
    (place,) = causes(capsys)["statefulset-immutable-field"]
    assert (place["file"], place["line"], place["key"]) == ("chart/values.yaml", 2, "service")


def test_a_part_of_a_field_is_found_where_nothing_else_explains_it(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.file("chart/values.yaml", VALUES.replace("1.0", "1.1"))
    assert causes(capsys)["job-template-changed"][0]["key"] == "tag"


def test_set_is_a_place_too(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    repo.file("chart/values.yaml", VALUES.replace("8Gi", "9Gi"))
    repo.file("values/prod.yaml", "{}\n")
    assert causes(capsys)["statefulset-immutable-field"][0]["key"] == "persistence.size"


def test_of_two_keys_that_changed_alike_the_one_that_does_it_is_named(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.file("values/prod.yaml", PROD + "unused: 8Gi\n")
    repo.commit()
    repo.file("values/prod.yaml", PROD.replace("8Gi", "20Gi") + "unused: 20Gi\n")
    (place,) = causes(capsys)["statefulset-immutable-field"]
    assert (place["key"], place["before"], place["after"]) == ("persistence.size", "8Gi", "20Gi")
    repo.file("values/prod.yaml", PROD.replace("8Gi", "20Gi") + "unused: 8Gi\nother: 20Gi\n")
    assert causes(capsys)["statefulset-immutable-field"][0]["key"] == "persistence.size"


def test_the_text_report_names_the_cause_before_the_render(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.file("values/prod.yaml", PROD.replace("8Gi", "20Gi"))
    assert run(["check", "chart", "-f", "values/prod.yaml", "--helm", any_helm().path]) == 1
    lines = capsys.readouterr().out.splitlines()
    cause = lines.index("  caused by   values/prod.yaml:3  persistence.size (8Gi -> 20Gi)")
    (rendered,) = [number for number, line in enumerate(lines) if line.startswith("  rendered ")]
    assert cause < rendered


def test_without_trials_a_cause_is_only_likely(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.file("values/prod.yaml", PROD.replace("8Gi", "20Gi") + "other: 1\n")
    (place,) = causes(capsys, "--blame", "0")["statefulset-immutable-field"]
    assert (place["key"], place["confirmed"]) == ("persistence.size", False)


def test_a_budget_that_does_not_suffice_is_said(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    many = "".join(f"key{number}: 1\n" for number in range(20))
    repo.file("values/prod.yaml", PROD + many + "service: database\nimage: a\ntag: x\n")
    assert run(["check", "chart", "-f", "values/prod.yaml", "--blame", "1"]) == 1
    words = " ".join(capsys.readouterr().out.split())
    assert (
        "not confirmed: more than 1 trial renders or 0.5 seconds of work are needed (--blame 4)"
        in words
    )


def test_secrets_among_the_causes_are_masked(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    repo.file("chart/values.yaml", VALUES + "password: hunter2hunter2\n")
    repo.file("chart/templates/job.yaml", JOB_WITH_PASSWORD)
    repo.commit()
    repo.file("values/prod.yaml", PROD + "password: correcthorse99\nother: 1\n")
    (place,) = causes(capsys)["job-template-changed"]
    assert place["key"] == "password"
    assert not {"hunter2hunter2", "correcthorse99"} & {place["before"], place["after"]}
