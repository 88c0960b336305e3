"""Which Helm a file installs or runs in: variables, setup actions and tasks, installers, image
tags."""

from __future__ import annotations

import re
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
    r"(?:^|[\s\"'/])(?:alpine|dtzar|lachlanevenson|lachie83|bitnami|devopsworks|wiremind|ghcr\.io/helm)?/?"
    r"(?:k8s-helm|helm-kubectl|kubectl-helm|helm)3?:v?([234]\.\d+(?:\.\d+)?)(?![\w.])"
)


_IMAGES = ("helm:", "helm3:", "kubectl:", "kubectl3:")
"""How the images of `_IMAGE` end."""


@lru_cache(maxsize=2)  # each script of a file asks
def installed(text: str) -> str:
    """The version of Helm that a file's text says it uses, "3" or "3.14.2"; "" where it says none
    or several."""
    found = {version for version in _found(text) if version}
    found = {each for each in found if not any(other.startswith(f"{each}.") for other in found)}
    return found.pop() if len(found) == 1 else ""


def _found(text: str) -> list[str]:
    setups = (
        [match["rest"] for match in _SETUP.finditer(f"{text}\n")] if "setup-helm" in text else []
    )
    named = _NAMED.findall(text) if "version" in text.lower() else []
    installers = _INSTALLER.findall(text) if "get-helm-" in text else []
    return [
        *named,
        *(_DOWNLOADED.findall(text) if "get.helm.sh" in text else ()),
        *(version for match in installers for version in match),
        *(match[1] for setup in setups if (match := _INPUT.search(setup))),
        *(_IMAGE.findall(text) if any(image in text for image in _IMAGES) else ()),
    ]
