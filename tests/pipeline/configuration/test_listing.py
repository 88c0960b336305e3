"""Where the configuration writes what makes a finding: its `set` and its `version`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from policylint.cli.app import run
from policylint.pipeline.configuration.listing import Listing
from tests.helm.sources.repository import Repo
from tests.helms import helm
from tests.pipeline.test_blame import statefulset

CONFIG = """\
releases:
  - name: other
    chart: ./db
    set: [size=9Gi]
  - name: db
    chart: ./db
    namespace: prod
    version: 1.0.0
    set:
      - size=9Gi
      - size=8Gi
      - size=9Gi
    environments:
      test: {set: ["size=8Gi,tier=a"], version: 2.0.0}
      live: {name: db-live}
"""


@pytest.mark.parametrize(
    ("environment", "name", "assignment", "line"),
    [
        ("test", "db", "size=9Gi", 12),
        ("test", "db", "size=8Gi", 11),
        ("test", "db", "size=8Gi,tier=a", 14),
        ("live", "db-live", "size=8Gi", 11),
        ("live", "db-live", "size=8Gi,tier=a", 0),
        ("live", "db", "size=8Gi", 0),
        ("test", "db", "size=1Gi", 0),
    ],
)
def test_the_entry_that_sets_a_value_is_found(
    tmp_path: Path, environment: str, name: str, assignment: str, line: int
) -> None:
    file = tmp_path / ".policylint.yaml"
    file.write_text(CONFIG)
    place = Listing((str(file),), name, "prod", environment).of_set(assignment)
    assert (place.line if place else 0) == line


def test_the_version_is_that_of_the_environment_first(tmp_path: Path) -> None:
    file = tmp_path / ".policylint.yaml"
    file.write_text(CONFIG)
    versions = [
        Listing((str(file),), name, "prod", environment).of_version()
        for name, environment in (("db", "test"), ("db-live", "live"))
    ]
    assert [place.line if place else 0 for place in versions] == [14, 8]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("    set: [size=8Gi]\n", "    set:\n      - tier=a\n      - size=9Gi\n", 6),
        ("    set: [size=9Gi]\n", "    set: []\n", 2),
    ],
)
def test_what_the_configuration_sets_is_a_cause_at_its_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    old: str,
    new: str,
    line: int,
) -> None:
    repo = Repo(tmp_path / "repo").init()
    listed = "releases:\n  - name: db\n    chart: ./db\n"
    repo.file(".policylint.yaml", listed + old)
    repo.file("db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.0.0\n")
    repo.file("db/values.yaml", "size: 8Gi\n")
    repo.file("db/templates/db.yaml", statefulset("{{ .Values.size }}"))
    repo.commit()
    repo.file(".policylint.yaml", listed + new)
    repo.commit()
    monkeypatch.chdir(repo.top)
    run(["check", "--before", "git:HEAD^1", "--helm", helm("4").path, "--format", "json"])
    (release,) = json.loads(capsys.readouterr().out)["releases"]
    (finding,) = (
        row for row in release["findings"] if row["rule"] == "statefulset-immutable-field"
    )
    causes = [place for place in finding["locations"] if place["role"] == "cause"]
    assert [(place["file"], place["line"], place["key"]) for place in causes] == [
        (".policylint.yaml", line, "size")
    ]
