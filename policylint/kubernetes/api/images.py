"""The parts of an image's name: registry/repository:tag@digest.

Source: distribution/reference, reference.go and normalize.go.
"""

from __future__ import annotations


def repository(image: str) -> str:
    """The name without tag and digest."""
    name = image.partition("@")[0]
    colon = name.rfind(":")
    if colon > name.rfind("/"):
        return name[:colon]
    return name


def tag(image: str) -> str:
    """The tag, "" where it has none."""
    return image.partition("@")[0].removeprefix(repository(image)).removeprefix(":")


def registry(image: str) -> str:
    """The host; that of Docker Hub where it names none."""
    first, slash, _ = image.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return first
    return "docker.io"
