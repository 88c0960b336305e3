"""Every command of the README runs, in a repository like the one it speaks of."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ (.+)$", README, re.MULTILINE)
OURS = [command for command in COMMANDS if command.startswith("policylint ")]
CASE = ROOT / "fixtures" / "rules" / "selector-changed" / "fail-key-added"


def git(room, *words):
    who = ("-c", "user.name=reader", "-c", "user.email=reader@example.com")
    subprocess.run(["git", *who, *words], cwd=room, check=True, capture_output=True)


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """A repository with a chart whose values change, a script that deploys it, a history and two
    manifests."""
    room = tmp_path_factory.mktemp("readme")
    demo = ROOT / "fixtures" / "demo"
    git(room, "init", "-q", "-b", "main")
    shutil.copytree(demo / "before", room / "charts" / "shop")
    shutil.copy(demo / "values-prod.yaml", room)
    shutil.copy(CASE / "before.yaml", room)
    shutil.copy(CASE / "after.yaml", room)
    shutil.copy(ROOT / "fixtures/oracle/states/helm3-healthy/history.json", room)
    (room / "deploy.sh").write_text(
        "helm upgrade --install shop charts/shop -n prod -f values-prod.yaml --atomic "
        "--timeout 5m\n"
    )
    (room / ".policylint.yaml").write_text(
        "releases:\n"
        "  - name: shop\n    chart: ./charts/shop\n    namespace: prod\n"
        "    environments:\n      production: {values: [values-prod.yaml]}\n"
    )
    git(room, "add", "-A")
    git(room, "commit", "-q", "-m", "one")
    values = room / "values-prod.yaml"
    values.write_text(values.read_text().replace("replicas: 5", "replicas: 2"))
    git(room, "commit", "-q", "-a", "-m", "two")
    values.write_text(values.read_text().replace("replicas: 2", "replicas: 4"))
    return room


def run(command, room):
    words = shlex.split(command)
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=room,
        capture_output=True,
        text=True,
        timeout=400,  # a machine may be busy: what hangs is still found
        check=False,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "POLICYLINT_HELM": os.environ.get("POLICYLINT_HELM3", ""),
        },
    )


def test_there_are_commands():
    assert len(OURS) >= 8


@pytest.mark.parametrize("command", OURS)
def test_command(command, room):
    done = run(command, room)
    assert "Traceback" not in done.stderr
    expected = (0, 1) if any(word in command for word in ("after.yaml", "scan", "doctor")) else (0,)
    assert done.returncode in expected, done.stdout + done.stderr
    assert done.stdout + done.stderr


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.startswith("pip ")])
def test_what_is_installed_exists(command):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    name, _, extra = shlex.split(command)[-1].rstrip("]").partition("[")
    assert name == project["name"]
    assert not extra or extra in project["optional-dependencies"]


def test_make_targets_exist():
    makefile = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"`make (\w+)`|^\$ make (\w+)", README, re.MULTILINE))
    targets = {target for pair in named for target in pair if target}
    assert {"demo", "test", "score"} <= targets
    for target in targets:
        assert f"\n{target}:" in makefile


def test_the_report_shown_is_the_demonstrations():
    shown = README.partition("```text\n")[2].partition("```")[0]
    demo = ROOT / "fixtures" / "demo"
    words = (
        f"policylint check {demo}/after --before {demo}/before --release shop -n prod -f "
        f"{demo}/values-prod.yaml"
    )
    done = run(f"{words} --helm-version 3 --helm embedded", ROOT)
    assert done.returncode == 1
    real = done.stdout.splitlines()
    for line in shown.splitlines():
        start = line.partition("...")[0].partition("(...)")[0].partition("compared")[0]
        assert any(line_of_report.startswith(start) for line_of_report in real), line


def test_the_files_named_exist():
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists()
