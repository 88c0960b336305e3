"""Charts of repositories and registries, fetched once by helm and kept by digest.

A version that names one chart is asked for once; a range is asked for each time, and the answer is
kept for runs without a network. Below `POLICYLINT_CACHE` (default: the user's cache directory):
`charts/DIGEST/NAME.tgz`, and `names/KEY`, a file that holds what a reference meant last.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
import re
import socket
import urllib.parse
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from policylint.errors import RenderError, SourceError
from policylint.helm.engines.binary import Process, find_helm
from policylint.helm.engines.library import library
from policylint.helm.engines.pull import Pull
from policylint.helm.inputs.sides import ChartSide
from policylint.helm.inputs.workspace import Workspace, disk_error
from policylint.helm.sources.chartindex import newest
from policylint.helm.values.semver import floats
from policylint.redaction.logins import without_logins
from policylint.runtime.wholefiles import write_whole

_TIME_LIMIT = 120.0


class Reference(Struct, frozen=True):
    """A chart that helm can pull: a name in a repository's URL, or `oci://...`."""

    chart: str
    repo: str = ""
    version: str = ""
    digest: str = ""

    @property
    def shown(self) -> str:
        """The reference for people, without logins."""
        if self.repo:
            where = f"{self.repo.rstrip('/')}/{self.chart}"
        else:
            where = self.chart
        return " ".join(filter(None, (without_logins(where), self.version or self.digest)))


class ChartCache(Struct, frozen=True):
    """Where charts are kept, and whether and from where more may be fetched."""

    root: Path
    helm: str = ""
    offline: bool = False
    allow_private: bool = False

    def chart(self, reference: Reference) -> Path:
        """The archive of a chart. Raises SourceError where it is not here and cannot be had."""
        key = hashlib.sha256("\0".join(_words(reference)).encode()).hexdigest()
        name = self.root / "names" / key
        kept = self._kept(name)
        if kept is not None and (self.offline or _is_exact(reference)):
            return kept
        if self.offline:
            raise SourceError(
                f"{reference.shown} is not in the cache, and nothing is fetched (--offline)",
                remedy="run once without --offline",
            )
        self._check(reference.repo or reference.chart)
        exact = self._exact(reference)
        if exact == reference:
            return self._fetched(reference, name)
        archive = self.chart(exact)
        self._note(name, archive)
        return archive

    def _check(self, url: str) -> None:
        if not self.allow_private:
            refuse_private(url)

    def _exact(self, reference: Reference) -> Reference:
        """A range of a plain repository as the version that its index means now."""
        is_plain = reference.repo.startswith(("http://", "https://"))
        if _is_exact(reference) or not is_plain or without_logins(reference.repo) != reference.repo:
            return reference
        version = newest(self.root, reference.repo, reference.chart, reference.version, self._check)
        if version:
            return replace(reference, version=version)
        return reference

    def _note(self, name: Path, archive: Path) -> None:
        """Keep what a reference meant, for runs without a network."""
        try:
            name.parent.mkdir(exist_ok=True)
            write_whole(name, f"{archive.parent.name} {archive.name}\n".encode())
        except OSError as error:
            raise disk_error(error) from error

    def _kept(self, name: Path) -> Path | None:
        """What a reference meant last, where the archive is still what it was."""
        try:
            digest, _, file = name.read_text("utf-8").strip().partition(" ")
            archive = self.root / "charts" / digest / file
            content = archive.read_bytes()
        except (OSError, ValueError):
            return None
        if hashlib.sha256(content).hexdigest() == digest:
            return archive
        return None

    def _fetched(self, reference: Reference, name: Path) -> Path:
        try:
            with Workspace() as workspace:
                archive = _pull(reference, workspace.directory(), self.helm)
                content = archive.read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            kept = self.root / "charts" / digest / archive.name
            kept.parent.mkdir(parents=True, exist_ok=True)
            write_whole(kept, content)
            name.parent.mkdir(exist_ok=True)
            write_whole(name, f"{digest} {kept.name}\n".encode())
        except OSError as error:
            raise disk_error(error) from error
        return kept


