"""What the embedded engine asks of a server, in a process of its own: one that hangs can be ended,
files and all.

The request is JSON in the environment, which is nobody else's to read: {"do": "pull" or "build",
...}.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from policylint.helm.engines.binary import Process

_REQUEST = "POLICYLINT_FETCH"


def fetching(directory: str, time_limit: float, **request: Any) -> Process:
    """The process that does what is asked, its temporary files in `directory`.

    It ends with 1 and Helm's message on standard error where that fails.
    """
    temporary = dict.fromkeys(("TMPDIR", "TMP", "TEMP"), directory)
    modules = os.pathsep.join(filter(None, sys.path))
    environment = {**temporary, "PYTHONPATH": modules, _REQUEST: json.dumps(request)}
    return Process([sys.executable, "-P", "-m", __name__], time_limit, environment)


def main() -> int:
    """Do what the environment asks for; the exit code."""
    import helm_python as helm

    request = json.loads(os.environ.pop(_REQUEST))
    try:
        if request.pop("do") == "pull":
            _pull(helm, **request)
        else:
            helm.dependency_build(**request)
    except helm.HelmError as error:
        sys.stderr.write(str(error.detail) or "it failed without a message")
        return 1
    return 0


def _pull(helm: Any, chart: str, logins: str, options: Mapping[str, Any]) -> None:
    """Pull an archive; `logins` is the file of a registry's logins, "" for Helm's own."""
    if logins:
        client = helm.RegistryClient(credentials_file=logins, plain_http=options["plain_http"])
    else:
        client = None
    helm.pull(chart, client=client, **options)


if __name__ == "__main__":
    sys.exit(main())
