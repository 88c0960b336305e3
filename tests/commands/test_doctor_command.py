"""`policylint doctor` from outside: a deploy without a check fails the run."""

from __future__ import annotations

import json

import pytest

from tests.commands.test_scan import as_json, here, run

__all__ = ["as_json", "here"]

SCRIPT = "policylint check ./chart\nhelm upgrade web ./chart\n"


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"deploy.sh": SCRIPT}, 0),
        ({"deploy.sh": "helm upgrade web ./chart\n"}, 1),
        ({"deploy.sh": "helm upgrade web ./chart --dry-run\n"}, 0),
        ({"deploy.sh": "helm list\n"}, 0),
        (
            {
                "deploy.sh": "helm upgrade web ./chart\n",
                ".pre-commit-config.yaml": (
                    "repos:\n  - repo: x\n    hooks:\n      - id: policylint-check\n"
                ),
            },
            0,
        ),
    ],
)
def test_a_deploy_without_a_check_fails(here, capsys, monkeypatch, files, code):
    for name, text in files.items():
        (here / name).write_text(text)
    found, out, _ = run(capsys, monkeypatch, "doctor", "--format", "json")
    assert found == code
    assert [each["covered"] for each in json.loads(out)["deploys"]] == [code == 0] * ("web" in out)
    found, out, _ = run(capsys, monkeypatch, "doctor")
    assert found == code
    assert ("NOT COVERED" in out) is (code == 1)


def test_a_path_that_is_missing_is_unknown(here, capsys, monkeypatch):
    assert run(capsys, monkeypatch, "doctor", "missing")[0] == 2


def test_an_unknown_format_is_refused(here, capsys, monkeypatch):
    assert run(capsys, monkeypatch, "doctor", "--format", "sarif")[0] == 2
