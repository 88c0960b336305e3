"""CEL is read as the API server reads it: recorded answers of its own parser
(scripts/record_cel.py), its limits, and nothing that grows faster than what is written."""

import gzip
import json
import time

import pytest

from policylint.cel.parser import CelSyntaxError, parse
from policylint.cel.tree import Call, Comprehension, Literal, Select
from policylint.cel.values import CelUnsupported
from scripts.record_cel import RECORDED, agrees, own_answer


def test_recorded_answers_of_the_servers_parser():
    with gzip.open(RECORDED, "rt", encoding="utf-8") as file:
        recorded = [json.loads(line) for line in file]
    assert len(recorded) == 3_000
    others = [answer for answer in recorded if not agrees(answer, own_answer(answer["expression"]))]
    assert others == []


def error(expression, minor=37):
    with pytest.raises(CelSyntaxError) as caught:
        parse(expression, minor)
    return str(caught.value)


OPERAND = (
    "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, "
    "BYTES, IDENTIFIER}"
)


@pytest.mark.parametrize(
    ("expression", "text"),
    [  # measured with the parser of Kubernetes 1.37
        ("1 +", f"<input>:1:4: Syntax error: mismatched input '<EOF>' expecting {OPERAND}"),
        ("a b", "<input>:1:3: Syntax error: extraneous input 'b' expecting <EOF>\n | a b\n | ..^"),
        ("a.", "<input>:1:3: Syntax error: no viable alternative at input '.'\n | a.\n | ..^"),
        ("(1", "<input>:1:3: Syntax error: missing ')' at '<EOF>'\n | (1\n | ..^"),
        ("a ? b", "<input>:1:6: Syntax error: mismatched input '<EOF>' expecting ':'"),
        ("a &&\n\tb..c", "<input>:2:4: Syntax error: no viable alternative at input '..'"),
        ("'é' + as", "<input>:1:7: reserved identifier: as\n | 'é' + as\n | .．....^"),
        ("é", "<input>:1:1: Syntax error: token recognition error at: 'é'\n | é\n | ＾"),
        ("9223372036854775808", "<input>:1:1: invalid int literal"),
        ("1e999", "<input>:1:1: invalid double literal"),
        (r"'\ud800'", "<input>:1:1: invalid unicode code point"),
        (r"b'\u0041'", "<input>:1:1: unable to unescape string"),
        ("[1].all(1, true)", "<input>:1:9: argument must be a simple name"),
        ("[1].map(@, 1)", "<input>:1:9: Syntax error: token recognition error at: '@'"),
        ("{}.exists(k, k, true)", "<input>:1:14: duplicate variable name: k"),
        ("has(a)", "<input>:1:5: invalid argument to has() macro"),
        ("", f"<input>:1:0: Syntax error: mismatched input '<EOF>' expecting {OPERAND}"),
        ("a +\n", f"<input>:2:1: Syntax error: mismatched input '<EOF>' expecting {OPERAND}"),
    ],
)
def test_errors_are_worded_and_placed_as_the_server_does(expression, text):
    assert error(expression).startswith(f"ERROR: {text}")


def test_all_errors_that_are_no_syntax_are_told():
    assert error("if + as").count("reserved identifier") == 2


@pytest.mark.parametrize(
    ("expression", "minor", "kind"),
    [
        ("a.`b-c`", 37, Select),
        ("[1].all(i, v, v > 0)", 32, Comprehension),
        ("[1].all(i, v, v > 0)", 31, Call),
        ("[1].sortBy(v, v)", 34, Comprehension),
        ("[1].sortBy(v, v)", 33, Call),
        ("[1].existsOne(v, v > 0)", 37, Call),
        ("a.?b.optMap(v, v)", 28, Call),
    ],
)
def test_what_a_minor_knows(expression, minor, kind):
    assert isinstance(parse(expression, minor)[0], kind)


def test_what_a_minor_does_not_know():
    assert "unsupported syntax: '`'" in error("a.`b-c`", 36)
    assert "unsupported syntax '.?'" in error("a.?b", 27)


@pytest.mark.parametrize(
    ("shape", "fits"),
    [  # measured with the parser of Kubernetes 1.37
        (lambda count: "+".join(["1"] * (count + 1)), 250),
        (lambda count: "a" + ".b" * count, 250),
        (lambda count: "a" + "[0]" * count, 250),
        (lambda count: "a" + ".f()" * count, 250),
        (lambda count: "a" + ".b" * 125 + "+1" * count, 125),
    ],
)
def test_what_is_too_deep_for_the_server_is_refused(shape, fits):
    parse(shape(fits))
    assert error(shape(fits + 1)) == "ERROR: <input>:-1:0: max recursion depth exceeded"


def test_chains_of_conditions_are_not_deep():
    parse("&&".join(["a"] * 5_000))


def test_what_is_nested_more_deeply_than_the_server_takes_is_no_success():
    for nested in (
        "(" * 251 + "1" + ")" * 251,
        "[" * 251 + "]" * 251,
        "a?" * 251 + "b" + ":c" * 251,
    ):
        with pytest.raises((CelSyntaxError, CelUnsupported)):
            parse(nested)


def test_an_expression_too_long_for_the_server_is_refused():
    parse("'" + "a" * 99_998 + "'")
    text = "expression code point size exceeds limit: size: 100001, limit 100000"
    assert error("'" + "a" * 99_999 + "'") == f"ERROR: <input>:-1:0: {text}"


@pytest.mark.parametrize(
    "hostile",
    [
        "'" * 99_999,
        '"""' + "a" * 99_990,
        "r'''" + "\\" * 99_990,
        "'" + "\\x41" * 20_000,
        "a." * 49_999,
        "@" * 99_999,
        "(" * 99_999,
        "{" * 99_999,
        "-" * 99_999,
        "1" * 99_999,
        "0x" + "f" * 99_990,
        "/" * 99_999,
        "a" + ".optMap(x, x)" * 200,
        "[" + "a.b.c.d{}," * 9_000 + "]",
        "||".join(["a"] * 33_000),
    ],
)
def test_hostile_expressions_are_answered_soon(hostile):
    start = time.process_time()
    try:
        parse(hostile)
    except (CelSyntaxError, CelUnsupported) as problem:
        assert str(problem)
    assert time.process_time() - start < 4


def test_literals():
    values = {
        r"'\x41\101\u00e9\U0001F600\n\?'": "AAé😀\n?",
        r"r'\x41'": "\\x41",
        "'''a'\r\nb'''": "a'\nb",
        r"b'\xff\377é'": b"\xff\xff\xc3\xa9",
        "-9223372036854775808": -(1 << 63),
        "18446744073709551615u": (1 << 64) - 1,
        "0" * 5_000 + "7": 7,
        "--1": 1,
    }
    for text, value in values.items():
        root, _ = parse(text)
        assert isinstance(root, Literal)
        assert (root.value, type(root.value) is type(value) or "u" in text) == (value, True)
