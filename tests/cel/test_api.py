"""What callers of `policylint.cel` rely on: names checked, what is lacking named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policylint.cel.parser import CelSyntaxError
from policylint.cel.program import CelUnknownName, compile
from policylint.cel.quantity import parse as quantity
from policylint.cel.semver import parse as semver
from policylint.cel.values import CelUnsupported


def test_a_program_knows_which_variables_it_uses():
    program = compile(
        "object.spec.replicas >= oldObject.spec.replicas", {"object", "oldObject", "params"}
    )
    assert program.uses == {"object", "oldObject"}
    assert (
        program.evaluate(
            {"object": {"spec": {"replicas": 2}}, "oldObject": {"spec": {"replicas": 3}}}
        )
        is False
    )


def test_a_name_nobody_declared_is_an_error_that_says_what_is_known():
    with pytest.raises(CelUnknownName, match="undeclared reference to 'objct'") as caught:
        compile("objct.name == 'a'", {"object"})
    assert "object" in caught.value.remedy


def test_variables_of_comprehensions_are_declared_by_them():
    assert compile("[1, 2].all(x, x > 0) && {'a': 1}.all(k, v, v == 1)").evaluate({}) is True


def test_bad_syntax_is_named_with_line_and_column():
    with pytest.raises(CelSyntaxError, match="<input>:1:4"):
        compile("1 +")


@pytest.mark.parametrize(
    ("expression", "lacking"),
    [
        ("authorizer.group('').check('get')", "authorizer"),
        ("math.greatest(1, 2) == 2", "math"),
        ("object.teleport()", "teleport"),
        ("'a'.matches(object.pattern)", "\\\\p"),
    ],
)
def test_what_is_not_evaluated_is_named(expression, lacking):
    with pytest.raises((CelUnsupported, CelUnknownName), match=lacking):
        compile(expression, {"object"}).evaluate({"object": {"pattern": "\\p{Letter}"}})


@given(
    st.integers(-(10**6), 10**6),
    st.integers(-(10**6), 10**6),
    st.sampled_from(["", "k", "Ki", "M", "m"]),
)
def test_quantities_order_as_their_numbers_do(left, right, suffix):
    assert (quantity(f"{left}{suffix}") < quantity(f"{right}{suffix}")) == (left < right)


@given(st.tuples(*[st.integers(0, 99)] * 3), st.tuples(*[st.integers(0, 99)] * 3))
def test_versions_order_as_their_numbers_do(left, right):
    written = [semver(".".join(map(str, numbers))) for numbers in (left, right)]
    assert (written[0] < written[1]) == (left < right)
