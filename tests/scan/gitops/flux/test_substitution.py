"""Substitution against the recorded answers of Flux's own envsubst."""

import json
from pathlib import Path

import pytest

from policylint.scan.gitops.flux.substitution import SubstitutionError, lookup_in, substitute

RECORDED = json.loads(Path("fixtures/repositories/flux-envsubst.json").read_text("utf-8"))
VARIABLES = {"A": "one", "B": "", "P": "a/b/c.txt"}


@pytest.mark.parametrize(("text", "result"), RECORDED)
def test_what_flux_answers(text, result):
    if result is None:
        with pytest.raises(SubstitutionError):
            substitute(text, lookup_in(VARIABLES))
    else:
        assert substitute(text, lookup_in(VARIABLES)) == result


def test_a_variable_that_is_not_set_is_empty():
    assert substitute("x${NOT_SET}y", lookup_in({})) == "xy"


def test_nesting_has_a_bound():
    with pytest.raises(SubstitutionError):
        substitute("${A:=" * 10_000, lookup_in({}))


def test_globs_with_many_stars_end():
    lookup = lookup_in({"A": "a" * 2000 + "c"})
    for operator in ("#", "##", "%", "%%"):
        assert substitute("${A" + operator + "*a" * 40 + "b}", lookup) == "a" * 2000 + "c"
    assert substitute("${A##" + "*a" * 40 + "}", lookup) == "c"
    assert substitute("${A#" + "*a" * 40 + "}", lookup) == "a" * 1960 + "c"
    assert substitute("${A%a*}", lookup) == "a" * 1999
    assert substitute("${A%%a*}", lookup) == ""
