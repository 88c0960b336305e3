"""Repository URLs, compared whatever their scheme, user and suffix."""

from __future__ import annotations


def plain_url(url: str) -> str:
    """A repository's URL without scheme, user and suffix."""
    rest = url.rpartition("://")[2] or url
    rest = rest.rpartition("@")[2].replace(":", "/", 1) if "@" in rest else rest
    return rest.removesuffix("/").removesuffix(".git").lower()


def same_repository(url: str, other: str) -> bool:
    """Whether two URLs mean one repository; of a fork, the name is the same."""
    one, two = plain_url(url), plain_url(other)
    return bool(one) and (one == two or one.rpartition("/")[2] == two.rpartition("/")[2])
