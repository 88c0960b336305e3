"""Every integration does what it says: its steps are run, in a clone with a change that is refused
and in one with a change that is not."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from policylint.version import __version__
from tests import helms
from tests.helm.sources.repository import Repo

ROOT = Path(__file__).parents[2]
INTEGRATIONS = ROOT / "integrations"
DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: {{ .Values.app }}}}
  template:
    metadata: {labels: {app: {{ .Values.app }}}}
    spec: {containers: [{name: web, image: "registry.example.com/web:{{ .Values.tag }}"}]}
"""
CONFIG = "releases:\n  - {name: web, namespace: prod, chart: ./chart, values: [values.yaml]}\n"
REFUSED = "app: other\ntag: '1'\n"
FINE = "app: web\ntag: '2'\n"


@pytest.fixture
def clone(tmp_path: Path) -> Repo:
    """A clone on a branch of its own; the default branch is known."""
    origin = Repo(tmp_path / "origin").init()
    origin.file("chart/Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\n")
    origin.file("chart/templates/web.yaml", DEPLOYMENT)
    origin.file("values.yaml", "app: web\ntag: '1'\n")
    origin.file(".policylint.yaml", CONFIG)
    origin.commit()
    origin.git("clone", "-q", str(origin.top), str(tmp_path / "clone"))
    copy = Repo(tmp_path / "clone")
    copy.git("checkout", "-q", "-b", "change")
    return copy


def change(repo: Repo, values: str) -> None:
    repo.file("values.yaml", values)
    repo.commit()


def program(room: Path, name: str, script: str) -> None:
    """A program of a test's own, found before all others."""
    file = room / "bin" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


def run(
    repo: Repo, room: Path, script: str, shell: str = "bash", **environment: str
) -> subprocess.CompletedProcess[str]:
    """A script of a CI system: pip installs nothing, and policylint is that of this checkout."""
    program(room, "policylint", f'PYTHONPATH={ROOT} exec {sys.executable} -m policylint "$@"')
    program(room, "pip", "exit 0")
    own = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    place = {"PATH": f"{room}/bin:{os.environ['PATH']}", "POLICYLINT_HELM": helms.find("4")}
    return subprocess.run(
        [shell, "-e", "-c", script],
        cwd=repo.top,
        env={**own, **place, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )


def read(name: str) -> Any:
    return yaml.safe_load((INTEGRATIONS / name).read_text())


def jenkins() -> str:
    text = (INTEGRATIONS / "jenkins/Jenkinsfile").read_text()
    script = re.findall(r"sh '''(.*?)'''", text, re.S)[0]
    lines = [line for line in script.splitlines() if "venv" not in line and "pip" not in line]
    return "\n".join(lines).replace(".policylint/bin/", "")


def gitlab() -> str:
    job = read("gitlab/policylint.gitlab-ci.yml")["policylint"]
    settings = [f"export {name}='{value}'" for name, value in job["variables"].items()]
    return "\n".join([*settings, *job["before_script"], *job["script"]])


def circleci() -> str:
    steps = read("circleci/config.yml")["jobs"]["policylint"]["steps"]
    return "\n".join(step["run"] for step in steps if "run" in step)


def bitbucket() -> str:
    (step,) = read("bitbucket/bitbucket-pipelines.yml")["pipelines"]["pull-requests"]["**"]
    return "\n".join(step["step"]["script"])


def azure() -> str:
    steps = read("azure/azure-pipelines.yml")["steps"]
    return "\n".join(step["script"] for step in steps if "script" in step)


def woodpecker() -> str:
    (step,) = read("woodpecker/policylint.yaml")["steps"]
    return "\n".join(step["commands"])


SYSTEMS = {
    jenkins: ("policylint.xml", "policylint.html"),
    gitlab: ("gl-code-quality-report.json", "policylint.xml", "policylint.html"),
    circleci: ("reports/policylint/report.xml", "reports/policylint.html"),
    bitbucket: ("test-reports/policylint.xml", "policylint.html"),
    azure: ("policylint.xml", "policylint.html"),
    woodpecker: (),
}


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.__name__)
def test_a_pipeline_fails_for_what_is_refused_and_leaves_its_reports(
    system: Any, clone: Repo, tmp_path: Path
) -> None:
    change(clone, REFUSED)
    done = run(clone, tmp_path, system(), "sh")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "error[selector-changed]" in done.stdout
    assert all((clone.top / file).stat().st_size for file in SYSTEMS[system])


