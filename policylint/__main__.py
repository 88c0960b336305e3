"""`policylint` and `python -m policylint`: the version at once, everything else through the command
line."""

from __future__ import annotations

import gc
import os
import sys

INTERRUPTED = 130
UNWRITTEN = 2
"""The exit code where the report could not be written: never a pass."""


def main() -> None:
    """Run the command line and exit with its code."""
    if sys.argv[1:] in (["--version"], ["-V"], ["version"]):
        from policylint.version import __version__

        sys.stdout.write(f"policylint {__version__}\n")
        return
    gc.set_threshold(100_000, 20, 20)  # a run is short, and what it makes lives to its end
    try:
        from policylint.runtime import lean

        lean.begin()
        from policylint.cli.app import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # while the command line itself was loaded
        sys.stderr.write("policylint: interrupted\n")
        code = INTERRUPTED
    _end(code)


def _end(code: int) -> None:
    """End at once: everything is written and cleaned up, and taking the modules apart one by one
    takes 20 ms.

    An interrupt that passed through exec() also makes Python end by SIGINT otherwise, whatever the
    code.
    """
    for stream in filter(None, (sys.stdout, sys.stderr)):  # None where whoever started us closed it
        try:
            stream.flush()
        except OSError:  # nobody reads any more
            code = code or UNWRITTEN
    os._exit(code)


if __name__ == "__main__":
    main()
