"""A run ends in its time and in its memory, whatever a chart, a rule or helm does; what was judged
is told, and what was given up on is named."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from policylint.cli.app import run
from policylint.errors import UsageError
from policylint.helm.engines.library import is_installed
from policylint.helm.engines.memory import most_memory
from policylint.runtime.deadline import Deadline, TimeIsUp
from tests.helm.sources.repository import Repo
from tests.helms import LINES, any_helm, helm
from tests.pipeline.configuration.test_base import REFUSED, chart

HANGING = "{{- range $i := until 2000000 }}{{- range $j := until 2000000 }}{{- end }}{{- end }}"
GROWING = (
    '{{- $text := repeat 100000000 "a" }}'
    "{{- range until 99 }}{{- $text = cat $text $text }}{{- end }}"
)
ENGINES = [*LINES, "embedded"]
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of Linux")


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """Two releases, of which the second one's claims grow; the first one's chart is the test's."""
    made = Repo(tmp_path / "repo").init()
    monkeypatch.chdir(made.top)
    monkeypatch.setenv("POLICYLINT_HELM", any_helm().path)
    chart(made)
    chart(made, "bad")
    releases = [
        {"name": name, "chart": f"./{name}", "namespace": "prod"} for name in ("bad", "shop")
    ]
    made.file(".policylint.yaml", json.dumps({"releases": releases}))
    made.commit("base")
    made.git("switch", "--quiet", "--create", "feature")
    made.file("shop/values.yaml", "size: 20Gi\n")
    return made


def report(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    code = run(["check", *words, "--format", "json"])
    return code, json.loads(capsys.readouterr().out)


def by_name(document: dict[str, Any]) -> dict[str, Any]:
    return {release["name"]: release for release in document["releases"]}


def apart(*words: str) -> tuple[int, dict[str, Any]]:
    """The same in a process of its own: nothing ends a thread of the embedded engine."""
    argv = [sys.executable, "-m", "policylint", "check", *words, "--format", "json"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout)


def program(engine: str) -> str:
    if engine == "embedded" and not is_installed():
        pytest.skip("the embedded engine is not installed")
    return engine if engine == "embedded" else helm(engine).path


@LINUX
@pytest.mark.parametrize("engine", ENGINES)
def test_a_template_that_never_ends_hides_no_other_release(repo: Repo, engine: str) -> None:
    repo.file("bad/templates/loop.yaml", HANGING)
    begin = time.monotonic()
    code, document = apart("--timeout", "16s", "--helm", program(engine))
    assert time.monotonic() - begin < 40
    assert code == 2
    bad, shop = by_name(document)["bad"], by_name(document)["shop"]
    assert "prod/bad was given up on" in bad["failures"][0]["message"]
    assert REFUSED in {finding["rule"] for finding in shop["findings"]}


def test_what_python_itself_does_is_interrupted() -> None:
    begin = time.monotonic()
    with pytest.raises(TimeIsUp), Deadline(0.4).share(is_last=True):
        while True:
            sum(range(1000))
    assert time.monotonic() - begin < 5
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_an_alarm_that_somebody_drops_rings_again() -> None:
    with pytest.raises(TimeIsUp), Deadline(0.2).share(is_last=True):
        try:
            time.sleep(30)
        except TimeIsUp:
            time.sleep(30)


def test_half_of_the_time_is_left_to_others() -> None:
    deadline = Deadline(0.6)
    with pytest.raises(TimeIsUp), deadline.share(is_last=False):
        time.sleep(30)
    assert deadline.left > 0.1


def test_a_run_whose_time_is_over_names_what_was_not_judged(
    repo: Repo, capsys: pytest.CaptureFixture[str]
) -> None:
    code, document = report(capsys, "--timeout", "1ms")
    assert code == 2
    assert "--timeout" in document["failures"][0]["remedy"]


@pytest.mark.parametrize("text", ["10", "", "ten", "-5s", "1d", "5s5", "9" * 40 + "s"])
def test_a_duration_that_is_none(repo: Repo, capsys: pytest.CaptureFixture[str], text: str) -> None:
    assert run(["check", f"--timeout={text}"]) == 2
    assert "fix" in capsys.readouterr().err


def test_no_limit(repo: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(capsys, "--timeout", "0s")[0] == 1


@LINUX
@pytest.mark.parametrize("engine", LINES)
def test_a_template_that_grows_is_stopped(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    monkeypatch.setenv("POLICYLINT_HELM_MEMORY", "2Gi")
    repo.file("bad/templates/grow.yaml", GROWING)
    code, document = apart("--helm", program(engine))
    assert code == 2
    bad, shop = by_name(document)["bad"], by_name(document)["shop"]
    assert bad["verdict"] == "unknown"
    assert "needs more memory than it may take (2 GiB" in bad["failures"][0]["message"]
    assert "goroutine" not in json.dumps(bad)
    assert REFUSED in {finding["rule"] for finding in shop["findings"]}


@LINUX
def test_the_embedded_engine_is_given_up_before_the_machine_is(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLICYLINT_HELM_MEMORY", "1Gi")
    repo.file("bad/templates/grow.yaml", GROWING)
    code, document = apart("--helm", program("embedded"))
    assert code == 2
    for release in by_name(document).values():
        assert "needs more memory than it may take" in release["failures"][0]["message"]


def test_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    for text, size in (("4Gi", 4 << 30), ("500Mi", 500 << 20), ("0", 0), ("1024", 1024)):
        monkeypatch.setenv("POLICYLINT_HELM_MEMORY", text)
        assert most_memory() == size
    for text in ("4GB", "much", "-1", "1e9"):
        monkeypatch.setenv("POLICYLINT_HELM_MEMORY", text)
        with pytest.raises(UsageError):
            most_memory()
