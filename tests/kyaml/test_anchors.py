"""Anchors that are defined again mean what they mean to go-yaml."""

from policylint.kyaml.load import load


def test_an_alias_means_the_last_anchor_of_its_name_before_it():
    text = "a: &x 1\nb: *x\nc: &x é\nd: [*x, *x]\n"
    assert load(text, "f") == {"a": 1, "b": 1, "c": "é", "d": ["é", "é"]}


def test_lines_of_errors_stay():
    text = "a: &x 1\nb: &x 2\nc: *x\n"
    assert load(text, "f")["c"] == 2
