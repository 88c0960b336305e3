"""Flux: the kustomize post-renderers of a HelmRelease, over what helm rendered.

Source: fluxcd/helm-controller internal/postrender (kustomize.go, common.go): patches, images and
the older patch fields go into one kustomization over the manifest; hooks and what lies in crds/ are
no part of it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from policylint.errors import RenderError
from policylint.helm.render.texts import Rendered
from policylint.kubernetes.manifests.reader import Text
from policylint.kyaml.nodes import yaml
from policylint.model import Json
from policylint.scan.gitops.kustomize.binary import Builder, find_builder
from policylint.scan.gitops.kustomize.files import BuildError
from policylint.scan.gitops.kustomize.guard import refuse

_FIELDS = ("patches", "images", "patchesStrategicMerge", "patchesJson6902")


def can_apply(renderers: Json) -> bool:
    """Whether all post-renderers are kustomize's, and a kustomize is at hand."""
    listed = renderers if isinstance(renderers, list) else []
    return find_builder() is not None and all(_is_kustomize(entry) for entry in listed)


def _is_kustomize(entry: Json) -> bool:
    if not isinstance(entry, dict) or set(entry) != {"kustomize"}:
        return False
    body = entry["kustomize"]
    return isinstance(body, dict) and set(body) <= set(_FIELDS)


def post_rendered(rendered: Rendered, renderers: Sequence[Json]) -> Rendered:
    """A side as the post-renderers leave it. Raises RenderError with kustomize's words."""
    builder = find_builder()
    if builder is None or not renderers:
        return rendered
    alternatives = tuple(
        replace(
            pair,
            before=_texts(pair.before, (), renderers, builder),
            after=_texts(pair.after, (), renderers, builder),
        )
        for pair in rendered.alternatives
    )
    texts = _texts(rendered.texts, rendered.crds, renderers, builder)
    return replace(rendered, texts=texts, alternatives=alternatives)


def _texts(
    texts: tuple[Text, ...], crds: tuple[Text, ...], renderers: Sequence[Json], builder: Builder
) -> tuple[Text, ...]:
    stored = {text.text for text in crds}
    left = [text for text in texts if text.text in stored]
    sent: list[str] = []
    for text in texts:
        if text.text in stored:
            continue
        for document in text.documents():
            if "helm.sh/hook" in document.text:
                left.append(Text(text.file, document.text, line=text.line))
            else:
                sent.append(document.text)
    manifest = "\n---\n".join(sent)
    for renderer in renderers:
        manifest = _built(manifest, renderer, builder)
    name = texts[0].file if texts else ""
    return (*left, Text(f"{name}, post-rendered", manifest))


def _built(manifest: str, renderer: Json, builder: Builder) -> str:
    if not manifest.strip() or not isinstance(renderer, dict):
        return manifest
    body = renderer["kustomize"]
    if isinstance(body, dict):
        own = {key: entry for key, entry in body.items() if entry}
    else:
        own = {}
    with tempfile.TemporaryDirectory(prefix="policylint-") as made:
        folder = Path(made)
        (folder / "manifest.yaml").write_text(manifest, "utf-8")
        whole = {"resources": ["manifest.yaml"], **own}
        (folder / "kustomization.yaml").write_text(yaml.safe_dump(whole, sort_keys=False), "utf-8")
        try:
            refuse(whole, ".")
            return builder.build(folder, ".")
        except BuildError as error:
            raise RenderError(f"the post-renderer fails: {error}") from error