def cache_root() -> Path:
    """POLICYLINT_CACHE, else `policylint` in the user's cache directory."""
    named = os.environ.get("POLICYLINT_CACHE", "")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base else Path.home() / ".cache") / "policylint"


def refuse_private(url: str) -> None:
    """Raise SourceError for a source on this machine or in a private network, unless it was
    allowed: what a change names must not reach what the change's author cannot."""
    host = urllib.parse.urlsplit(url).hostname or ""
    addresses = {host} if _address(host) else _resolved(host)
    private = [text for text in addresses if not _is_public(text)]
    if host == "localhost" or private:
        raise SourceError(
            f"{without_logins(url)} is on this machine or in a private network",
            remedy="--allow-private-sources, where you trust what declares it",
        )


def _resolved(host: str) -> set[str]:
    try:
        return {str(row[4][0]) for row in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return set()  # helm will say that there is no such host


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


def _is_public(text: str) -> bool:
    address = _address(text)
    return address is None or address.is_global


def _words(reference: Reference) -> tuple[str, ...]:
    return (reference.chart, reference.repo, reference.version, reference.digest)


def _is_exact(reference: Reference) -> bool:
    """Whether a reference names one chart for good: a digest or a whole version."""
    exact = re.fullmatch(r"v?\d+\.\d+\.\d++\S*+", reference.version) is not None
    return bool(reference.digest) or (exact and not floats(reference.version))


def _pull(reference: Reference, folder: Path, helm: str) -> Path:
    """The archive that helm pulls into an empty directory, under a name of its own."""
    program = find_helm("" if helm == "embedded" else helm)
    if helm == "embedded" or not program:
        return _by_library(reference, folder)
    code, _, err = Process(_pull_argv(program, reference, folder), _TIME_LIMIT).wait()
    archives = sorted(folder.glob("*.tgz"))
    if code or len(archives) != 1:
        words = without_logins(err.decode("utf-8", "replace").strip())
        raise _failed(reference, words.rpartition("\n")[2])
    return archives[0]


def _pull_argv(program: str, reference: Reference, folder: Path) -> list[str]:
    """What comes from a repository's files reaches helm as data: never as a flag."""
    if reference.chart.startswith("-"):
        raise SourceError(f"{reference.shown} is no chart")
    chart = reference.chart + (f"@{reference.digest}" if reference.digest else "")
    argv = [program, "pull", chart, f"--destination={folder}"]
    argv += [f"--repo={reference.repo}"] if reference.repo else []
    argv += [f"--version={reference.version}"] if reference.version else []
    return [*argv, *(("--plain-http",) if _is_loopback(chart) else ())]


def _is_loopback(chart: str) -> bool:
    """A registry on this machine speaks plain http, as Docker and ORAS take it too."""
    host = urllib.parse.urlsplit(chart).hostname or ""
    address = _address(host)
    return chart.startswith("oci://") and (
        host == "localhost" or (address is not None and address.is_loopback)
    )


def _by_library(reference: Reference, folder: Path) -> Path:
    extra = ("--plain-http",) if _is_loopback(reference.chart) else ()
    chart = reference.chart + (f"@{reference.digest}" if reference.digest else "")
    side = ChartSide(chart, version=reference.version, repo=reference.repo, extra=extra)
    library()
    pull = Pull(side, folder)
    try:
        return pull.wait()
    except RenderError as error:
        raise _failed(reference, error.message) from error
    finally:
        pull.cancel()


def _failed(reference: Reference, words: str) -> SourceError:
    return SourceError(
        f"{reference.shown} cannot be fetched: {words}",
        remedy="log in as for helm itself, or name a cache that holds it: POLICYLINT_CACHE",
    )
