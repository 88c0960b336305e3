"""An interrupt that Python drops, as it does in callbacks, still ends the run."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SCRIPT = """
import os, signal, sys, threading
from policylint.runtime import signals as interrupts

class Dropped:
    def __del__(self):
        os.kill(os.getpid(), signal.{signal})

interrupts.begin()
Dropped()
try:
    waiting = threading.Thread(target=sys.stdin.read, daemon=True)
    waiting.start()
    interrupts.join(waiting, 60)
except KeyboardInterrupt:
    print("interrupted")
    sys.stdout.flush()
    os._exit(0)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_dropped_interrupt_ends_a_wait(name):
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT.replace("{signal}", name)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stdout.readline() == b"interrupted\n"
        assert b"Exception ignored" in process.stderr.read()
    finally:
        process.kill()
        process.communicate()
