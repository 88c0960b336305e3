"""`policylint` and `python -m policylint`: the version at once, everything else through the command line."""

from __future__ import annotations

import gc
import os
import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command line and exit with its code."""
    if sys.argv[1:] in (["--version"], ["-V"], ["version"]):
        from policylint import __version__

        sys.stdout.write(f"policylint {__version__}\n")
        return
    gc.set_threshold(100_000, 20, 20)  # a run is short, and what it makes lives to its end
    from policylint.cli.app import run

    code = run(sys.argv[1:])
    if code == INTERRUPTED:
        # An interrupt that passed through exec(), as dataclasses use it, makes Python end by SIGINT whatever the code.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    main()
