"""No word of a configuration, a command line or a declaration becomes an option of helm or git."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import policylint
from policylint.errors import PolicylintError, SourceError, UsageError
from policylint.helm.engines.command import template_argv
from policylint.helm.engines.confine import confine
from policylint.helm.engines.embedded import Embedded
from policylint.helm.engines.engine import Engine
from policylint.helm.engines.homes import own_homes
from policylint.helm.engines.library import is_installed
from policylint.helm.inputs.names import dependency_name
from policylint.helm.inputs.sides import ChartSide, ValuesInput
from policylint.helm.sources.git import find_repository
from policylint.runtime.git import git_command
from tests.helms import LINES, helm

OWN = {
    "--api-versions",
    "--include-crds",
    "--is-upgrade",
    "--kube-version",
    "--namespace",
    "--repo",
    "--set",
    "--set-file",
    "--set-json",
    "--set-literal",
    "--set-string",
    "--values",
    "--version",
}
HOSTILE = st.one_of(
    st.sampled_from(
        [
            "--post-renderer=./x.sh",
            "--output-dir=/tmp/out",
            "--dry-run=server",
            "-f",
            "--",
            "-",
            "--kubeconfig=x",
            "a b",
            "a\n--debug",
            "x=--debug",
            "../../x",
            "",
        ]
    ),
    st.text(max_size=20),
    st.text(max_size=12).map(lambda text: f"-{text}"),
)
ENGINES = [*LINES, *(["embedded"] if is_installed() else [])]


@pytest.fixture
def chart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Makes the chart web in an empty directory."""
    monkeypatch.chdir(tmp_path)

    def make() -> Path:
        made = tmp_path / "web"
        (made / "templates").mkdir(parents=True)
        (made / "Chart.yaml").write_text("apiVersion: v2\nname: web\nversion: 0.1.0\n")
        (made / "templates/a.yaml").write_text(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
        )
        return made

    return make


def engine(name: str) -> Engine:
    return Embedded() if name == "embedded" else helm(name)


@settings(max_examples=300, deadline=None)
@given(st.lists(HOSTILE, min_size=8, max_size=8))
def test_no_option_of_helm_comes_from_a_field(words: list[str]) -> None:
    release, chart, namespace, version, repo, api, values, sets = words
    side = ChartSide(
        chart,
        ValuesInput((values,), (sets,)),
        release,
        namespace,
        version,
        repo,
        api_versions=(api,),
    )
    with suppress(UsageError):
        argv = template_argv("helm", side)
        assert not argv[2].startswith("-")
        assert not argv[3].startswith("-")
        assert {word.partition("=")[0] for word in argv[4:]} <= OWN


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize(
    "release", ["--post-renderer=./x.sh", "--output-dir=out", "-h", "A", "a" * 54]
)
def test_a_release_that_helm_would_not_name_so_is_refused(
    chart: Callable[..., Path], name: str, release: str
) -> None:
    chart()
    Path("x.sh").write_text("#!/bin/sh\ntouch RAN\ncat\n")
    Path("x.sh").chmod(0o755)
    with pytest.raises(PolicylintError):
        engine(name).render(ChartSide("web", release=release))
    assert not Path("RAN").exists()
    assert not Path("out").exists()


@pytest.mark.parametrize("name", LINES)
def test_a_chart_directory_called_like_an_option_is_a_chart(
    chart: Callable[..., Path], name: str
) -> None:
    chart().rename("--debug=true")
    assert "kind" in engine(name).render(ChartSide("--debug=true")).text


@pytest.mark.parametrize("name", ["../../x", "/x", "a/b", "-x", "", ".", ".."])
def test_a_dependency_that_is_a_path_is_refused(name: str) -> None:
    with pytest.raises(SourceError):
        dependency_name(name, "Chart.yaml")


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("kind", ["outside", "device", "pipe", "socket", "ring", "proc"])
def test_what_helm_must_not_read_is_refused_by_name(
    chart: Callable[..., Path], name: str, kind: str
) -> None:
    made = chart()
    odd = made / "files-x"
    if kind == "pipe":
        os.mkfifo(odd)
    elif kind == "socket":
        os.chdir(made)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(odd.name)
        os.chdir("..")
    else:
        targets = {"outside": "/etc/hostname", "device": "/dev/zero", "proc": "/proc/self/environ"}
        odd.symlink_to(targets.get(kind, "."))
    with pytest.raises(SourceError, match="files-x"):
        engine(name).render(ChartSide("web"))


def test_values_are_confined_too(chart: Callable[..., Path]) -> None:
    chart()
    Path("v.yaml").symlink_to("/proc/self/environ")
    with pytest.raises(SourceError, match=r"v\.yaml"):
        confine(ChartSide("web", ValuesInput(("v.yaml",))))
    with pytest.raises(SourceError, match="environ"):
        confine(ChartSide("web", ValuesInput(("/proc/self/environ",))))


