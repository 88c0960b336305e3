"""The two readings of a command line: at once where the words are plain, and typer's."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policylint.cli.app import command_of, names
from policylint.cli.help import through_typer
from policylint.cli.parameters import parameters, plain
from policylint.errors import UsageError

TEXTS = st.sampled_from(
    [
        "a",
        "b=c",
        "",
        "-",
        "error",
        "practice",
        "client-side",
        "no such word",
        "é",
        "x y",
        "--a",
        "-x",
    ]
)


def words_of(command):
    spellings = [
        spelling for parameter in parameters(command) for spelling in parameter.option.spellings
    ]
    spelled = st.sampled_from([*spellings, "--no-such-option", "-n", "--"])
    joined = st.builds(lambda name, text: f"{name}={text}", spelled, TEXTS)
    stuck = st.builds(
        lambda name, text: f"{name}{text}", st.sampled_from(["-f", "-n", "-a"]), TEXTS
    )
    return st.lists(st.one_of(spelled, joined, stuck, TEXTS), max_size=6)


def by_typer(command, words):
    """What typer would call the command with; None where it complains or prints help."""
    seen = []

    def spy(**values):
        seen.append(values)
        return 0

    spy.parameters = parameters(command)
    try:
        through_typer(["spied", *words], {"spied": spy, "other": spy}, {})
    except UsageError:
        return None
    return seen[0] if seen else None


@pytest.mark.parametrize("name", names())
def test_what_is_read_at_once_is_what_typer_reads(name):
    command = command_of(name)

    @settings(deadline=None)  # the first word loads typer
    @given(words_of(command))
    def holds(words):
        quick = plain(parameters(command), words)
        if quick is not None:
            assert quick == by_typer(command, words)

    holds()


def test_the_usual_command_lines_are_read_at_once():
    words = [
        "web",
        "-f",
        "a.yaml",
        "--values=b.yaml",
        "-n",
        "prod",
        "--set",
        "a=b",
        "--apply",
        "client-side",
        "--strict",
    ]
    read = plain(parameters(command_of("check")), words)
    assert read is not None
    assert (read["named"], read["values"], read["namespace"]) == (
        ["web"],
        ["a.yaml", "b.yaml"],
        "prod",
    )
    assert plain(parameters(command_of("scan")), ["--fail-on", "warning", "."]) is not None


@pytest.mark.parametrize(
    "words", [["--help"], ["--fail-on", "terrible"], ["--before"], ["--strict=yes"], ["-nprod"]]
)
def test_what_is_not_plain_is_left_to_typer(words):
    assert plain(parameters(command_of("check")), words) is None
