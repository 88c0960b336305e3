"""What the resources that are embedded in a custom resource must have.

Source: apiextensions-apiserver pkg/apiserver/schema/objectmeta (validateEmbeddedResource).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policylint.kubernetes.api.fielderrors import each_invalid, invalid, required
from policylint.kubernetes.api.reading import fields, text
from policylint.kubernetes.crds.prepare import child_schema
from policylint.kubernetes.validity.formats import dns_1035_label, dns_label
from policylint.kubernetes.validity.metadata import annotation_map, labels
from policylint.kubernetes.validity.names import path_segment
from policylint.model import Cause, Json, Object


def embedded(value: Json, schema: Object | None, path: str = "") -> Iterator[Cause]:
    """The errors of embedded resources: they need a kind and an API version of their own."""
    if schema is None:
        return
    if isinstance(value, list):
        items = schema.get("items")
        for at, item in enumerate(value):
            yield from embedded(
                item, items if isinstance(items, Mapping) else None, f"{path}[{at}]"
            )
    elif isinstance(value, Mapping):
        if schema.get("x-kubernetes-embedded-resource"):
            yield from _type_meta(value, path)
            yield from _metadata(fields(value, "metadata"), f"{path}.metadata".lstrip("."))
        for name, item in value.items():
            yield from embedded(
                item, child_schema(schema, name), f"{path}.{name}" if path else name
            )


def _type_meta(value: Object, path: str) -> Iterator[Cause]:
    for name in ("apiVersion", "kind"):
        where = f"{path}.{name}" if path else name
        if name not in value:
            yield required(where)
        elif not isinstance(value[name], str):
            yield invalid(where, value[name], "must be a string")
        elif not value[name]:
            yield invalid(where, "", "must not be empty")
    version, kind = text(value, "apiVersion"), text(value, "kind")
    if version.count("/") > 1:
        where = f"{path}.apiVersion".lstrip(".")
        yield invalid(where, version, f"unexpected GroupVersion string: {version}")
    complaints = dns_1035_label(kind.lower()) if kind else ()
    if complaints:
        detail = "may have mixed case, but should otherwise match: " + ",".join(complaints)
        yield invalid(f"{path}.kind".lstrip("."), kind, detail)


def _metadata(meta: Object, at: str) -> Iterator[Cause]:
    """The errors of an embedded resource's metadata, of which no name is asked."""
    for name in ("name", "generateName"):
        segment = text(meta, name)
        yield from each_invalid(f"{at}.{name}", segment, path_segment(segment) if segment else ())
    namespace = text(meta, "namespace")
    yield from each_invalid(f"{at}.namespace", namespace, dns_label(namespace) if namespace else ())
    yield from labels(meta, "labels", f"{at}.labels")
    yield from annotation_map(meta, f"{at}.annotations")
