"""What the configuration says of the releases that other tools' files declare."""

from __future__ import annotations

import fnmatch

from msgspec import Struct


class DeclaredSettings(Struct, frozen=True):
    """Settings of the releases that are declared below a path or for a cluster; globs, "" for
    any."""

    path: str = ""
    cluster: str = ""
    kubernetes: str = ""
    helm: str = ""
    environment: str = ""

    def holds(self, file: str, cluster: str) -> bool:
        """Whether a release is meant."""
        by_path = not self.path or is_below(file, self.path)
        return by_path and (not self.cluster or fnmatch.fnmatchcase(cluster, self.cluster))


class Declaring(Struct, frozen=True):
    """Which declared releases are looked at, and from where their charts are fetched."""

    fetch: str = ""
    """declared, base or never; "" for base in the pull request of a fork, else declared."""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    clusters: str = ""
    rows: tuple[DeclaredSettings, ...] = ()

    def covers(self, file: str) -> bool:
        """Whether releases that a file declares are looked at."""
        wanted = not self.include or any(is_below(file, glob) for glob in self.include)
        return wanted and not any(is_below(file, glob) for glob in self.exclude)

    def settings_of(self, file: str, cluster: str) -> DeclaredSettings:
        """What is said of a release; of several rows the first that says something counts."""
        kubernetes = helm = environment = ""
        for row in self.rows:
            if row.holds(file, cluster):
                kubernetes = kubernetes or row.kubernetes
                helm = helm or row.helm
                environment = environment or row.environment
        return DeclaredSettings(kubernetes=kubernetes, helm=helm, environment=environment)


def is_below(file: str, glob: str) -> bool:
    """Whether a glob names a file, or a directory that holds it."""
    named = glob.removeprefix("./").rstrip("/")
    return fnmatch.fnmatchcase(file, named) or fnmatch.fnmatchcase(file, f"{named}/*")