def test_a_pipeline_passes_what_goes_well(clone: Repo, tmp_path: Path) -> None:
    change(clone, FINE)
    done = run(clone, tmp_path, gitlab(), "sh")
    assert done.returncode == 0, done.stdout + done.stderr


def files() -> Iterator[Path]:
    yield ROOT / "action.yml"
    yield from (path for path in INTEGRATIONS.rglob("*") if path.suffix in (".yml", ".yaml"))
    yield INTEGRATIONS / "jenkins/Jenkinsfile"


@pytest.mark.parametrize("file", list(files()), ids=lambda file: file.parent.name)
def test_the_version_is_pinned_to_this_one(file: Path) -> None:
    text = file.read_text()
    numbers = re.findall(r"(?:==|default: \"|VERSION: \"|^version: )(\d+\.\d+\.\d+)", text, re.M)
    assert numbers
    assert set(numbers) == {__version__}


ACTION = yaml.safe_load((ROOT / "action.yml").read_text())


def step(name: str) -> str:
    (row_of_step,) = (row for row in ACTION["runs"]["steps"] if row.get("name") == name)
    return row_of_step["run"]


def checked(
    clone: Repo, room: Path, arguments: str = ""
) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
    """The action's check step, and the outputs that it leaves."""
    output, summary = room / "output", room / "summary"
    for file in (output, summary):
        file.touch()
    done = run(
        clone,
        room,
        step("check"),
        ARGUMENTS=arguments,
        SCAN="true",
        RUNNER_TEMP=str(room),
        GITHUB_ACTIONS="true",
        GITHUB_OUTPUT=str(output),
        GITHUB_STEP_SUMMARY=str(summary),
    )
    return done, dict(line.split("=", 1) for line in output.read_text().splitlines())


def test_the_action_annotates_sums_up_and_reports(clone: Repo, tmp_path: Path) -> None:
    change(clone, REFUSED)
    done, outputs = checked(clone, tmp_path, "--fail-on 'error'")
    assert done.returncode == 0, done.stderr
    assert (outputs["verdict"], outputs["sarif"]) == ("fail", "true")
    annotation = r"^::error title=policylint%3A selector-changed,file=values.yaml,line=1"
    assert re.search(annotation, done.stdout, re.M), done.stdout
    assert "prod/web" in (tmp_path / "summary").read_text()
    written = {path.name for path in Path(outputs["report"]).iterdir()}
    assert written == {"report.html", "report.json", "report.md", "report.sarif"}
    assert run(clone, tmp_path, step("verdict"), CODE=outputs["code"]).returncode == 1


def test_the_action_is_unknown_where_policylint_cannot_judge(clone: Repo, tmp_path: Path) -> None:
    template = '{{ (lookup "v1" "Namespace" "" "default").metadata.uid }}'
    clone.file("chart/templates/web.yaml", f"kind: ConfigMap\n# {template}\n")
    clone.commit()
    _, outputs = checked(clone, tmp_path)
    assert outputs["verdict"] == "unknown"
    assert run(clone, tmp_path, step("verdict"), CODE="").returncode == 2


def test_the_action_s_conditions_look_at_nothing_outside_the_workspace() -> None:
    conditions = [row.get("if", "") for row in ACTION["runs"]["steps"]]
    assert not any("hashFiles" in condition for condition in conditions)  # it sees no other file


def test_what_github_refuses_to_publish_is_no_verdict() -> None:
    publishing = [
        row
        for row in ACTION["runs"]["steps"]
        if row.get("name") == "comment" or "upload-sarif" in row.get("uses", "")
    ]
    assert [row["continue-on-error"] for row in publishing] == [True, True]


