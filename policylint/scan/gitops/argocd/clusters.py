"""Argo CD: the clusters that a file of the user's names, and what the cluster generator makes of
them.

A file holds the cluster Secrets of Argo CD as `kubectl get secret -n argocd -l
argocd.argoproj.io/secret-type=cluster -o yaml` prints them, or a list of `{name, server, labels,
annotations, project}`. Source: the cluster generator's page of Argo CD's documentation.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from policylint.model import Json
from policylint.scan.gitops.argocd.selectors import selects
from policylint.scan.gitops.tree import mapping, parsed, sequence, string

IN_CLUSTER = "https://kubernetes.default.svc"


class ArgoCluster(Struct, frozen=True):
    """One cluster that Argo CD knows."""

    name: str
    server: str
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    project: str = ""


def clusters_of(text: str, file: str) -> tuple[ArgoCluster, ...]:
    """The clusters of a file. Raises ValueError where it cannot be read or names none."""
    documents = parsed(text, file)
    if documents.error:
        raise ValueError(documents.error)
    clusters: list[ArgoCluster] = []
    for item in documents.items:
        if item.kind == "Secret":
            clusters.append(_of_secret(item.body))
        clusters += [_of_entry(entry) for entry in sequence(item.body, "clusters")]
    if not clusters:
        raise ValueError("it names no cluster")
    return tuple(clusters)


def _of_secret(body: dict[str, Json]) -> ArgoCluster:
    texts = {key: _decoded(text) for key, text in mapping(body, "data").items()}
    texts |= {key: str(text) for key, text in mapping(body, "stringData").items()}
    return ArgoCluster(
        texts.get("name", ""),
        texts.get("server", ""),
        _texts(mapping(body, "metadata", "labels")),
        _texts(mapping(body, "metadata", "annotations")),
        texts.get("project", ""),
    )


def _of_entry(entry: Json) -> ArgoCluster:
    return ArgoCluster(
        string(entry, "name"),
        string(entry, "server"),
        _texts(mapping(entry, "labels")),
        _texts(mapping(entry, "annotations")),
        string(entry, "project"),
    )


def _texts(table: Mapping[str, Json]) -> dict[str, str]:
    return {key: str(text) for key, text in table.items()}


def _decoded(text: Json) -> str:
    try:
        return base64.b64decode(str(text), validate=True).decode()
    except (binascii.Error, ValueError):
        return ""


def chosen(
    clusters: tuple[ArgoCluster, ...], body: dict[str, Json], go_template: bool
) -> Iterator[dict[str, Any]]:
    """The parameters of each cluster that a `clusters` generator selects; without a selector the
    cluster of Argo CD itself counts too."""
    selector = mapping(body, "selector")
    known = clusters
    if not selector and all(cluster.server != IN_CLUSTER for cluster in clusters):
        known = (*clusters, ArgoCluster("in-cluster", IN_CLUSTER))
    for cluster in known:
        if selects(selector, cluster.labels):
            yield _nested(cluster) if go_template else dict(_flat(cluster))


def _nested(cluster: ArgoCluster) -> dict[str, Any]:
    return {
        "name": cluster.name,
        "nameNormalized": _normalized(cluster.name),
        "server": cluster.server,
        "project": cluster.project,
        "metadata": {"labels": dict(cluster.labels), "annotations": dict(cluster.annotations)},
    }


def _flat(cluster: ArgoCluster) -> Iterator[tuple[str, str]]:
    yield "name", cluster.name
    yield "nameNormalized", _normalized(cluster.name)
    yield "server", cluster.server
    yield "project", cluster.project
    yield from ((f"metadata.labels.{key}", text) for key, text in cluster.labels.items())
    yield from ((f"metadata.annotations.{key}", text) for key, text in cluster.annotations.items())


def _normalized(name: str) -> str:
    """As a DNS label: what is no letter, digit, `-` or `.` becomes `-`."""
    return re.sub(r"[^a-z0-9.-]", "-", name.lower())[:253].strip("-.")
