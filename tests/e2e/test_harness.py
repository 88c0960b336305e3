"""`scripts/e2e.sh` leaves no process behind, whichever way it ends."""

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.e2e.cluster import ROOT, needs_server

pytestmark = [
    needs_server,
    pytest.mark.skipif(not Path("/proc").is_dir(), reason="no /proc"),
    pytest.mark.skipif(not os.environ.get("KUBE_APISERVER"), reason="not run by scripts/e2e.sh"),
]
SAY_WHERE = 'sleep 300 & echo "ready $KUBECONFIG"; wait'
LIMIT = 60


def left_of(work):
    """The processes whose command line or environment names the script's working directory: their
    names by id."""
    collected = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            text = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            state = (process / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if work.encode() in text and state != "Z":
            collected[int(process.name)] = Path(text.partition(b"\0")[0].decode()).name
    return collected


def wait_until(done):
    end = time.monotonic() + LIMIT
    while not done() and time.monotonic() < end:
        time.sleep(0.1)
    return done()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_nothing_is_left(number):
    env = {name: value for name, value in os.environ.items() if name != "KUBECONFIG"}
    script = subprocess.Popen(
        [ROOT / "scripts" / "e2e.sh", "bash", "-c", SAY_WHERE],
        stdout=subprocess.PIPE,
        text=True,
        env=env,
    )
    words = re.fullmatch(r"ready (\S+)/kubeconfig\n", script.stdout.readline())
    work = words[1]
    servers = {Path(os.environ[name]).name for name in ("ETCD", "KUBE_APISERVER")}
    assert servers <= set(left_of(work).values())
    script.send_signal(number)
    script.wait(LIMIT)
    if number != signal.SIGKILL:
        assert wait_until(lambda: not left_of(work))
        assert not Path(work).exists()
        return
    assert wait_until(
        lambda: not servers & set(left_of(work).values())
    )  # the kernel has ended them
    for process in left_of(work):  # nobody was left to end the command
        os.kill(process, signal.SIGKILL)
    shutil.rmtree(work)


@pytest.mark.parametrize(("command", "code"), [("exit 3", 3), ("exit 0", 0)])
def test_the_command_s_exit_code_is_the_script_s(command, code):
    script = subprocess.run([ROOT / "scripts" / "e2e.sh", "bash", "-c", command], timeout=LIMIT)
    assert script.returncode == code
