"""`policylint` and `python -m policylint`: the version at once, everything else through the command line."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    if sys.argv[1:] in (["--version"], ["-V"], ["version"]):
        from policylint import __version__

        sys.stdout.write(f"policylint {__version__}\n")
        return
    from policylint.cli.app import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
