"""Programs that end with the process that started them, however that ends."""

from __future__ import annotations

import os
import signal
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
