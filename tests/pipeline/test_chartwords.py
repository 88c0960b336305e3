"""The chart in the commands of fixes."""

from __future__ import annotations

import pytest

from policylint.helm.inputs.sides import ChartSide, ManifestSide
from policylint.model import Fix
from policylint.pipeline.chartwords import with_chart
from tests.report.formats.test_formats import finding

SHOW = "helm show crds CHART | kubectl apply --server-side -f -"


@pytest.mark.parametrize(
    ("side", "words"),
    [
        (ChartSide("charts/web"), "charts/web"),
        (ChartSide("charts/my web; date"), "'charts/my web; date'"),
        (ChartSide("/copy/charts/web", root="/copy"), "charts/web"),
        (ChartSide("/copy/--set=a", root="/copy"), "./--set=a"),
        (
            ChartSide("web", repo="https://charts.example.com", version="2.0.0"),
            "web --repo=https://charts.example.com --version=2.0.0",
        ),
        (
            ChartSide("/cache/web-2.0.0.tgz", reference=ChartSide("oci://registry/web")),
            "oci://registry/web",
        ),
    ],
)
def test_the_chart_is_named_as_helm_is_told_of_it(side, words) -> None:
    told = finding("crds-not-upgraded", fixes=(Fix("apply them", steps=(SHOW,)),))
    (named,) = with_chart([told], side)
    assert named.fixes[0].steps == (SHOW.replace("CHART", words),)


def test_manifests_have_no_chart_to_name() -> None:
    told = finding("crds-not-upgraded", fixes=(Fix("apply them", steps=(SHOW,)),))
    assert with_chart([told], ManifestSide(())) == (told,)


def test_other_words_stay_as_they_are() -> None:
    told = finding("no", fixes=(Fix("read", steps=("helm upgrade RELEASE CHART",)),))
    assert with_chart([told], ChartSide("web")) == (told,)
