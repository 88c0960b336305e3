"""Our own engine for regular expressions says what RE2 and Go say, in time that grows with the
text."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policylint.cel import regex
from policylint.cel.values import CelError, CelUnsupported
from policylint.runtime import linear
from policylint.runtime.regex import machine

ATOMS = st.sampled_from(
    [
        *("a", "b", "ab", "é", "k", "s", ".", "^", "$", r"\b", r"\B", r"\d", r"\w", r"\S", r"\W"),
        *(r"\A", r"\z", "[ab]", "[^a]", "[a-c]", r"[^\n]", "[[:alpha:]]", "[[:^digit:]x]", "[]a]"),
        *("[^]a]", r"[\w-]", r"\pL", r"\p{Lu}", r"\P{Ll}", r"\p{^Nd}", r"[\p{L}_]", r"\x41"),
        *(r"\x{e9}", r"\101", r"\.", r"\n", r"\Qa.b\E", "{", "a{", "{,2}", "ſ", "K", "Σ"),
        *("(?i)", "(?s)", "(?m)", "(?U)", "(?i-s)"),
    ]
)
TIMES = st.sampled_from(["*", "+", "?", "*?", "+?", "??", "{2}", "{1,3}", "{0,2}?", "{2,}", "{0}"])


def grown(part):
    return st.one_of(
        st.lists(part, min_size=1, max_size=4).map("".join),
        st.lists(part, min_size=1, max_size=3).map("|".join),
        st.tuples(part, TIMES).map("".join),
        part.map("({})".format),
        part.map("(?:{})".format),
        part.map("(?i:{})".format),
    )


PATTERNS = st.recursive(ATOMS, grown, max_leaves=8)
DAMAGED = st.tuples(
    PATTERNS, st.integers(0, 40), st.sampled_from(["(", ")", "[", "*", "{2}", "\\", "|", "(?", ":"])
).map(lambda made: made[0][: made[1]] + made[2] + made[0][made[1] :])
TEXTS = st.text(st.sampled_from("aabbcckKsSſKé\n _-01AZ{}Σσς"), max_size=12)


def answer(module, options, pattern, text):
    """Where a pattern matches first; None for a pattern that is none."""
    try:
        match = module.compile(pattern, options).search(text)
    except module.error:
        return None
    return match and (match.start(), match.end(), match[0])


@pytest.mark.heavy
@settings(max_examples=300, deadline=None)
@given(st.one_of(PATTERNS, DAMAGED), TEXTS)
def test_patterns_match_as_in_re2(pattern, text):
    re2 = pytest.importorskip("re2")
    options = re2.Options()
    options.log_errors = False
    assert answer(machine, None, pattern, text) == answer(re2, options, pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [  # measured with Go 1.26
        ("a*", "baac", ["", "aa", ""]),
        (r"\b", "ab é", ["", ""]),
        ("(?i)[k-s]+", "Kſx\u017f", ["Kſ", "ſ"]),
        ("(a|ab)(c|bcd)?", "abcd", ["abcd"]),
        ("(?U)a+", "aaa", ["a", "a", "a"]),
        ("(?:a*)*", "aab", ["aa", ""]),
        ("(|a)+", "aaa", ["", "", "", ""]),
    ],
)
def test_all_matches(pattern, text, found, own_engine):
    assert regex.FUNCTIONS["findAll"](text, pattern) == found


@pytest.mark.parametrize(
    ("pattern", "words"),
    [  # measured with Go 1.26
        ("a**", "invalid nested repetition operator: `**`"),
        ("*a", "missing argument to repetition operator: `*`"),
        ("(a", "missing closing ): `(a`"),
        ("a)", "unexpected ): `a)`"),
        ("[a", "missing closing ]: `[a`"),
        ("[b-a]", "invalid character class range: `b-a`"),
        ("[[:foo:]]", "invalid character class range: `[:foo:]`"),
        ("a{1001}", "invalid repeat count: `{1001}`"),
        ("(a{100}){100}", "invalid repeat count: `{100}`"),
        (r"\8", r"invalid escape sequence: `\8`"),
        (r"\x{110000}", r"invalid escape sequence: `\x{110000`"),
        ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
        ("(?P<a b>c)", "invalid named capture: `(?P<a b>`"),
    ],
)
def test_patterns_that_go_refuses(pattern, words, own_engine):
    with pytest.raises(CelError) as caught:
        regex.compiled(pattern)
    assert str(caught.value) == f"error parsing regexp: {words}"


@pytest.fixture
def own_engine(monkeypatch):
    """As where RE2 is not installed."""
    monkeypatch.setattr(linear, "engine", lambda: (machine, None))
    regex.compiled.cache_clear()
    yield
    regex.compiled.cache_clear()


def test_without_re2_patterns_are_judged(own_engine):
    assert regex.search(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "web-0")
    assert not regex.search(r"^(a+)+$", "a" * 5_000 + "!")
    assert regex.FUNCTIONS["find"]("see v1.2.3", r"\d+(\.\d+)*") == "1.2.3"
    assert regex.FUNCTIONS["findAll"]("abc 12 d", r"\w*") == ["abc", "12", "d"]
    assert regex.FUNCTIONS["findAll"]("a1b2", "[0-9]", 1) == ["1"]


@pytest.mark.parametrize("pattern", [r"\p{Greek}", "(((a{30}){30}){30})", "(" * 200 + ")" * 200])
def test_what_it_does_not_take_is_unknown(pattern, own_engine):
    with pytest.raises((CelUnsupported, CelError)) as caught:
        regex.search(pattern, "a")
    assert isinstance(caught.value, CelUnsupported) or "invalid repeat count" in str(caught.value)


def test_a_text_that_takes_too_long_is_unknown(own_engine, monkeypatch):
    monkeypatch.setattr(machine, "_MOST_STEPS", 10_000)
    with pytest.raises(CelUnsupported, match="a text too large for the pattern"):
        regex.FUNCTIONS["findAll"]("a" * 5_000, "a*b|a")
    assert linear.search("(?:a|b|ab)*c" * 3, "ab" * 5_000) is False


@pytest.mark.parametrize(
    ("pattern", "character"),
    [(r"^(a+)+$", "a"), (r"^(a|aa)*b$", "a"), (r"(.*)*x", "y"), (r"\s+$", " "), ("(a?){30}b", "a")],
)
def test_what_backtracks_elsewhere_takes_linear_time(pattern, character):
    def seconds(size):
        start = time.process_time()
        machine.compile(pattern).search(character * size + "!")
        return time.process_time() - start

    small, large = (min(seconds(size) for _ in range(3)) for size in (5_000, 50_000))
    assert large < 40 * small + 0.1


def test_groups_of_one_name_are_taken_as_in_go():
    assert machine.compile("(?P<n>a)(?P<n>b)").search("ab")["n"] == "a"


def test_groups_by_number_and_name():
    match = machine.compile(r"(?P<key>\w+)=(\d+)?(x{0})").search("a b=12")
    assert (match["key"], match[1], match[2], match[3]) == ("b", "b", "12", "")
    assert (match.start(2), match.end("key")) == (4, 3)
    assert machine.compile("(a)|b").search("b")[1] is None
    with pytest.raises(IndexError):
        match[4]
