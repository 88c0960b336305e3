"""The user's kubectl: the words it is given, how it is run, and what its answers mean.

Every word that kubectl is ever given is put together here. Objects and patches go in by standard
input, so that nothing of a manifest is an option, and no secret is in a list of processes. Nothing
but `get` runs without `--dry-run=server`.
"""

from __future__ import annotations

import os
import shutil
import subprocess

import msgspec.json
from msgspec import Struct

from policylint.errors import SourceError, UsageError
from policylint.model import Object, Outcome, ResourceId
from policylint.runtime.patterns import pattern

_MANAGER = "--field-manager=helm"
TIME_LIMIT = 60.0
"""Seconds that one request may take."""
_DRY = ("--dry-run=server", "--output=name")
_NAME = pattern(r"[A-Za-z0-9][A-Za-z0-9._:-]*")
_VERSION = pattern(r"[a-z0-9]+")
_SERVER = pattern(r"Error from server(?: \((\w+)\))?: ")
_INVALID = pattern(r"The \S+ (?:\"[^\"\n]*\" is invalid|is invalid)")
_PREFIX = pattern(r"error when (?:creating|patching|replacing|applying patch)[^\n]*?\"?STDIN\"?: ")
_HELM_TOO = ("no matches for kind", "Apply failed with")
"""What kubectl finds before it sends anything, or tells in its own words, and Helm fails at too."""
_NO_ANSWER = frozenset(
    {
        *("Unauthorized", "ServiceUnavailable", "Timeout", "ServerTimeout", "TooManyRequests"),
        *("MethodNotAllowed", "NotAcceptable", "UnsupportedMediaType"),
    }
)
"""Reasons that say nothing of the object."""
_NOT_DRY = "does not support dry run"


class Said(Struct, frozen=True):
    """The cluster's answer to one dry run: None where it gave none, and its words."""

    outcome: Outcome | None
    message: str = ""
    reason: str = ""
    """The server's reason, such as AlreadyExists."""


class Kubectl(Struct, frozen=True):
    """A kubectl and the context of its configuration that it is to use."""

    path: str
    context: str

    def live(self, body: Object, identity: ResourceId) -> tuple[Object | None, Said]:
        """The live object of an identity, None where there is none or it could not be asked."""
        named = {
            "apiVersion": body.get("apiVersion"),
            "kind": body.get("kind"),
            "metadata": {"name": identity.name},
        }
        words = ("get", "--ignore-not-found", "--output=json", "--filename=-")
        code, out, err = self._run(words, identity, named)
        if code:
            return None, meaning(code, err)
        printed = msgspec.json.decode(out) if out.strip() else None
        return (printed if isinstance(printed, dict) else None), Said(Outcome.ACCEPTED)

    def create(self, body: Object, identity: ResourceId) -> Said:
        """The answer to a POST."""
        words = ("create", _MANAGER, "--validate=warn", "--filename=-", *_DRY)
        return self._asked(words, identity, body)

    def apply(self, body: Object, identity: ResourceId, *, force: bool) -> Said:
        """The answer to a server-side apply."""
        conflicts = f"--force-conflicts={'true' if force else 'false'}"
        words = ("apply", "--server-side", _MANAGER, "--validate=strict", conflicts)
        return self._asked((*words, "--filename=-", *_DRY), identity, body)

    def replace(self, body: Object, identity: ResourceId) -> Said:
        """The answer to a PUT."""
        words = ("replace", _MANAGER, "--validate=warn", "--filename=-", *_DRY)
        return self._asked(words, identity, body)

    def patch(self, patch: Object, body: Object, identity: ResourceId, sort: str) -> Said:
        """The answer to a patch of a sort, "strategic" or "merge"."""
        named = _named(body, identity)
        if named is None:
            return Said(None, "its kind or its name cannot be a word of kubectl's")
        words = ("patch", _MANAGER, f"--type={sort}", "--patch-file=/dev/stdin", *_DRY)
        return self._asked((*words, "--", *named), identity, patch)

    def _asked(self, words: tuple[str, ...], identity: ResourceId, body: Object) -> Said:
        code, _, err = self._run(words, identity, body)
        return meaning(code, err)

    def _run(
        self, words: tuple[str, ...], identity: ResourceId, body: Object
    ) -> tuple[int, str, str]:
        argv = [self.path, f"--context={self.context}", f"--request-timeout={TIME_LIMIT:g}s"]
        if identity.namespace:
            argv.append(f"--namespace={identity.namespace}")
        try:
            done = subprocess.run(
                [*argv, *words],
                input=msgspec.json.encode(body),
                capture_output=True,
                timeout=TIME_LIMIT + 10,
                check=False,
                env={**os.environ, "LC_ALL": "C"},
            )
        except subprocess.TimeoutExpired:
            return 1, "", f"kubectl did not end within {TIME_LIMIT + 10:g} seconds"
        except OSError as error:
            return 1, "", f"kubectl cannot be run: {error.strerror or error}"
        out, err = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
        return done.returncode, out, err


def kubectl_of(context: str) -> Kubectl:
    """The kubectl on PATH with a context; raises UsageError where none is named, SourceError where
    there is no kubectl."""
    if not context.strip() or context.startswith("-"):
        raise UsageError(
            "--ask needs the name of a context: no cluster is asked by default",
            remedy="choose one of `kubectl config get-contexts`",
        )
    path = shutil.which("kubectl")
    if path is None:
        raise SourceError("--ask needs kubectl, and there is none", remedy="put it on PATH")
    return Kubectl(path, context)


def meaning(code: int, err: str) -> Said:
    """What kubectl's exit code and standard error come to."""
    if code == 0:
        return Said(Outcome.ACCEPTED, "\n".join(filter(_is_warning, err.splitlines())))
    text = "\n".join(line for line in err.splitlines() if not _is_warning(line)).strip()
    server = _SERVER.match(text)
    if server is not None:
        return _of_server(server[1] or "", _PREFIX.sub("", text[server.end() :], count=1))
    if _INVALID.match(text):
        return Said(Outcome.REJECTED, text, "Invalid")
    plain = text.removeprefix("error: ").partition("\nPlease review the fields above")[0]
    helm_too = any(words in plain for words in _HELM_TOO)
    return Said(Outcome.REJECTED if helm_too else None, plain or f"kubectl ended with {code}")


def _is_warning(line: str) -> bool:
    return line.startswith("Warning: ")


def _of_server(reason: str, message: str) -> Said:
    answers = reason not in _NO_ANSWER and _NOT_DRY not in message
    return Said(Outcome.REJECTED if answers else None, message, reason)


def _named(body: Object, identity: ResourceId) -> tuple[str, ...] | None:
    """(kind.version.group, name) of an object, None where that is no word of kubectl's."""
    group, _, version = str(body.get("apiVersion")).rpartition("/")
    words = (identity.kind, version, group or "a", identity.name)
    if not all(_NAME.fullmatch(word) for word in words) or not _VERSION.fullmatch(version):
        return None
    return f"{identity.kind}.{version}.{group}", identity.name
