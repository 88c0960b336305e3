"""Objects as kubectl takes them."""

import pytest

from policylint.kubernetes.api.commands import named
from policylint.model import ResourceId


@pytest.mark.parametrize(
    ("identity", "words"),
    [
        (ResourceId("", "Service", "shop", "web"), "service web -n shop"),
        (ResourceId("apps", "Deployment", "shop", "web"), "deployment web -n shop"),
        (ResourceId("extensions", "Ingress", "shop", "web"), "ingress web -n shop"),
        (ResourceId("storage.k8s.io", "StorageClass", "", "fast"), "storageclass fast"),
        (
            ResourceId("serving.knative.dev", "Service", "shop", "web"),
            "service.serving.knative.dev web -n shop",
        ),
        (
            ResourceId("gateway.networking.k8s.io", "Gateway", "shop", "edge"),
            "gateway.gateway.networking.k8s.io edge -n shop",
        ),
    ],
)
def test_a_custom_kind_is_named_with_its_group(identity, words):
    """Without it `kubectl delete service web` takes the core Service for Knative's."""
    assert named(identity) == words