@pytest.mark.parametrize(("known", "wanted"), [("", "--method POST"), ("42", "comments/42")])
def test_the_comment_is_written_once_and_then_updated(
    clone: Repo, tmp_path: Path, known: str, wanted: str
) -> None:
    calls = tmp_path / "calls"
    program(tmp_path, "gh", f'echo $* >> {calls}\n[ "$2" != --paginate ] || echo {known}')
    report = tmp_path / "report.md"
    report.write_text("<!-- policylint report -->\n")
    script = f"{INTEGRATIONS}/github/comment.sh octo/shop 7 {report}"
    done = run(clone, tmp_path, script)
    assert done.returncode == 0, done.stderr
    first, second = calls.read_text().splitlines()
    assert "repos/octo/shop/issues/7/comments" in first
    assert wanted in second


@pytest.mark.parametrize("line", ["3", "4"])
def test_the_plugin_takes_helm_s_own_command_line(line: str, clone: Repo, tmp_path: Path) -> None:
    helms.helm(line)  # skips where there is none
    helm = helms.find(line)
    change(clone, REFUSED)
    homes = ("HELM_DATA_HOME", "HELM_CACHE_HOME", "HELM_CONFIG_HOME")
    place = {name: str(tmp_path / "helm") for name in homes}
    room = tmp_path / "plugin"
    shutil.copytree(INTEGRATIONS / f"helm{line}", room)
    installed = run(clone, tmp_path, f"{helm} plugin install {room}", **place)
    assert installed.returncode == 0, installed.stderr
    upgrade = f"{helm} policylint upgrade --install web chart -n prod -f values.yaml"
    done = run(clone, tmp_path, upgrade, **place)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "error[selector-changed]" in done.stdout
    assert "Deployment prod/web" in done.stdout
    scanned = run(clone, tmp_path, f"{helm} policylint scan .", **place)
    assert scanned.returncode == 0, scanned.stderr


def test_the_image_is_not_root_and_its_stages_exist() -> None:
    text = (ROOT / "Dockerfile").read_text()
    last = re.split(r"(?m)^FROM ", text)[-1].splitlines()
    steps = [number for number, row in enumerate(last) if row.startswith("RUN")]
    assert last.index("USER 10001") > max(steps)
    assert 'ENTRYPOINT ["policylint"]' in last
    named = set(re.findall(r"--from=(\w+)", text))
    assert named == set(re.findall(r"(?m)^FROM \S+ AS (\w+)", text))


@pytest.mark.heavy
def test_the_image_s_package_is_built_from_what_is_copied(tmp_path: Path) -> None:
    """The step that makes the wheel, with what .dockerignore leaves of this checkout."""
    left_out = (ROOT / ".dockerignore").read_text().split()
    room = tmp_path / "source"
    patterns = [name.removeprefix("**/") for name in left_out]
    shutil.copytree(ROOT, room, ignore=shutil.ignore_patterns(*patterns, ".*_cache"))
    built = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(tmp_path), "."],
        cwd=room,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    assert list(tmp_path.glob("policylint-*.whl"))


def test_the_base_install_is_the_same_everywhere() -> None:
    """No dependency depends on the system: markers cannot tell musl from glibc."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert [word for word in project["project"]["dependencies"] if ";" in word] == []


def test_without_re2_rules_of_one_s_own_are_judged(tmp_path: Path) -> None:
    (tmp_path / "re2.py").write_text("raise ImportError('no wheel here')\n")
    case = ROOT / "fixtures/rules/claim-shared-by-pods/fail-second-replica"
    (tmp_path / "rules.yaml").write_text(
        "title: A name of letters\nseverity: error\nkinds: [apps/Deployment]\n"
        "validations:\n- expression: object.metadata.name.matches('^[0-9]+$')\n  message: letters\n"
    )
    words = ["check", str(case / "after.yaml"), "--before", str(case / "before.yaml")]
    words += ["--policies", str(tmp_path / "rules.yaml"), "--format", "concise"]
    run = subprocess.run(
        [sys.executable, "-m", "policylint", *words],
        env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1, run.stdout + run.stderr
