"""Repository URLs, compared whatever their scheme, user and suffix."""

from __future__ import annotations


def plain_url(url: str) -> str:
    """A repository's URL without scheme, user and suffix."""
    rest = url.rpartition("://")[2] or url
    if "@" in rest:
        rest = rest.rpartition("@")[2].replace(":", "/", 1)
    return rest.removesuffix("/").removesuffix(".git").lower()


def same_repository(url: str, second: str) -> bool:
    """Whether two URLs mean one repository; of a fork, the name is the same."""
    left, right = plain_url(url), plain_url(second)
    return bool(left) and (left == right or left.rpartition("/")[2] == right.rpartition("/")[2])
