"""How much memory helm may take: a chart must not bring down the machine that checks it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from policylint.errors import UsageError
from policylint.runtime.patterns import pattern

VARIABLE = "POLICYLINT_HELM_MEMORY"
DEFAULT = 8 << 30
"""Bytes of address space; a helm that renders a large chart takes a tenth of it."""
_SIZE = pattern(r"(\d{1,12})(Ki|Mi|Gi)?B?")
_UNITS = {None: 1, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}
_SPARE = 0.8
"""The part of the memory that is free which the embedded engine may take."""


def most_memory() -> int:
    """Bytes that helm may take, 0 for no limit. Raises UsageError for a size that is none."""
    named = os.environ.get(VARIABLE, "")
    if not named:
        return DEFAULT
    match = _SIZE.fullmatch(named)
    if match is None:
        raise UsageError(
            f"{VARIABLE} is no size: {named!r}", remedy=f"{VARIABLE}=4Gi, or 0 for no limit"
        )
    return int(match[1]) * _UNITS[match[2]]


def shown_memory(size: int) -> str:
    """A number of bytes for people."""
    if size >= 1 << 30:
        return f"{size / (1 << 30):.3g} GiB"
    return f"{size / (1 << 20):.3g} MiB"


def limit_memory(process: int) -> None:
    """Limit the address space of another process, where the system can (Linux: prlimit(2))."""
    import resource  # not on Windows

    most = most_memory()
    if most and hasattr(resource, "prlimit"):
        with suppress(OSError, ValueError):  # it ended already, or its limit is lower
            resource.prlimit(process, resource.RLIMIT_AS, (most, most))


def go_memory() -> dict[str, str]:
    """What Go's runtime is told: to collect its garbage before the limit is met."""
    most = most_memory()
    if most:
        return {"GOMEMLIMIT": str(most * 3 // 4)}
    return {}


def most_resident() -> int:
    """Bytes that this process may hold while it renders itself: of what is free now, where the
    system tells; 0 for no limit."""
    most = most_memory()
    free = _free()
    if most and free:
        return min(most, int(free * _SPARE) + resident())
    return most


def resident() -> int:
    """Bytes of memory that this process holds, 0 where the system does not tell."""
    with suppress(OSError, ValueError, IndexError):
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    return 0


def _free() -> int:
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) << 10
    return 0
