"""What is known of the cluster beside the manifests: the forecast's optional input."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from policylint.model import Object, Resource, ResourceId


class Cluster(Struct, frozen=True):
    """Objects and facts that turn `depends` into an answer; everything is optional.

    `live` holds objects as the API server returns them, `crds` CustomResourceDefinitions and
    `immutable_paths` the declared immutable fields ("spec.region") of custom resources, both by
    (group, kind) of the resource; `storage_classes` is keyed by name. `kept` are objects that an
    earlier revision of the release dropped and the keep policy left in the cluster.
    """

    live: Mapping[ResourceId, Object] = field(default_factory=dict)
    crds: Mapping[tuple[str, str], Object] = field(default_factory=dict)
    storage_classes: Mapping[str, Object] = field(default_factory=dict)
    immutable_paths: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    kept: Mapping[ResourceId, Resource] = field(default_factory=dict)
