"""What a kustomization may not say where kustomize itself builds it: run, fetch, or lead out.

kustomize is run without its load restrictions, as Flux runs it: a base may stand beside the
directory that is built. Flux shuts its file system off at the source's top instead; here every name
of a file is looked at before. Fields are matched by kustomize in any case (encoding/json), so those
that are not spelled as the documentation spells them are refused.

Source: sigs.k8s.io/kustomize/api v0.20 types/kustomization.go, types/patch.go.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from policylint.model import Json
from policylint.scan.gitops.kustomize.files import BuildError
from policylint.scan.gitops.tree import normal

BASES = ("resources", "bases", "components")
FETCHING = (*BASES, "crds")
"""Fields that name files, directories, or addresses to fetch."""
_FIELDS = frozenset(
    {
        *FETCHING,
        "apiVersion",
        "kind",
        "metadata",
        "buildMetadata",
        "commonAnnotations",
        "commonLabels",
        "configMapGenerator",
        "configurations",
        "generatorOptions",
        "images",
        "labels",
        "namePrefix",
        "nameSuffix",
        "namespace",
        "openapi",
        "patches",
        "patchesJson6902",
        "patchesStrategicMerge",
        "replacements",
        "replicas",
        "secretGenerator",
        "sortOptions",
        "vars",
    }
)
"""All but those that run something: helmCharts, generators, transformers and validators."""
_TEXTS = frozenset(
    {"commonAnnotations", "commonLabels", "labels", "literals", "metadata", "options", "patch"}
)
"""Fields that name no file, and may hold an address as text."""


def refuse(whole: dict[str, Json], folder: str) -> None:
    """Raise BuildError where the kustomization of a directory would run a program, fetch what is
    no base, or read a file outside of the tree."""
    for field, entry in whole.items():
        if field not in _FIELDS and entry:
            raise BuildError(f"the kustomization uses {field}")
        for text in _names(entry) if field not in _TEXTS else ():
            refuse_name(text, folder, may_be_address=field in FETCHING)


def refuse_name(text: str, folder: str, *, may_be_address: bool = False) -> None:
    """Raise BuildError for a text that names an address, or a file outside of the tree; generators
    write `key=file`."""
    if "://" in text:
        if not may_be_address:
            raise BuildError(f"the kustomization would fetch {text.partition('?')[0]}")
        return
    for path in (text, text.partition("=")[2]):
        inside = normal(posixpath.join(folder, path))
        if path.startswith("/") or inside == ".." or inside.startswith("../"):
            raise BuildError(f"{path} leads out of the repository")


def _names(body: Json) -> Iterator[str]:
    """The texts that may name a file: those of one line, and not where texts stand."""
    if isinstance(body, dict):
        for key, entry in body.items():
            if key not in _TEXTS:
                yield from _names(entry)
    elif isinstance(body, list):
        for entry in body:
            yield from _names(entry)
    elif isinstance(body, str) and "\n" not in body:
        yield body
