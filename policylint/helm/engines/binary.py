"""Render with the user's helm binary: one process for each side, started at once and never left
behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter

from msgspec import Struct

from policylint.errors import RenderError, SourceError
from policylint.helm.engines.command import shown, template_argv
from policylint.helm.engines.confine import confine
from policylint.helm.engines.crds import own_crds, printed_crds
from policylint.helm.engines.engine import Rendered
from policylint.helm.engines.failure import render_error
from policylint.helm.engines.homes import own_homes
from policylint.helm.engines.memory import (
    VARIABLE,
    go_memory,
    limit_memory,
    most_memory,
    shown_memory,
)
from policylint.helm.engines.text import decoded, split_crds, warnings
from policylint.helm.engines.versions import known_version, remember_version
from policylint.helm.inputs.sides import ChartSide
from policylint.runtime import signals, trace
from policylint.runtime.children import Watch, dying_with_parent, starts_others
from policylint.runtime.outputs import nameless, written

TIME_LIMIT = 120.0
"""Seconds after which a helm that does not end is taken to hang."""
NEWEST_LINE = 4
_GO = {"GOGC": "800", "GOMAXPROCS": "1"}
"""What Go's runtime is told where the user says nothing: helm does not live long, so its memory may
grow (in percent) before it is collected, and it renders one template after the other, while this
process needs a processor too."""
_NO_MEMORY = (b"runtime: out of memory", b"runtime: cannot allocate memory", b"failed to reserve")
"""What Go's runtime says where the system gives it no more."""
OLDEST = (3, 8)
"""The oldest Helm whose `template` has every flag used here, OCI references included."""


def find_helm(named: str = "") -> str:
    """The helm to run: `named` (--helm), POLICYLINT_HELM, then PATH; "" where PATH has none.

    Raises SourceError where the one that was named is not there.
    """
    for origin, wish in (
        ("--helm", named),
        ("POLICYLINT_HELM", os.environ.get("POLICYLINT_HELM", "")),
    ):
        if wish:
            if program := _program(wish):
                return program
            raise SourceError(
                f"{origin} names {wish}, which is no program",
                remedy=f"correct {origin} or leave it out",
            )
    return _program("helm")


def _program(name: str) -> str:
    """The program of a name or a path, as a shell finds it; "" where there is none."""
    if os.name != "posix":
        # it knows what programs end in there, and costs more to load than finding helm takes
        import shutil

        return shutil.which(name) or ""
    folders = os.get_exec_path() if not os.path.dirname(name) else [""]  # noqa: PTH120
    paths = [os.path.join(folder, name) for folder in folders]  # noqa: PTH118
    return next((path for path in paths if os.path.isfile(path) and os.access(path, os.X_OK)), "")  # noqa: PTH113


class Process:
    """A helm that runs in a process group of its own and is waited for by a thread."""

    def __init__(
        self, argv: list[str], time_limit: float, environment: Mapping[str, str] | None = None
    ) -> None:
        self.argv = argv
        self._start = perf_counter()
        self._limit = time_limit
        self._out, self._err = nameless(), nameless()
        with signals.later():  # so that `cancel` knows of it
            self._popen = self._begun(environment)
            is_watched = os.name == "posix" and starts_others(argv[0])
            self._watch = Watch(self._popen.pid) if is_watched else None
            self._reader = threading.Thread(target=self._await, daemon=True)
            self._reader.start()

    def _begun(self, environment: Mapping[str, str] | None) -> subprocess.Popen[bytes]:
        try:
            begun = subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=self._out,
                stderr=self._err,
                env={**_GO, **go_memory(), **os.environ, **own_homes(), **(environment or {})},
                start_new_session=os.name == "posix",
                preexec_fn=dying_with_parent(),  # noqa: PLW1509  it takes no lock
            )
        except OSError as error:
            raise SourceError(
                f"{self.argv[0]} cannot be run: {error.strerror or error}",
                remedy="name a working helm with --helm",
            ) from error
        if os.name == "posix":
            limit_memory(begun.pid)
        return begun

    def _await(self) -> None:
        self._popen.wait()
        if self._watch:
            self._watch.end()

    @property
    def has_ended(self) -> bool:
        """Whether helm has ended by itself."""
        return not self._reader.is_alive()

    def wait(self) -> tuple[int, bytes, bytes]:
        """(exit code, standard output, standard error); raises RenderError when the time limit is
        over."""
        try:
            signals.join(self._reader, self._start + self._limit - perf_counter())
        except BaseException:
            self.cancel()
            raise
        if self._reader.is_alive():
            self.cancel()
            raise RenderError(
                f"{Path(self.argv[0]).name} {self.argv[1]} did not end within {self._limit:g} "
                "seconds and was stopped",
                remedy="run it by hand to see what it waits for, or raise --render-timeout",
            )
        trace.ran(self.argv, self._start)
        out, err = written(self._out), written(self._err)
        return self._popen.returncode, out, _without_trace(err) if self._popen.returncode else err

    def cancel(self) -> None:
        """Kill the whole process group, where anything of it is left."""
        if self._popen.poll() is None or self._reader.is_alive():
            try:
                if os.name == "posix":
                    os.killpg(self._popen.pid, signal.SIGKILL)
                else:
                    self._popen.kill()
            except (ProcessLookupError, PermissionError):
                pass
        self._reader.join(5)


