"""The runbook: the steps through a break in their order, with checks, and the way back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from policylint.cli.app import run
from policylint.report.formats import render
from tests.report.upgrades import upgrades

DEMO = Path(__file__).parents[3] / "fixtures" / "demo"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The runbook of the bundled example."""
    file = tmp_path_factory.mktemp("runbook") / "runbook.md"
    sides = [str(DEMO / "after"), "--before", str(DEMO / "before"), "--helm", "embedded"]
    values = ["-f", str(DEMO / "values-prod.yaml"), "--release", "shop", "-n", "prod"]
    assert run(["check", *sides, *values, "--helm-version", "3", "--runbook", str(file)]) == 1
    return file.read_text(encoding="utf-8")


def places(text: str, *parts: str) -> list[int]:
    """Where each part begins; -1 where it is not."""
    return [text.find(part) for part in parts]


def test_the_report_stays_on_standard_output(
    demo: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert demo.startswith("# Runbook\n")
    case = DEMO.parent / "rules" / "selector-changed" / "fail-key-added"
    sides = [str(case / "after.yaml"), "--before", str(case / "before.yaml")]
    assert run(["check", *sides, "--runbook", str(tmp_path / "x.md")]) == 1
    assert capsys.readouterr().out.startswith("error[selector-changed]")


def test_before_during_after_and_back_in_this_order(demo: str) -> None:
    lines_of_steps = places(demo, "### Before", "### During", "### After", "### Back")
    assert lines_of_steps == sorted(lines_of_steps)
    assert -1 not in lines_of_steps


def test_each_step_comes_with_its_check_before_the_upgrade(demo: str) -> None:
    during = demo.partition("### During")[2].partition("### After")[0]
    lines_of_steps = places(
        during,
        "kubectl patch pvc data-shop-db-0 -n prod",
        "kubectl get pvc data-shop-db-0 -n prod -o yaml",
        "kubectl delete statefulset shop-db -n prod --cascade=orphan",
        "kubectl get statefulset shop-db -n prod  # must say NotFound",
        "helm upgrade shop",
    )
    assert lines_of_steps == sorted(lines_of_steps)
    assert -1 not in lines_of_steps
    assert during.count("helm upgrade") == 1


def test_what_waits_for_the_new_pods_comes_after(demo: str) -> None:
    after = demo.partition("### After")[2].partition("### Back")[0]
    lines_of_steps = places(
        after, "kubectl rollout status deployment shop-web", "kubectl delete replicasets"
    )
    assert lines_of_steps == sorted(lines_of_steps)
    assert -1 not in lines_of_steps


def test_what_is_replaced_on_the_way_there_is_replaced_on_the_way_back(demo: str) -> None:
    back = demo.partition("### Back")[2]
    lines_of_steps = places(
        back, "kubectl delete statefulset shop-db", "helm rollback shop REVISION -n prod"
    )
    assert lines_of_steps == sorted(lines_of_steps)
    assert -1 not in lines_of_steps
    assert "patch pvc" not in back  # a claim never shrinks
    assert "brings no data back" in back


def test_without_a_way_through_it_says_so() -> None:
    reports = dict(upgrades())
    text = render("runbook", reports["claim-shrunk/fail-shrunk"])
    assert "change the chart or the values first" in text
    assert "helm upgrade" not in text


def test_steps_are_numbered_in_each_part(demo: str) -> None:
    for part in demo.split("### ")[1:]:
        numbers = [int(number) for number in re.findall(r"^(\d+)\. ", part, re.MULTILINE)]
        assert numbers == list(range(1, len(numbers) + 1))