@pytest.mark.parametrize("member", ["link", "climbing", "large"])
def test_archives_are_listed_before_they_are_unpacked(tmp_path: Path, member: str) -> None:
    archive = tmp_path / "web-0.1.0.tgz"
    entry = tarfile.TarInfo("web/../../x" if member == "climbing" else "web/x")
    if member == "link":
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with tarfile.open(archive, "w:gz") as tar:
        if member == "large":
            with Path(tmp_path, "zeros").open("wb") as zeros:
                zeros.truncate(6 * 1024 * 1024)
            tar.add(tmp_path / "zeros", "web/x")
        else:
            tar.addfile(entry)
    with pytest.raises(SourceError, match="web"):
        confine(ChartSide(str(archive)))


def test_directories_of_helm_that_a_change_can_reach_are_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    for name in ("HELM_PLUGINS", "HELM_CONFIG_HOME", "HELM_CACHE_HOME", "HELM_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HELM_CONFIG_HOME", str(tmp_path / "config"))
    homes = own_homes()
    assert not Path(homes["HELM_PLUGINS"]).is_relative_to(tmp_path)
    assert "HELM_CONFIG_HOME" not in homes  # the user's own word


def test_a_bare_repository_in_the_work_tree_is_not_this_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    inner = tmp_path / "charts/c"
    inner.mkdir(parents=True)
    os.spawnlp(os.P_WAIT, "git", "git", "init", "-q", str(tmp_path))
    os.spawnlp(os.P_WAIT, "git", "git", "init", "-q", "--bare", str(inner))
    marker = tmp_path / "RAN"
    with (inner / "config").open("a") as config:
        config.write(f"[core]\n\tbare = false\n\tworktree = .\n\tfsmonitor = touch {marker}\n")
        config.write(f'[filter "x"]\n\tclean = touch {marker}\n')
    (inner / ".gitattributes").write_text("* filter=x\n")
    repository = find_repository(inner)
    assert repository is not None
    assert repository.top == tmp_path.resolve()
    repository.state(["charts/c"])
    assert not marker.exists()


def test_a_filter_that_a_change_chooses_does_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    marker = tmp_path.parent / f"{tmp_path.name}-ran"
    for words in (
        ("init", "-q"),
        ("config", "filter.x.clean", f"touch {marker}; cat"),
        ("config", "filter.x.process", f"touch {marker}; cat"),
    ):
        os.spawnlp(os.P_WAIT, "git", "git", *words)
    Path("a").write_text("1\n")
    os.spawnlp(os.P_WAIT, "git", "git", "add", "a")
    Path(".gitattributes").write_text("a filter=x\n")
    Path("a").write_text("2\n")
    repository = find_repository(".")
    assert repository is not None
    assert repository.state(["."]).untracked
    assert not marker.exists()


def test_git_runs_with_nothing_that_acts() -> None:
    settings = set(git_command("status"))
    assert {"core.fsmonitor=false", "safe.bareRepository=explicit"} <= settings


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prctl(2) is Linux's")
@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGHUP, signal.SIGTERM])
@pytest.mark.parametrize(
    "script",
    ["echo $$ > new\nmv new pid\nexec sleep 600", "sleep 600 &\necho $! > new\nmv new pid\nwait"],
    ids=["helm", "what a script called helm starts"],
)
def test_helm_ends_with_the_run_that_started_it(
    tmp_path: Path, ending: signal.Signals, script: str
) -> None:
    helm_path = tmp_path / "helm"
    helm_path.write_text(f"#!/bin/sh\ncd {tmp_path}\n{script}\n")
    helm_path.chmod(0o755)
    (tmp_path / "web/templates").mkdir(parents=True)
    (tmp_path / "web/Chart.yaml").write_text("apiVersion: v2\nname: web\nversion: 0.1.0\n")
    (tmp_path / "before.yaml").write_text("kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\n")
    run = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "policylint",
            "check",
            "web",
            "--before",
            "before.yaml",
            f"--helm={helm_path}",
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(policylint.__file__).parents[1])},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    pid = int(awaited(lambda: (tmp_path / "pid").read_text()))
    run.send_signal(ending)
    run.wait()
    awaited(lambda: "gone" if is_gone(pid) else "")


def awaited(ask: Callable[[], str]) -> str:
    """What an answer is as soon as there is one."""
    for _ in range(1200):
        with suppress(OSError):
            if answer := ask():
                return answer
        time.sleep(0.05)
    raise AssertionError("nothing came")


def is_gone(pid: int) -> bool:
    """Whether a process has ended, be it waited for or not."""
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True
