"""Programs that end with the process that started them, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable

_SET_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG (prctl(2))."""


def dying_with_parent() -> Callable[[], None] | None:
    """What a child does before it becomes its program (`preexec_fn`); None where nothing can be
    done.

    The system takes the thread that starts a child for its parent: only the main thread lives as
    long as the process does.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not sys.platform.startswith("linux") or not is_main:
        return None
    try:
        import ctypes

        control = ctypes.CDLL(None, use_errno=True).prctl
    except (ImportError, OSError, AttributeError):
        return None
    parent = os.getpid()

    def arrange() -> None:
        control(_SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it ended meanwhile
            os._exit(1)

    return arrange


class Watch:
    """A shell that ends a process group once this process is gone.

    The system tells a program of its parent's death, but not those that it started: a script that
    is called helm runs one.
    """

    def __init__(self, group: int) -> None:
        self._shell = subprocess.Popen(
            ["/bin/sh", "-c", 'read line; kill -KILL "-$0"', str(group)],
            stdin=subprocess.PIPE,  # its other end closes with this process
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def end(self) -> None:
        """End it: the group has ended by itself."""
        self._shell.kill()
        self._shell.communicate()


def starts_others(program: str) -> bool:
    """Whether a program is a script, which starts others."""
    try:
        with open(program, "rb") as file:  # noqa: PTH123  asked for each render
            return file.read(2) == b"#!"
    except OSError:
        return False
