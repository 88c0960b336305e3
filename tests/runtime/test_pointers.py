"""RFC 6901 pointers, by the examples of the RFC."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policylint.runtime.pointers import numbered, of_field, pointer, steps, value_at

DOCUMENT = {"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "m~n": 8, " ": 7, "~1": 9}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("", DOCUMENT),
        ("/foo", ["bar", "baz"]),
        ("/foo/0", "bar"),
        ("/", 0),
        ("/a~1b", 1),
        ("/c%d", 2),
        ("/m~0n", 8),
        ("/ ", 7),
        ("/~01", 9),
        ("/foo/2", None),
        ("/foo/-", None),
        ("/foo/²", None),
        ("/foo/bar", None),
        ("/nothing/0", None),
    ],
)
def test_what_a_pointer_leads_to(path, value):
    assert value_at(DOCUMENT, path) == value


@given(st.lists(st.text()))
def test_steps_are_those_that_a_pointer_was_made_of(names):
    assert steps(pointer(*names)) == names


def test_fields_of_the_server():
    assert of_field("metadata.labels[a.b/c]") == "/metadata/labels/a.b~1c"
    assert numbered(of_field("spec.ports[0].nodePort")) == ("spec", "ports", 0, "nodePort")
