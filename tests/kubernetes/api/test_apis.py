"""API versions: the table against what real API servers serve, and what is said at the edges."""

import pytest

from policylint.kubernetes.api.apis import State, builtin, status, versions
from policylint.kubernetes.api.schemas import RECORDED, schemas

SERVED = (State.SERVED, State.DEPRECATED)


@pytest.mark.parametrize("minor", RECORDED)
def test_what_a_real_server_serves_is_served_in_the_table(minor):
    states = {pair: status(*pair, minor).state for pair in schemas(minor).kinds()}
    assert states
    assert {pair: state for pair, state in states.items() if state not in SERVED} == {}


@pytest.mark.parametrize("minor", RECORDED)
def test_what_the_table_calls_served_a_real_server_serves(minor):
    claimed = {pair for pair in builtin() if status(*pair, minor).state in SERVED}
    assert claimed - set(schemas(minor).kinds()) == set()


@pytest.mark.parametrize(
    ("api_version", "kind", "minor", "state", "replacement"),
    [
        ("extensions/v1beta1", "Deployment", "1.15", State.DEPRECATED, "apps/v1 Deployment"),
        ("extensions/v1beta1", "Deployment", "1.16", State.REMOVED, "apps/v1 Deployment"),
        (
            "networking.k8s.io/v1beta1",
            "Ingress",
            "1.21",
            State.DEPRECATED,
            "networking.k8s.io/v1 Ingress",
        ),
        (
            "networking.k8s.io/v1beta1",
            "Ingress",
            "1.22",
            State.REMOVED,
            "networking.k8s.io/v1 Ingress",
        ),
        (
            "policy/v1beta1",
            "PodDisruptionBudget",
            "1.25",
            State.REMOVED,
            "policy/v1 PodDisruptionBudget",
        ),
        ("policy/v1beta1", "PodSecurityPolicy", "1.25", State.REMOVED, ""),
        ("extensions/v1beta1", "PodSecurityPolicy", "1.30", State.REMOVED, ""),
        (
            "autoscaling/v2beta2",
            "HorizontalPodAutoscaler",
            "1.25",
            State.DEPRECATED,
            "autoscaling/v2 HorizontalPodAutoscaler",
        ),
        (
            "autoscaling/v2beta2",
            "HorizontalPodAutoscaler",
            "1.26",
            State.REMOVED,
            "autoscaling/v2 HorizontalPodAutoscaler",
        ),
        (
            "flowcontrol.apiserver.k8s.io/v1beta3",
            "FlowSchema",
            "1.31",
            State.DEPRECATED,
            "flowcontrol.apiserver.k8s.io/v1 FlowSchema",
        ),
        (
            "flowcontrol.apiserver.k8s.io/v1beta3",
            "FlowSchema",
            "1.32",
            State.REMOVED,
            "flowcontrol.apiserver.k8s.io/v1 FlowSchema",
        ),
        (
            "storage.k8s.io/v1beta1",
            "CSIStorageCapacity",
            "1.27",
            State.REMOVED,
            "storage.k8s.io/v1 CSIStorageCapacity",
        ),
        ("batch/v1", "CronJob", "1.20", State.NOT_YET, "batch/v1beta1 CronJob"),
        (
            "resource.k8s.io/v1beta1",
            "DeviceClass",
            "1.34",
            State.OFF,
            "resource.k8s.io/v1 DeviceClass",
        ),
        ("v1", "Endpoints", "1.32", State.SERVED, "discovery.k8s.io/v1 EndpointSlice"),
        ("v1", "Endpoints", "1.33", State.DEPRECATED, "discovery.k8s.io/v1 EndpointSlice"),
        ("apps/v1", "Deployment", "1.99", State.SERVED, ""),
        ("example.com/v1", "Widget", "1.36", State.UNKNOWN, ""),
    ],
)
def test_status(api_version, kind, minor, state, replacement):
    row_state = status(api_version, kind, minor)
    assert (row_state.state, row_state.replacement) == (state, replacement)


def test_every_row_has_its_source_and_its_dates_in_order():
    for pair in builtin():
        state = status(*pair, "1.36")
        assert state.source, pair
        dates = [
            int(date.partition(".")[2])
            for date in (state.introduced, state.deprecated, state.removed)
            if date
        ]
        assert dates == sorted(dates), pair


def test_custom_resources_name_their_product():
    state = status("cert-manager.io/v1alpha2", "Certificate", "1.36")
    assert (state.product, state.removed, state.custom) == ("cert-manager", "1.6", True)
    assert status("cert-manager.io/v1", "Certificate", "1.36").state is State.UNKNOWN


def test_versions_are_those_the_minor_serves():
    assert versions("autoscaling", "HorizontalPodAutoscaler", "1.24") == (
        "autoscaling/v1",
        "autoscaling/v2",
        "autoscaling/v2beta1",
        "autoscaling/v2beta2",
    )
    assert versions("autoscaling", "HorizontalPodAutoscaler", "1.36") == (
        "autoscaling/v1",
        "autoscaling/v2",
    )


def test_a_version_that_is_none_is_refused():
    with pytest.raises(ValueError, match="not a Kubernetes version"):
        status("apps/v1", "Deployment", "latest")
