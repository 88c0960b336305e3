"""Many releases at once: the same report as one after the other, whatever becomes of a worker."""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from policylint.cli.app import run
from policylint.errors import UsageError
from policylint.pipeline.budget import Budget, SpentError
from policylint.pipeline.many.workers import Crew, workers_for

RELEASES = 12
MANIFEST = """\
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: db{number}}}
spec:
  serviceName: {service}
  selector: {{matchLabels: {{app: db}}}}
  template: {{metadata: {{labels: {{app: db}}}}, spec: {{containers: [{{name: a, image: "a:1"}}]}}}}
"""


def slow(item: int) -> int:
    time.sleep(0.02 if item % 3 else 0.2)
    return item * 2


def deadly(folder: str, item: int) -> tuple[int, int]:
    """End the process that judges the third item the first time, the fifth every time."""
    mark = Path(folder, str(item))
    if item == 5 or (item == 3 and not mark.exists()):
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return item, os.getpid()


def long_to_end(item: int) -> int:
    atexit.register(time.sleep, 0.3)  # as removing a room full of files is
    return item


def raising(item: int) -> int:
    if item == 4:
        raise UsageError("no such thing", remedy="name another")
    return item


def test_every_answer_comes_with_its_place():
    with Crew(slow, lambda item: -item, 3) as crew:
        answers = dict(crew.answers(range(20)))
    assert answers == {item: item * 2 for item in range(20)}


def test_workers_that_are_done_end_undisturbed(capfd):
    with Crew(long_to_end, lambda item: -item, 6) as crew:
        assert dict(crew.answers(range(6))) == {item: item for item in range(6)}
    assert capfd.readouterr().err == ""


def test_a_worker_that_ends_costs_its_item_alone(tmp_path):
    with Crew(partial(deadly, str(tmp_path)), lambda item: (-item, 0), 2) as crew:
        answers = dict(crew.answers(range(10)))
    assert [answers[item][0] for item in range(10)] == [0, 1, 2, 3, 4, -5, 6, 7, 8, 9]


def test_an_error_of_the_work_is_raised_whole():
    with Crew(raising, lambda item: item, 2) as crew, pytest.raises(UsageError) as raised:
        dict(crew.answers(range(9)))
    assert str(raised.value) == "no such thing"
    assert raised.value.remedy == "name another"


def test_no_worker_outlives_the_run():
    crew = Crew(slow, lambda item: item, 2)
    with crew:
        answers = crew.answers(range(30))
        next(answers)
        processes = [worker._process for worker in crew._workers]
    assert processes
    assert all(process.poll() is not None for process in processes)


