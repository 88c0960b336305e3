"""The invocation that deploys a release, and what it says of the values mode, atomic and
version."""

from __future__ import annotations

from typing import Any

import pytest

from policylint.scan.invocations.model import Flag, Invocation, Job
from policylint.scan.repository.deploys import deployment, deploys, values_mode

SET = Flag("set", True)


def upgrade(
    file: str = "deploy.sh", tool: str = "helm", action: str = "upgrade", **facts: Any
) -> Invocation:
    return Invocation(file, 1, 1, tool, action, **facts)


WEB = upgrade(release="web", chart="./charts/web", namespace="shop")


def test_the_name_finds_it() -> None:
    rest = [
        upgrade(release="api"),
        upgrade(release="web", action="uninstall"),
        upgrade(action="template"),
    ]
    assert deploys([*rest, WEB], "web", "shop") == (WEB,)


def test_another_namespace_is_another_release() -> None:
    assert deploys([WEB], "web", "stage") == ()
    assert deploys([upgrade(release="web")], "web", "stage"), (
        "a namespace that is not said fits any"
    )


def test_the_chart_decides_between_two_of_a_name() -> None:
    namesake = upgrade(release="web", chart="acme/web", namespace="shop")
    assert deploys([namesake, WEB], "web", "shop", "charts/web") == (WEB,)
    assert deploys([namesake, WEB], "web", "shop", "charts/none") == (namesake, WEB)


def test_an_unknown_name_is_found_by_its_chart_from_either_directory() -> None:
    at_top = upgrade(chart="charts/web")
    beside = upgrade("charts/helmfile.yaml", "helmfile", chart="./web")
    assert deploys([at_top, beside, upgrade(chart="charts/api")], "web", "", "./charts/web") == (
        at_top,
        beside,
    )


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({}, "default"),
        ({"reuse-values": SET}, "reuse"),
        ({"reset-then-reuse-values": SET}, "reset-then-reuse"),
        ({"reset-values": SET, "reuse-values": SET}, "reset"),
        ({"reuse-values": Flag("unset", False)}, "default"),
        ({"reuse-values": Flag("unknown")}, None),
    ],
)
def test_values_mode_of_a_command(flags: dict[str, Flag], expected: str | None) -> None:
    assert values_mode(upgrade(flags=flags)) == expected


@pytest.mark.parametrize(
    ("tool", "expected"),
    [("flux", "reset"), ("helmfile", "reset"), ("terraform", "default"), ("ansible", "reset")],
)
def test_values_mode_of_a_tool_that_says_nothing(tool: str, expected: str) -> None:
    assert values_mode(upgrade(tool=tool)) == expected


def test_ansible_that_does_not_reset_is_as_helm_by_default() -> None:
    assert (
        values_mode(upgrade(tool="ansible", flags={"reset-values": Flag("unset", False)}))
        == "default"
    )


def test_hidden_arguments_leave_the_mode_open() -> None:
    assert values_mode(upgrade(dynamic=True)) is None


def test_facts_that_disagree_are_unknown() -> None:
    first = upgrade(release="web", version="1.0.0", flags={"atomic": SET})
    second = upgrade(release="web", version="2.0.0", flags={"atomic": SET})
    deploy = deployment([first, second], "web")
    assert (deploy.version, deploy.atomic, deploy.force, deploy.values_mode) == (
        None,
        True,
        False,
        "default",
    )


def test_a_release_that_nothing_deploys() -> None:
    deploy = deployment([WEB], "api")
    assert (deploy.invocations, deploy.values_mode, deploy.atomic) == ((), None, None)


def test_a_dry_run_and_an_example_deploy_nothing() -> None:
    real = upgrade(release="web", flags={"reuse-values": SET})
    pretended = upgrade(release="web", flags={"dry-run": Flag("set", "server")})
    shown = upgrade("README.md", release="web")
    assert deployment([real, pretended, shown], "web").invocations == (real,)
    assert deployment([shown], "web").invocations == (shown,)


def test_the_job_of_the_environment_counts() -> None:
    production, staging = (
        upgrade(release="web", flags=flags, job=Job(name, environment=name))
        for name, flags in (("production", {"force": SET}), ("staging", {}))
    )
    assert deployment([production, staging], "web").force is None
    assert deployment([production, staging], "web", environment="production").force is True
    assert deployment([production, staging], "web", environment="other").force is None
