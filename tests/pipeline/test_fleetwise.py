"""What only several releases of one configuration show together."""

import pytest

from policylint.commands.check import check
from policylint.helm.inputs.options import Options
from policylint.model import Verdict
from tests.helm.sources.repository import CHART, TEMPLATE, Repo
from tests.helms import any_helm

CONFIG = """\
releases:
  - name: shop
    chart: ./web
    namespace: web
    environments:
      staging: {values: [staging.yaml]}
      prod: {values: [prod.yaml]}
  - {name: blog, chart: ./web, namespace: web, environment: prod, values: [prod.yaml]}
"""


@pytest.fixture
def repo(tmp_path, monkeypatch):
    any_helm()
    monkeypatch.chdir(tmp_path)
    repo = Repo(tmp_path).init()
    repo.write(
        web__Chart_dot_yaml=CHART,
        web__templates__a_dot_yaml=TEMPLATE,
        web__values_dot_yaml="colour: red\n",
    )
    repo.file(".policylint.yaml", CONFIG)
    repo.write(staging_dot_yaml="size: 1\n", prod_dot_yaml="size: 1\n")
    repo.git("add", ".")
    repo.git("commit", "--quiet", "-m", "first")
    return repo


def commit(repo):
    repo.file("README", "another commit")
    repo.git("add", ".")
    repo.git("commit", "--quiet", "-m", "second")
    return "git:HEAD~1"


def rules_by_release(repo):
    report = check(Options(before=commit(repo), helm=any_helm().path))
    return report, {finding.rule: finding for finding in report.findings}


def test_an_object_of_two_releases_of_one_environment(repo):
    report, rules = rules_by_release(repo)
    assert "web/shop and web/blog" in rules["owned-twice"].message
    assert report.verdict is Verdict.PASS
    assert "environment-skipped" not in rules


def test_a_value_that_prod_gets_before_staging(repo):
    repo.file("prod.yaml", "size: 2\n")
    _, rules = rules_by_release(repo)
    assert (
        rules["environment-skipped"].message
        == "shop: size changes in prod before it changed in staging"
    )


def test_a_value_that_staging_gets_first(repo):
    repo.file("staging.yaml", "size: 2\n")
    _, rules = rules_by_release(repo)
    assert "environment-skipped" not in rules


def test_a_level_of_the_configuration_holds_for_these_rules_too(repo):
    repo.file(".policylint.yaml", CONFIG + "rules: {owned-twice: error}\n")
    assert rules_by_release(repo)[0].verdict is Verdict.FAIL


def test_a_rule_that_the_configuration_switches_off(repo):
    repo.file(".policylint.yaml", CONFIG + 'rules: {owned-twice: "off"}\n')
    report, rules = rules_by_release(repo)
    assert (report.verdict, rules) == (Verdict.PASS, {})


def test_one_release_alone_is_not_judged_together(repo):
    report = check(Options(before=commit(repo), environment="staging", helm=any_helm().path))
    assert (report.findings, report.failures) == ((), ())
