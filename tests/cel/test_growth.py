"""No expression, pattern or value of an input makes evaluation hang: time grows with the input, or
the answer is unknown."""

import time

import pytest

from policylint.cel import formats, quantity, regex, times
from policylint.cel.operators import FUNCTIONS as OPERATORS
from policylint.cel.parser import CelSyntaxError, parse
from policylint.cel.program import compile
from policylint.cel.values import CelError, CelUnsupported, MapList, SetList, equal

LONG = 20_000


def seconds(call):
    """The least processor time of three runs, as the machine may be busy."""
    timings = []
    for _ in range(3):
        start = time.process_time()
        call()
        timings.append(time.process_time() - start)
    return min(timings)


def assert_linear(run, size):
    """Ten times the input takes about ten times as long, not a hundred."""
    small, large = seconds(lambda: run(size)), seconds(lambda: run(10 * size))
    assert large < 40 * small + 0.05


@pytest.mark.parametrize(
    ("pattern", "character"),
    [(r"^(a+)+$", "a"), (r"^(a|aa)*b$", "a"), (r"(.*)*x", "y"), (r"\s+$", " "), ("(a?){30}b", "a")],
)
def test_patterns_that_backtrack_elsewhere_take_linear_time(pattern, character):
    assert_linear(lambda size: regex.search(pattern, f"{character * size}!"), LONG)


def refusal(read, text):
    with pytest.raises(CelError):
        read(text)


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (quantity.parse, lambda size: "1" * size + "!"),
        (quantity.parse, lambda size: "1e" + "9" * size),
        (times.duration, lambda size: "1" * size),
        (times.duration, lambda size: "1" * size + "h"),
        (formats.loose_duration, lambda size: "1" * size),
        (formats.loose_duration, lambda size: "1 " * size),
        (OPERATORS["double"], lambda size: "1" * size + "!"),
        (OPERATORS["int"], lambda size: "1" * size + "!"),
    ],
)
def test_numbers_of_many_digits_are_refused_in_linear_time(read, text):
    assert_linear(lambda size: refusal(read, text(size)), LONG)


@pytest.mark.parametrize(
    "values",
    [
        lambda size: SetList(map(str, range(size))),
        lambda size: MapList([{"name": str(at)} for at in range(size)], ("name",)),
    ],
)
def test_lists_of_sets_and_maps_are_compared_and_joined_in_linear_time(values):
    def run(size):
        left, right = values(size), values(size)
        right.reverse()
        assert equal(left, right)
        assert len(OPERATORS["_+_"](left, right)) == size

    assert_linear(run, 500)


@pytest.mark.parametrize(
    "expression",
    [
        "object.map(x, x + 1).size() > 0",
        "object.filter(x, x >= 0).size() > 0",
        "object.transformMap(i, x, x).size() > 0",
        "object.all(x, x >= 0)",
    ],
)
def test_macros_take_linear_time(expression):
    program = compile(expression, {"object"})

    def run(size):
        assert program.evaluate({"object": list(range(size))}) is True

    assert_linear(run, 1_500)


BIG = {"object": {"items": list(range(3_000)), "text": "a" * 100_000, "deep": [[1] * 1_000] * 500}}


@pytest.mark.parametrize(
    "expression",
    [
        "object.items.all(a, object.items.all(b, a + b >= 0))",
        "object.items.all(a, object.deep == object.deep)",
        "object.items.all(a, object.text + 'b' != object.text + 'c')",
        "object.items.all(a, object.deep in object.deep || true)",
        "object.text.replace('', object.text) == ''",
        "object.items.map(x, object.text).join(object.text) == ''",
        "object.text.split('').distinct().size() == 1",
        "sets.contains(object.items, object.items)",
        "lists.range(900000).map(x, lists.range(900000)).size() == 0",
        "object.items.all(a, object.text.matches(object.text))",
        "[object.text + object.text].map(a, a + a + a + a).map(b, b + b + b + b) == []",
        "'%.999999999f'.format([1.0]) == ''",
        "int(object.text.replace('a', '1')) == 1",
        "object.items.all(a, object.text.findAll('a').size() > 0)",
    ],
)
def test_what_costs_more_than_the_server_allows_is_unknown_and_soon(expression):
    program = compile(expression, {"object"})
    start = time.process_time()
    with pytest.raises(CelUnsupported):
        program.evaluate(BIG)
    assert time.process_time() - start < 10


@pytest.mark.parametrize("depth", [200, 2_000, 20_000])
def test_deep_nesting_is_unknown_refused_or_evaluated(depth):
    for expression in ("!" * depth * 2 + "true", "(" * depth + "true" + ")" * depth):
        try:
            assert compile(expression).evaluate({}) is True
        except (CelSyntaxError, CelUnsupported) as error:
            assert "nested too deeply" in str(error) or "recursion limit exceeded" in str(error)


def test_a_chain_of_operators_is_evaluated_and_refused_where_the_server_refuses_it():
    assert compile("+".join(["1"] * 240) + " == 240").evaluate({}) is True
    with pytest.raises(CelSyntaxError, match="max recursion depth exceeded"):
        compile("+".join(["1"] * 5_000) + " == 5000")


def test_a_deep_value_is_unknown_or_compared():
    value = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(CelUnsupported, match="nested too deeply"):
        compile("object == object", {"object"}).evaluate({"object": value})


def test_a_parsed_expression_is_kept():
    assert parse("1 + 1 == 2") is parse("1 + 1 == 2")
