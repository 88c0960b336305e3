"""Pull the chart of a side, once: from then on it is an archive on this machine like any other.

`helm pull` takes what `helm template` would take to find the same chart: the version, the
repository, logins, certificates, signatures. The embedded engine asks the library, in a process of
its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from msgspec.structs import replace

from policylint.errors import RenderError
from policylint.helm.engines.binary import TIME_LIMIT, HelmBinary, Process
from policylint.helm.engines.command import PASSED_ON, argument_of, template_argv
from policylint.helm.engines.confine import confine
from policylint.helm.engines.engine import Engine
from policylint.helm.engines.failure import pull_error
from policylint.helm.engines.fetch import fetching
from policylint.helm.engines.library import library
from policylint.helm.engines.limits import refuse_extra, refuse_unknown
from policylint.helm.inputs.names import chart_word
from policylint.helm.inputs.sides import ChartSide
from policylint.helm.inputs.workspace import Workspace
from policylint.redaction.logins import without_logins

_FETCHING = frozenset(
    (
        *("--ca-file", "--cert-file", "--content-cache", "--devel", "--insecure-skip-tls-verify"),
        *("--key-file", "--keyring", "--pass-credentials", "--password", "--plain-http"),
        *("--registry-config", "--repository-cache", "--repository-config", "--username"),
        "--verify",
    )
)
"""The further arguments that say how a chart is fetched (addChartPathOptionsFlags of cmd/helm, and
the global flags)."""


class Pulling(Protocol):
    """A pull that is under way."""

    def wait(self) -> ChartSide:
        """The side with the archive as its chart; raises RenderError with Helm's own message."""

    def cancel(self) -> None:
        """End it; harmless when it is over."""


def start_pull(engine: Engine, side: ChartSide, folder: Path) -> Pulling:
    """Begin to pull the chart of a side into an empty folder.

    Raises what starting to render the side would raise.
    """
    confine(side)
    if isinstance(engine, HelmBinary):
        template_argv(engine.path, side)  # what it refuses is refused before anybody is asked
        return _ByHelm(side, engine, folder)
    refuse_extra(side)
    refuse_unknown(side)
    return _ByLibrary(side, folder, engine.time_limit)


class _ByHelm:
    def __init__(self, side: ChartSide, engine: HelmBinary, folder: Path) -> None:
        engine.ask_version()
        self._side = side
        self._engine = engine
        self._folder = folder
        self._argv = pull_argv(engine.path, side, folder)
        self._process = Process(self._argv, engine.time_limit)

    def wait(self) -> ChartSide:
        shown = pull_argv(self._engine.path, self._side)
        try:
            code, out, err = self._process.wait()
        except RenderError as error:  # it hangs
            raise pull_error(error.message, shown, self._side) from error
        self._engine.require_version()
        archives = sorted(self._folder.glob("*.tgz"))
        if code or len(archives) != 1:
            words = (err if code else out + err).decode("utf-8", "replace").strip()
            message = words or f"helm ended with exit code {code} and said nothing"
            raise pull_error(message, shown, self._side)
        return at_hand(self._side, archives[0])

    def cancel(self) -> None:
        self._process.cancel()
        self._engine.cancel()


class _ByLibrary:
    def __init__(self, side: ChartSide, folder: Path, time_limit: float) -> None:
        library()
        self._side = side
        self._pull = Pull(side, folder, time_limit)

    def wait(self) -> ChartSide:
        try:
            return at_hand(self._side, self._pull.wait())
        except RenderError as error:
            argv = pull_argv("helm", self._side)
            raise pull_error(f"Error: {error.message}", argv, self._side) from error

    def cancel(self) -> None:
        self._pull.cancel()


class Pull:
    """The library's pull of a chart into a directory, under way."""

    def __init__(self, side: ChartSide, folder: Path, time_limit: float = TIME_LIMIT) -> None:
        self._side = side
        self._folder = folder
        self._limit = time_limit
        self._process = fetching(
            str(folder),
            time_limit,
            do="pull",
            chart=side.chart,
            logins=self._logins(),
            options={
                "version": side.version or (">0.0.0-0" if "--devel" in side.extra else None),
                "repo_url": side.repo or None,
                "destination": str(folder),
                "username": argument_of(side, "--username") or None,
                "password": argument_of(side, "--password") or None,
                "plain_http": "--plain-http" in side.extra,
                "insecure_skip_tls_verify": "--insecure-skip-tls-verify" in side.extra,
            },
        )

    def wait(self) -> Path:
        """The archive; raises RenderError in Helm's words where there is no such chart."""
        try:
            code, _, err = self._process.wait()
        except RenderError as error:
            limit = f"pulling it did not end within {self._limit:g} seconds"
            raise RenderError(limit) from error
        archives = sorted(self._folder.glob("*.tgz"))
        if code or len(archives) != 1:
            if code:
                message = err.decode("utf-8", "replace").strip()
            else:
                message = ""
            raise RenderError(message or f"no archive of {self._side.chart} was pulled")
        return archives[0]

    def cancel(self) -> None:
        """End it where it is under way."""
        self._process.cancel()

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
        file = self._folder / "config.json"
        file.write_text(json.dumps({"auths": {host: login}}), "utf-8")
        return str(file)


def pull_argv(helm: str, side: ChartSide, folder: Path | None = None) -> list[str]:
    """The argument list that pulls the chart of a side; without a folder as it may be shown."""
    argv = [helm, "pull", chart_word(side.chart)]
    argv += [f"--destination={folder}"] if folder else []
    for flag, value in (("--version", side.version), ("--repo", side.repo)):
        argv += [f"{flag}={value}"] if value else []
    fetching_words, _ = _apart(side.extra)
    return [*argv, *fetching_words]


def at_hand(side: ChartSide, archive: Path) -> ChartSide:
    """The side with the archive that its chart turned out to be."""
    _, rest = _apart(side.extra)
    return replace(
        side,
        chart=str(archive),
        version="",
        repo="",
        extra=tuple(rest),
        copies=(*side.copies, (str(archive), without_logins(side.chart))),
        reference=side,
    )


def _apart(extra: Sequence[str]) -> tuple[list[str], list[str]]:
    """(how the chart is fetched, the rest) of further arguments."""
    fetching_words: list[str] = []
    rest: list[str] = []
    for words in _options(iter(extra)):
        is_fetching = words[0].partition("=")[0] in _FETCHING
        (fetching_words if is_fetching else rest).extend(words)
    return fetching_words, rest


def _options(words: Iterator[str]) -> Iterator[tuple[str, ...]]:
    """Each flag with the value that follows it."""
    for word in words:
        value = next(words, None) if PASSED_ON.get(word) else None
        yield (word,) if value is None else (word, value)


def build_dependencies(directory: Path) -> str:
    """Do what `helm dependency build` does; what Helm says where it fails, else "".

    Raises RenderError where it does not end.
    """
    library()
    with Workspace() as workspace:
        temporary = str(workspace.directory())
        code, _, err = fetching(temporary, TIME_LIMIT, do="build", chart_dir=str(directory)).wait()
    if code:
        return err.decode("utf-8", "replace").strip() or "it failed without a message"
    return ""
