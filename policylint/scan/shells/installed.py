"""Which Helm a file installs or runs in: variables, setup actions and tasks, installers, image
tags."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from policylint.runtime.patterns import pattern

_VERSION = r"[\"']?v?([234](?:\.\d+){0,2})(?![\w.])"
_NAMED = pattern(
    r"(?:HELM_?VERSION|helm[-_]?version(?:ToInstall)?|DESIRED_VERSION)[\"']?"
    rf"(?:\s{{0,4}}(?::-|[:=?]{{1,2}})\s{{0,4}}|[ \t]{{1,4}}){_VERSION}",
    re.IGNORECASE,
)
_DOWNLOADED = pattern(r"get\.helm\.sh/helm-v([234](?:\.\d+){1,2})")
_INSTALLER = pattern(
    r"\bget-helm-([34])\b(?![^\n|]*\bhelm-)(?:[^\n]*?(?:--version|-v)[ =]v?([34](?:\.\d+){1,2}))?"
)
_SETUP = pattern(
    r"^(?P<pad>[ \t]*)(?:-[ ]+)?uses:[ \t]*[\"']?azure/setup-helm@"
    r"(?P<rest>[^\n]*\n(?:(?:(?P=pad)(?!- )[^\n]*|[ \t]*)\n)*)",
    re.IGNORECASE | re.MULTILINE,
)
_INPUT = pattern(rf"\bversion:[ \t]*{_VERSION}")
_IMAGE = pattern(
    r"(?:^|[\s\"'/])"
    r"(?:alpine|dtzar|lachlanevenson|lachie83|bitnami|devopsworks|wiremind|ghcr\.io/helm)?/?"
    r"(?:k8s-helm|helm-kubectl|kubectl-helm|helm)3?:v?([234]\.\d+(?:\.\d+)?)(?![\w.])"
)


_IMAGES = ("helm:", "helm3:", "kubectl:", "kubectl3:")
"""How the images of `_IMAGE` end."""


@lru_cache(maxsize=2)  # each script of a file asks
def installed(text: str) -> str:
    """The version of Helm that a file's text says it uses, "3" or "3.14.2"; "" where it says none
    or several."""
    versions = set(_mentioned(text)) - {""}
    exact = [version for version in versions if not _refined(version, versions)]
    if len(exact) == 1:
        return exact[0]
    return ""


def _refined(version: str, versions: set[str]) -> bool:
    """Whether another one says more exactly the same: 3.14 where 3.14.2 is named too."""
    return any(longer.startswith(f"{version}.") for longer in versions)


def _mentioned(text: str) -> Iterator[str]:
    """The versions in each kind of place, a kind looked for only where its plain word stands."""
    if "version" in text.lower():
        yield from _NAMED.findall(text)
    if "get.helm.sh" in text:
        yield from _DOWNLOADED.findall(text)
    if "get-helm-" in text:
        for line, version in _INSTALLER.findall(text):
            yield from (line, version)
    if "setup-helm" in text:
        for setup in _SETUP.finditer(f"{text}\n"):
            yield from _INPUT.findall(setup["rest"])[:1]
    if any(image in text for image in _IMAGES):
        yield from _IMAGE.findall(text)