def test_few_releases_need_no_workers():
    assert workers_for(3) < 2
    assert workers_for(1000, 3) == 3
    assert workers_for(2, 8) == 2


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Releases of manifests, every third of which the cluster rejects, one that cannot be read."""
    rows = ["releases:"]
    for number in range(RELEASES):
        folder = tmp_path / f"r{number}"
        folder.mkdir()
        service = "new" if number % 3 == 0 else "old"
        (folder / "before.yaml").write_text(MANIFEST.format(number=number, service="old"))
        (folder / "after.yaml").write_text(MANIFEST.format(number=number, service=service))
        rows.append(f"  - {{name: r{number}, chart: r{number}/after.yaml, namespace: prod}}")
    (tmp_path / "r4" / "after.yaml").write_text("a: [\n")
    (tmp_path / ".policylint.yaml").write_text("\n".join(rows))
    monkeypatch.chdir(tmp_path)
    for words in (
        ["init", "-q", "-b", "main"],
        ["add", "-A"],
        ["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "a"],
    ):
        subprocess.run(["git", *words], check=True)
    for number in range(0, RELEASES, 3):
        text = MANIFEST.format(number=number, service="newer")
        (tmp_path / f"r{number}" / "after.yaml").write_text(text)
    return tmp_path


def test_workers_report_what_one_process_reports(fleet, capsys):
    reports = []
    for jobs in ("1", "3"):
        code = run(["check", "--before", "git:HEAD", "--jobs", jobs, "--format", "json"])
        reports.append((code, capsys.readouterr().out))
    assert reports[0] == reports[1]
    verdicts = [release["verdict"] for release in json.loads(reports[0][1])["releases"]]
    assert [number for number, verdict in enumerate(verdicts) if verdict == "fail"] == [0, 3, 6, 9]
    assert verdicts[4] == "unknown"


def test_a_package_of_the_same_name_in_the_repository_is_not_run(fleet, capsys):
    package = fleet / "policylint"
    package.mkdir()
    for name in ("__init__.py", "pickle.py"):
        (package / name).write_text("import pathlib; pathlib.Path('canary').touch()\n")
    (fleet / "pickle.py").write_text("import pathlib; pathlib.Path('canary').touch()\n")
    run(["check", "--before", "git:HEAD", "--jobs", "2", "--format", "json"])
    assert json.loads(capsys.readouterr().out)["verdict"] == "unknown"
    assert not (fleet / "canary").exists()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are looked up in /proc")
@pytest.mark.parametrize("delay", [0.4, 1.2])
def test_an_interrupted_fleet_leaves_no_process(fleet, delay):
    mark = f"POLICYLINT_TEST={fleet}"
    command = [sys.executable, "-P", "-m", "policylint", "check", "--before", "git:HEAD"]
    check = subprocess.Popen(
        [*command, "--jobs", "2"],
        stdout=subprocess.DEVNULL,
        env={**os.environ, "POLICYLINT_TEST": str(fleet)},
    )
    time.sleep(delay)
    check.send_signal(signal.SIGINT)
    check.wait(30)
    end = time.monotonic() + 5
    while (left := marked(mark)) and time.monotonic() < end:
        time.sleep(0.1)
    assert left == []


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are looked up in /proc")
@pytest.mark.parametrize("name", ["SIGKILL", "SIGHUP", "SIGTERM"])
def test_a_killed_fleet_leaves_no_helm(tmp_path, monkeypatch, name):
    """Workers end with the run, and their helms with them."""
    monkeypatch.chdir(tmp_path)
    helm = tmp_path / "helm"
    helm.write_text("#!/bin/sh\ncase $1 in version) echo v3.22.0; exit;; esac\nexec sleep 50\n")
    helm.chmod(0o755)
    rows = []
    for number in range(2):
        chart = tmp_path / f"c{number}"
        (chart / "templates").mkdir(parents=True)
        (chart / "Chart.yaml").write_text(f"apiVersion: v2\nname: c{number}\nversion: 1.0.0\n")
        (chart / "templates/a.yaml").write_text(MANIFEST.format(number=number, service="a"))
        rows.append(f"  - {{name: c{number}, chart: ./c{number}, namespace: prod}}")
    Path(".policylint.yaml").write_text("\n".join(["releases:", *rows]))
    mark = f"POLICYLINT_TEST={tmp_path}"
    words = ["check", "--all", "--before", "c0", "--jobs", "2", "--helm", str(helm)]
    check = subprocess.Popen(
        [sys.executable, "-P", "-m", "policylint", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "POLICYLINT_TEST": str(tmp_path), "TMPDIR": str(tmp_path)},
    )
    until(lambda: any("sleep" in command(process) for process in marked(mark)))
    check.send_signal(getattr(signal, name))
    check.wait(30)
    until(lambda: marked(mark) == [])


def until(holds) -> None:
    """Wait until something holds, 30 seconds at most."""
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


def command(process: str) -> str:
    """The command line of a process; "" where it has ended."""
    try:
        return (Path("/proc") / process / "cmdline").read_text("utf-8", "replace")
    except OSError:
        return ""


def marked(mark: str) -> list[str]:
    """The processes with this word in their environment."""
    names = []
    for entry in Path("/proc").iterdir():
        try:
            environment = (entry / "environ").read_bytes() if entry.name.isdigit() else b""
        except OSError:  # it ended, or is another user's
            continue
        if mark.encode() in environment:
            names.append(entry.name)
    return names


def test_the_releases_of_a_run_share_the_budget_of_causes(fleet, monkeypatch, capsys):
    made = []

    class Counted(Budget):
        def __init__(self, renders):
            super().__init__(renders)
            made.append(self)

    monkeypatch.setattr("policylint.commands.check.Budget", Counted)
    run(["check", "--before", "git:HEAD", "--jobs", "1", "--format", "json"])
    assert len(made) == 1


def test_a_budget_that_all_releases_have_spent_gives_no_more():
    budget = Budget(4)
    budget.begin()
    budget.spend()
    budget._all_seconds = 0.0
    budget.begin()
    with pytest.raises(SpentError):
        budget.spend()
