"""What is known of a release: its revisions, as helm prints them or as its records hold them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from msgspec import Struct, field
from msgspec.structs import replace

from policylint.model import Location, Object
from policylint.runtime.patterns import pattern

PENDING = ("pending-install", "pending-upgrade", "pending-rollback")
STATUSES = ("unknown", "deployed", "uninstalled", "superseded", "failed", "uninstalling", *PENDING)
LIMIT = 10
"""Helm's own default of --history-max."""

_UNFINISHED = ("Preparing upgrade", "Initial install underway", "Install underway")
_FAILED = pattern(r'(?:Release|Upgrade|Rollback|Install) "[^"]*" failed\b')


class Revision(Struct, frozen=True):
    """One revision of a release; what only a record holds is empty when helm's output was read."""

    number: int
    status: str
    chart: str = ""
    """Name and version joined by a dash, as helm prints them."""
    app_version: str = ""
    updated: str = ""
    """When it was last deployed, as helm wrote it."""
    description: str = ""
    chart_name: str = ""
    chart_version: str = ""
    record: str = ""
    """The name of the Secret or ConfigMap; empty where helm's output was read."""
    kind: str = "Secret"
    """What holds the record: Secret or ConfigMap."""
    line: int = 0
    size: int = 0
    """Bytes that the record takes of the 1 MiB that a Secret may hold."""
    apply_method: str = ""
    """ssa or csa; Helm 3 writes none and sends client-side patches."""
    manifest: str = ""
    hooks: tuple[Object, ...] = ()
    values: Object = field(default_factory=dict)
    chart_record: Object = field(default_factory=dict)
    """The chart as the record holds it: metadata, values, templates, files; without the charts in
    charts/."""

    @property
    def pending(self) -> bool:
        """Whether Helm takes it for an operation that is still under way."""
        return self.status in PENDING

    @property
    def good(self) -> bool:
        """Whether it was once deployed without an error.

        Superseded alone does not say so: Helm also marks a failed first install as superseded once
        an upgrade succeeds, and the current revision when a rollback fails. Its description still
        tells.
        """
        if self.status == "deployed":
            return True
        failed = _FAILED.match(self.description) is not None or self.description in _UNFINISHED
        return self.status == "superseded" and not failed

    @property
    def server_side(self) -> bool:
        """Whether it was sent by server-side apply."""
        return self.apply_method == "ssa"

    @property
    def method(self) -> str:
        """How its record says that it was sent, ssa or csa: Helm 3 writes nothing, and sends
        client-side patches; "" where helm printed the revision, which does not always show it."""
        return self.apply_method or ("csa" if self.record else "")

    @property
    def when(self) -> datetime | None:
        """`updated` as a time, None where it cannot be read."""
        text = (
            re.sub(r"(\.\d{1,6})\d*", r"\1", self.updated.strip())
            .removesuffix(" UTC")
            .replace(" +", "+")
        )
        try:
            time = datetime.fromisoformat(text)
        except ValueError:
            return None
        if time.tzinfo:
            return time
        return time.replace(tzinfo=UTC)


class History(Struct, frozen=True):
    """A release's revisions in rising order.

    `complete` is False where only the last one is known (`helm list`, `helm status`); `limit` is
    the --history-max it is judged by. `now` is when it was read, for how long a lock has stood.
    """

    name: str
    namespace: str
    revisions: tuple[Revision, ...]
    file: str = ""
    complete: bool = True
    limit: int = LIMIT
    now: datetime | None = None

    @property
    def title(self) -> str:
        """The name in a sentence; a list that does not name its release leaves it to the reader."""
        return self.name or "RELEASE"

    @property
    def last(self) -> Revision:
        """The newest revision; a history has at least one."""
        return self.revisions[-1]

    @property
    def deployed(self) -> tuple[Revision, ...]:
        """The revisions with status deployed; more than one is a damaged history."""
        return tuple(revision for revision in self.revisions if revision.status == "deployed")

    @property
    def good(self) -> tuple[Revision, ...]:
        """The revisions that were once deployed without an error."""
        return tuple(revision for revision in self.revisions if revision.good)

    def revision(self, number: int) -> Revision | None:
        """A revision by number."""
        return next((revision for revision in self.revisions if revision.number == number), None)

    def place(self, revision: Revision) -> Location:
        """Where a revision is written: file and line, and the record's name as key."""
        return Location(
            "record", self.file, revision.line, key=revision.record or f"revision {revision.number}"
        )

    def command(self, *words: str | int) -> str:
        """A helm command on this release, with its namespace where that is known."""
        if self.namespace:
            namespace = ["-n", self.namespace]
        else:
            namespace = []
        verb, *rest = map(str, words)
        return " ".join(["helm", verb, self.name or "RELEASE", *rest, *namespace])

    def with_limit(self, limit: int) -> History:
        """The same history judged under another --history-max; 0 is no limit."""
        return replace(self, limit=limit)
