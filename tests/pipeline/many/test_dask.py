"""`--executor dask://`: a real cluster of several processes, of which one is killed in mid-run."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from policylint.cli.app import run
from policylint.errors import UsageError
from policylint.pipeline.many.dask import address
from tests.fleets import write_fleet

pytestmark = pytest.mark.heavy

distributed = pytest.importorskip("distributed")
pytest.importorskip("helm_python")

RELEASES = 16
CHECK = ("check", "--before", "git:HEAD", "--helm", "embedded", "--format", "json")


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tree = write_fleet(tmp_path / "tree", RELEASES)
    monkeypatch.chdir(tree)
    return tree


@pytest.fixture(scope="module")
def cluster():
    """Three workers, each a process of its own under a nanny."""
    with distributed.LocalCluster(
        n_workers=3,
        threads_per_worker=1,
        processes=True,
        dashboard_address=":0",
        silence_logs="CRITICAL",
    ) as made:
        yield made


def url(cluster) -> str:  # type: ignore[no-untyped-def]
    return "dask://" + cluster.scheduler_address.removeprefix("tcp://")


def pids(cluster) -> list[int]:  # type: ignore[no-untyped-def]
    with distributed.Client(cluster, set_as_default=False) as client:
        return list(client.run(os.getpid).values())


def test_a_cluster_reports_what_one_machine_reports_though_a_worker_is_killed(
    fleet, cluster, capsys, monkeypatch
):
    code = run([*CHECK, "--no-cache", "--jobs", "1"])
    alone = capsys.readouterr().out
    killed: list[int] = []
    counts: list[int] = []
    first = threading.Event()

    def kill() -> None:
        first.wait(120)
        killed.append(pids(cluster)[0])
        os.kill(killed[0], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    from policylint.pipeline.many import dask

    answer = dask._Run._answer

    def counted(self, future, sent):  # type: ignore[no-untyped-def]
        counts.append(sent.place)
        first.set()
        return answer(self, future, sent)

    monkeypatch.setattr(dask._Run, "_answer", counted)
    assert run([*CHECK, "--no-cache", "--executor", url(cluster)]) == code
    killer.join()
    assert killed
    assert capsys.readouterr().out == alone
    assert sorted(counts) == list(range(RELEASES))  # nothing lost, nothing twice
    time.sleep(1)
    assert killed[0] not in pids(cluster)


def test_what_is_known_is_not_sent(fleet, cluster, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("POLICYLINT_CACHE", str(tmp_path / "cache"))
    run([*CHECK, "--executor", url(cluster)])
    whole = capsys.readouterr().out
    run([*CHECK, "--jobs", "1"])
    assert capsys.readouterr().out == whole
    assert len(list((tmp_path / "cache" / "verdicts").iterdir())) > RELEASES // 2


def test_workers_leave_nothing(fleet, cluster):
    with distributed.Client(cluster, set_as_default=False) as client:
        rooms = client.run(_rooms)
    assert set(rooms.values()) == {0}


def _rooms() -> int:
    from policylint.pipeline.many.remote import _ROOMS

    return len(_ROOMS)


def test_a_cluster_of_another_policylint_is_refused(fleet, cluster, capsys, monkeypatch):
    from policylint.pipeline.many import dask

    monkeypatch.setattr(dask, "package_digest", lambda: "another")
    assert run([*CHECK, "--no-cache", "--executor", url(cluster)]) == 2
    assert "another policylint" in capsys.readouterr().err


def test_a_scheduler_that_is_not_there_is_an_error(fleet, capsys, monkeypatch):
    from policylint.pipeline.many import dask

    monkeypatch.setattr(dask, "_TIMEOUT", 1.0)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert run([*CHECK, "--no-cache", "--executor", f"dask://127.0.0.1:{port}"]) == 2
    out, told = capsys.readouterr()
    assert out == ""
    assert "no Dask scheduler answers" in told
    assert "Traceback" not in told


def test_a_scheduler_that_dies_in_mid_run_is_an_error(fleet, capsys, monkeypatch):
    from policylint.pipeline.many import dask

    monkeypatch.setattr(dask, "_TIMEOUT", 3.0)
    with distributed.LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        processes=True,
        dashboard_address=":0",
        silence_logs="CRITICAL",
    ) as cluster:
        where = url(cluster)
        answer = dask._Run._answer

        def last(self, future, sent):  # type: ignore[no-untyped-def]
            if cluster.status.name == "running":
                cluster.close(timeout=10)
            return answer(self, future, sent)

        monkeypatch.setattr(dask._Run, "_answer", last)
        monkeypatch.setattr(dask, "_TIMEOUT", 5.0)
        assert run([*CHECK, "--no-cache", "--executor", where]) == 2
    out, told = capsys.readouterr()
    assert out == ""
    assert "no Dask scheduler answers" in told


@pytest.mark.parametrize(
    "word", ["dask://", "dask://host", "spark://host:1", "host:8786", "dask://:1"]
)
def test_what_is_no_address_is_refused(word):
    with pytest.raises(UsageError, match="dask://HOST:PORT"):
        address(word)
