"""Argo CD: the Helm sources of Application and ApplicationSet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from policylint.scan.declarations.declared import Declaration, first, word
from policylint.scan.declarations.rows import declaration
from policylint.scan.invocations.settings import (
    Reading,
    Setting,
    read_value,
    setting,
    strongest,
    tables,
)
from policylint.scan.texts.source import Place
from policylint.scan.texts.yaml import Tree


def read(root: Tree) -> Iterator[Declaration]:
    """The releases that an Application, or the template of an ApplicationSet, declares."""
    if not (root.string("apiVersion") or "").startswith("argoproj.io/"):
        return
    application = _application(root)
    spec = application.get("spec") if application else None
    if application is None or spec is None:
        return
    charts = [source for source in _sources(spec) if _is_helm(source)]
    for index, source in enumerate(charts):
        # the document is the place of its (first) release, an item that of each further one
        place = root.place if index == 0 else source.item_place
        yield _declaration(root, application, source, place)


def _application(root: Tree) -> Tree | None:
    kind = root.string("kind")
    if kind == "ApplicationSet":
        return root.get("spec", "template")
    if kind == "Application":
        return root
    return None


def _sources(spec: Tree) -> Iterator[Tree]:
    """Those of `sources`; of an empty list it is the one `source`, as Argo CD's HasMultipleSources
    has it."""
    single, several = spec.get("source"), spec.get("sources")
    listed = list(several.items()) if several else []
    if single and not listed:
        yield single
    yield from listed


def _is_helm(source: Tree) -> bool:
    helm = source.get("helm")
    return source.string("chart") is not None or (helm is not None and (helm.mapping or helm.open))


def _declaration(root: Tree, application: Tree, source: Tree, place: Place) -> Declaration:
    spec = application.get("spec") or application
    repository = source.get("repoURL")
    if repository and (repository.text or "").startswith("oci://"):
        packed = repository
    else:
        packed = None
    of_source = declaration("argocd", source, place)
    return replace(
        of_source,
        release=first(of_source.release, word(application.get("metadata", "name"))),
        chart=first(of_source.chart, word(packed), word(source.get("path"))),
        namespace=first(of_source.namespace, word(spec.get("destination", "namespace"))),
        settings=strongest([*of_source.settings.values(), *_options(spec)]),
        hidden=source.open or spec.open or bool(root.get("spec", "templatePatch")),
    )


def _options(spec: Tree) -> Iterator[Setting]:
    """The sync options that mean one of Helm's flags, written `Name=value`."""
    known = tables()["argocd"].options
    policy = spec.get("syncPolicy")
    options = policy.get("syncOptions") if policy else None
    items = list(options.items()) if options else []
    for item in items:
        yield from _option(item, spec, known)
    is_open = any(tree is not None and tree.open for tree in (policy, options))
    if is_open or any(_nameless(item) for item in items):
        yield from (Setting(flag, "unknown") for flag, _ in known.values())


def _option(item: Tree, spec: Tree, known: Mapping[str, Reading]) -> Iterator[Setting]:
    name, _, value = (item.text or "").partition("=")
    if name not in known:
        return
    if item.sometimes(spec):
        yield from setting(item, known[name], spec)
    else:
        yield from read_value(value or "true", known[name], item.place, item.text or "")


def _nameless(option: Tree) -> bool:
    """Whether a template decides which sync option this is, and not only its value."""
    name, equals, _ = (option.text or "").partition("=")
    return option.dynamic and not (equals and re.fullmatch(r"\w+", name))
