"""`--changed` against the full run, on random repositories and random changes: whatever the full
run says of a release that the change touches `--changed` says too, and it leaves out none of which
the change makes the full run say anything."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from policylint.cli.app import run
from tests.helm.sources.repository import Repo
from tests.helms import any_helm
from tests.pipeline.configuration.test_base import CLAIM

EXAMPLES = int(os.environ.get("POLICYLINT_FUZZ", "8"))
NAMES = ("a", "b", "c")
SPELLINGS = (
    'dependencies:\n  - {name: lib, version: 1.0.0, repository: "file://../lib"}\n',
    "dependencies:\n  - name: lib\n    version: 1.0.0\n    'repository': file://../lib\n",
    "dependencies:\n  - name: lib\n    version: 1.0.0\n    repository: >-\n      file://../lib\n",
    "where: &w file://../lib\ndependencies:\n  - {name: lib, version: 1.0.0, repository: *w}\n",
    'dependencies: [{"name": "lib", "version": "1.0.0", "repository": "\\x66ile://../lib"}]\n',
    "",
)
CHANGES = (
    "chart values",
    "template",
    "library",
    "values file",
    "link target",
    "set file",
    "configured set",
    "configured values",
    "other configuration",
    "script",
    "unrelated",
)


class Random:
    """What one repository is made of, and what changes."""

    def __init__(self, draw: st.DataObject) -> None:
        self.dependencies = {name: draw.draw(st.sampled_from(SPELLINGS)) for name in NAMES}
        self.linked = draw.draw(st.sets(st.sampled_from(NAMES)))
        self.with_values = draw.draw(st.sets(st.sampled_from(NAMES)))
        self.script = draw.draw(st.sampled_from((None, *NAMES)))
        changes = st.tuples(st.sampled_from(CHANGES), st.sampled_from(NAMES))
        self.changes = draw.draw(st.lists(changes, min_size=1, max_size=3))


def built(repo: Repo, made: Random) -> dict[str, Any]:
    """The base, and its configuration."""
    releases = []
    repo.file("lib/Chart.yaml", "apiVersion: v2\nname: lib\nversion: 1.0.0\n")
    repo.file("lib/values.yaml", "size: 1Gi\n")
    repo.file("lib/templates/db.yaml", CLAIM.replace("{name: db}", '{name: "{{ .Release.Name }}"}'))
    for name in NAMES:
        head = f"apiVersion: v2\nname: {name}\nversion: 1.0.0\n{made.dependencies[name]}"
        repo.file(f"{name}/Chart.yaml", head)
        repo.file(f"{name}/values.yaml", "size: 8Gi\n")
        repo.file(f"{name}/templates/db.yaml", CLAIM)
        values = []
        if name in made.with_values:
            target = repo.file(f"shared/{name}.yaml", "other: 1\n")
            values = [f"values/{name}.yaml"]
            link = repo.top / values[0]
            link.parent.mkdir(exist_ok=True)
            if name in made.linked:
                link.symlink_to(os.path.relpath(target, link.parent))
            else:
                link.write_text("other: 1\n")
        releases.append({"name": name, "chart": f"./{name}", "namespace": "prod", "values": values})
    if made.script:
        repo.file("deploy.sh", f"helm upgrade {made.script} ./{made.script} -n prod\n")
    return {"releases": releases}


def change(repo: Repo, made: Random, config: dict[str, Any], what: str, name: str) -> None:
    release = next(item for item in config["releases"] if item["name"] == name)
    if what == "chart values":
        repo.file(f"{name}/values.yaml", "size: 20Gi\n")
    elif what == "template":
        repo.file(f"{name}/templates/db.yaml", CLAIM.replace("serviceName: db", "serviceName: x"))
    elif what == "library":
        repo.file("lib/values.yaml", "size: 2Gi\n")
    elif what == "values file" and release["values"] and name not in made.linked:
        repo.file(f"values/{name}.yaml", "size: 20Gi\n")
    elif what == "link target":
        repo.file(f"shared/{name}.yaml", "size: 20Gi\n")
    elif what == "configured set":
        release["set"] = ["size=30Gi"]
    elif what == "configured values":
        repo.file("more.yaml", "size: 40Gi\n")
        release["values"] = [*release["values"], "more.yaml"]
    elif what == "other configuration":
        config["fail-on"] = "warning"
    elif what == "script" and made.script:
        repo.file(
            "deploy.sh", f"helm upgrade {made.script} ./{made.script} -n prod --reuse-values\n"
        )
    elif what == "unrelated":
        repo.file(f"docs/{name}.md", "x\n")


def judged(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    run(["check", *words, "--format", "json"])
    captured = capsys.readouterr()
    assert captured.out, captured.err
    report = json.loads(captured.out)
    return {release["name"]: release for release in report["releases"]}


def sense(release: dict[str, Any]) -> Any:
    """What is said of a release, without what only tells where it was seen."""
    findings = sorted(
        (finding["rule"], finding["path"], str(finding["resource"]))
        for finding in release["findings"]
    )
    return release["verdict"], findings, [finding["message"] for finding in release["failures"]]


@pytest.mark.heavy
@settings(
    max_examples=EXAMPLES,
    phases=[Phase.explicit, Phase.generate],  # what is drawn is small already
    deadline=None,
    derandomize=not os.environ.get("POLICYLINT_FUZZ"),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_it_says_of_the_changed_releases_what_the_full_run_says(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    data: st.DataObject,
) -> None:
    made = Random(data)
    monkeypatch.setenv("POLICYLINT_HELM", any_helm().path)
    with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
        repo = Repo(Path(folder) / "repo").init()
        monkeypatch.chdir(repo.top)
        config = built(repo, made)
        repo.file(".policylint.yaml", yaml.safe_dump(config))
        repo.commit("base")
        repo.git("switch", "--quiet", "--create", "feature")
        for what, name in made.changes:
            change(repo, made, config, what, name)
        repo.file(".policylint.yaml", yaml.safe_dump(config))
        repo.commit("change")
        full, narrow = judged(capsys), judged(capsys, "--changed")
        monkeypatch.chdir(tmp_path)
    for name, release in narrow.items():
        assert sense(release) == sense(full[name]), (name, made.changes)
    for name in full.keys() - narrow.keys():
        fields = [item["fields"] for item in full[name]["changes"]]
        impacts = {item["impact"] for item in full[name]["changes"]}
        assert impacts <= {"none"} and not any(fields), (name, made.changes, vars(made))
