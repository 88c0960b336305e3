"""What the embedded engine fetches: a chart that is no path, and the dependencies of a copied
chart."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from policylint.errors import RenderError
from policylint.helm.engines.binary import TIME_LIMIT
from policylint.helm.engines.command import argument_of
from policylint.helm.engines.fetch import fetching
from policylint.helm.engines.library import library
from policylint.helm.inputs.sides import ChartSide
from policylint.helm.inputs.workspace import Workspace

_UNENDING = 10.0**6
"""Seconds: who waits for the render ends the pull."""


class Pull:
    """A chart that is pulled into a directory of its own, which goes with `cancel`."""

    def __init__(self, side: ChartSide) -> None:
        self._side = side
        self._workspace = Workspace()
        self._directory = self._workspace.directory()
        self._process = fetching(
            str(self._directory),
            _UNENDING,
            do="pull",
            chart=side.chart,
            logins=self._logins(),
            options={
                "version": side.version or (">0.0.0-0" if "--devel" in side.extra else None),
                "repo_url": side.repo or None,
                "destination": str(self._directory),
                "username": argument_of(side, "--username") or None,
                "password": argument_of(side, "--password") or None,
                "plain_http": "--plain-http" in side.extra,
                "insecure_skip_tls_verify": "--insecure-skip-tls-verify" in side.extra,
            },
        )

    def wait(self) -> ChartSide:
        """The side with the archive as its chart; raises RenderError in Helm's words where there is
        no such chart."""
        code, _, err = self._process.wait()
        archives = sorted(self._directory.glob("*.tgz"))
        if code or len(archives) != 1:
            message = err.decode("utf-8", "replace").strip() if code else ""
            raise RenderError(message or f"no archive of {self._side.chart} was pulled")
        archive = archives[0]
        return replace(
            self._side,
            chart=str(archive),
            copies=(*self._side.copies, (str(archive), archive.name)),
        )

    def cancel(self) -> None:
        """End it where it is under way, and remove what it made."""
        self._process.cancel()
        self._workspace.close()

    def _logins(self) -> str:
        """The file of the registry's logins: one with `--username` and `--password`, which the
        library asks for."""
        user, password = (
            argument_of(self._side, "--username"),
            argument_of(self._side, "--password"),
        )
        if not self._side.chart.startswith("oci://") or not (user or password):
            return argument_of(self._side, "--registry-config")
        import base64
        import json

        host = self._side.chart.removeprefix("oci://").partition("/")[0]
        login = {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}
        file = self._directory / "config.json"
        file.write_text(json.dumps({"auths": {host: login}}), "utf-8")
        return str(file)


def build_dependencies(directory: Path) -> str:
    """Do what `helm dependency build` does; what Helm says where it fails, else "".

    Raises RenderError where it does not end.
    """
    library()
    with Workspace() as workspace:
        temporary = str(workspace.directory())
        code, _, err = fetching(temporary, TIME_LIMIT, do="build", chart_dir=str(directory)).wait()
    return err.decode("utf-8", "replace").strip() or "it failed without a message" if code else ""