def _without_trace(err: bytes) -> bytes:
    """What a helm that met its limit says, instead of all that Go prints then."""
    if not any(words in err for words in _NO_MEMORY):
        return err
    limit = shown_memory(most_memory())
    return f"helm needs more memory than it may take ({limit}: {VARIABLE})".encode()


class HelmRender:
    """One side's `helm template` under way."""

    def __init__(self, side: ChartSide, engine: HelmBinary) -> None:
        confine(side)
        self._process = Process(template_argv(engine.path, side), engine.time_limit)
        self._side = side
        self._engine = engine

    @property
    def is_done(self) -> bool:
        """Whether helm has ended."""
        return self._process.has_ended

    def wait(self) -> Rendered:
        """The manifests; raises RenderError with helm's own message and the command."""
        try:
            code, out, err = self._process.wait()
        except RenderError as error:  # it hangs
            raise render_error(error.message, self._process.argv, self._side) from error
        self._engine.require_version()
        words = err.decode("utf-8", "replace")
        if code:
            message = words.strip() or f"helm ended with exit code {code} and said nothing"
            raise render_error(message, self._process.argv, self._side)
        if "--include-crds" not in self._process.argv:
            crds, text = decoded(own_crds(self._side, out), self._side), decoded(out, self._side)
            if crds and text[:1] in (
                "",
                "\n",
            ):  # no more than hooks: helm trims all that it prints before them
                crds, text = f"{crds.strip()}\n", text[1:]
        else:
            crds, text = self._apart(decoded(out, self._side))
        return Rendered(
            text=crds + text if self._side.include_crds else text,
            crds=crds,
            notes=warnings(words, self._side),
            command=shown(self._process.argv, self._side),
        )

    def _apart(self, printed: str) -> tuple[str, str]:
        """(the text of crds/ directories, the rest) of what helm printed.

        Where the files of crds/ are not at hand, comments in them could pass for Helm's own: helm
        is asked once more, without them.
        """
        end = printed_crds(self._side, printed)
        if end is not None:
            return printed[:end], printed[end:]
        crds, text = split_crds(printed)
        if not crds:
            return crds, text
        again = [word for word in self._process.argv if word != "--include-crds"]
        code, out, err = Process(again, self._engine.time_limit).wait()
        if code:
            raise render_error(err.decode("utf-8", "replace").strip(), again, self._side)
        return crds, decoded(out, self._side)

    def cancel(self) -> None:
        """End helm and leave nothing behind."""
        self._process.cancel()
        self._engine.cancel()


class HelmBinary(Struct):
    """The engine that runs a helm binary; its version is asked for at once and read when it is
    needed."""

    path: str
    time_limit: float = TIME_LIMIT
    _asked: Process | None = None
    _version: str = ""

    def ask_version(self) -> None:
        """Start to ask helm for its version, so that the answer is there when it is needed."""
        self._version = self._version or known_version(self.path)
        if self._asked is None and not self._version:
            self._asked = Process([self.path, "version", "--short"], min(self.time_limit, 30.0))

    def cancel(self) -> None:
        """End the question for the version, where it is still under way."""
        if self._asked is not None:
            self._asked.cancel()

    @property
    def name(self) -> str:
        """The binary's path."""
        return self.path

    @property
    def version(self) -> str:
        """Helm's version, such as "3.22"; raises SourceError where it is no helm or too old."""
        self.require_version()
        return self._version

    @property
    def line(self) -> str:
        """Helm's major version, "3" or "4"."""
        return self.version.partition(".")[0]

    def require_version(self) -> None:
        """Raise SourceError unless this is a Helm that can do what is needed."""
        self.ask_version()
        if self._asked is not None and not self._version:
            _, out, err = self._asked.wait()
            self._version = read_version(self.path, (out + err).decode("utf-8", "replace"))
            remember_version(self.path, self._version)

    def start(self, side: ChartSide) -> HelmRender:
        """Start `helm template` and return at once; the version is asked for at the same time."""
        self.ask_version()
        return HelmRender(side, self)

    def render(self, side: ChartSide) -> Rendered:
        """Run `helm template` and wait for it."""
        return self.start(side).wait()


def read_version(path: str, output: str) -> str:
    """The version in the answer of `helm version --short`; raises SourceError where it is too old
    or no helm."""
    version = re.search(r"v(\d+)\.(\d+)(?:\.\d+)?", output)
    if version is None:
        raise SourceError(
            f"{path} does not answer `helm version` as Helm does",
            remedy="name Helm 3 or 4 with --helm",
        )
    if (int(version[1]), int(version[2])) < OLDEST:
        raise SourceError(
            f"{path} is Helm {version[0][1:]}, which is too old",
            remedy="use Helm 3.8 or newer, or Helm 4 (--helm PATH)",
        )
    if int(version[1]) > NEWEST_LINE:
        raise SourceError(
            f"{path} is Helm {version[0][1:]}, and how that line sends an upgrade is not known",
            remedy="use Helm 3 or 4 (--helm PATH), or a newer policylint",
        )
    return version[0][1:]
