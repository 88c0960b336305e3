"""The text report: grouped, wrapped, cut where it may be, with the user's own line marked."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from policylint.errors import RuleFailure
from policylint.model import Category, Fix, Impact, Location, ResourceId, Severity, Verdict
from policylint.pipeline.showing.publish import from_severity
from policylint.report.formats.text import render
from policylint.report.look import PLAIN, Fixes, Look
from policylint.report.model import ChangeSummary, Evidence, ReleaseSource, Report
from policylint.report.shown import pair
from tests.report.formats.test_formats import finding, report

LOST = {"category": Category.DATA_LOSS, "rule": "claim-deleted"}


def test_findings_stand_by_consequence() -> None:
    written = render(report(finding("gone", **LOST), finding("no")))
    places = [written.index(words) for words in ("what the cluster rejects: 1", "what is lost: 1")]
    assert places == sorted(places)
    assert written.index("no") < written.index("gone")
    assert "what is lost" not in render(report(finding("gone", **LOST)))


def test_releases_are_headed_where_there_are_several() -> None:
    release = report(finding("no"))
    api = replace(report(finding("not here")).releases[0], name="api")
    two = Report(Verdict.FAIL, (release.releases[0], api))
    assert "\nprod/api: fail\n" in render(two)
    assert "prod/web: fail" not in render(release)


def test_what_several_releases_show_is_told_once() -> None:
    release = report(finding("no", resource=None)).releases[0]
    names = ("api", "cron", "web", "worker", "zoo")
    written = render(Report(Verdict.FAIL, tuple(replace(release, name=name) for name in names)))
    assert written.count("error[") == 1
    assert "also        in prod/cron, prod/web, prod/worker and 1 more\n" in written
    assert "FAIL: 5 errors" in written


def test_of_many_releases_those_that_show_nothing_take_a_line() -> None:
    quiet = replace(report().releases[0], verdict=Verdict.PASS, evidence=Evidence("a", "b"))
    releases = tuple(replace(quiet, name=f"web{number}") for number in range(20))
    written = render(Report(Verdict.PASS, releases))
    assert "\nprod/web7: 0 resources\n" in written
    assert "compared" not in written
    assert "compared" in render(Report(Verdict.PASS, releases[:3]))


def test_a_long_report_begins_with_its_verdict() -> None:
    assert render(report(finding("no"))).startswith("error[")
    written = render(report(*(finding(f"no {number}") for number in range(20))))
    assert written.startswith("FAIL: 20 errors")
    assert written.endswith("FAIL: 20 errors, 0 warnings, 0 notes\n")


def test_every_deleted_object_is_named() -> None:
    rows = tuple(
        ChangeSummary(ResourceId("", "ConfigMap", "prod", f"c{number}"), "deleted", Impact.DELETE)
        for number in range(30)
    )
    told = report()
    release = replace(told.releases[0], changes=rows, evidence=Evidence(before="a", after="b"))
    written = render(replace(told, releases=(release,)))
    assert all(f"ConfigMap prod/c{number}" in written for number in range(30))


def test_what_helm_keeps_is_not_called_deleted() -> None:
    kept = ChangeSummary(ResourceId("", "ConfigMap", "prod", "a"), "deleted", Impact.NONE)
    told = report()
    release = replace(told.releases[0], changes=(kept,), evidence=Evidence(before="a", after="b"))
    written = render(replace(told, releases=(release,)))
    assert "leaves      ConfigMap prod/a, which nobody looks after any more\n" in written
    assert "deletes" not in written
    argo = replace(release, source=ReleaseSource("argocd", "app.yaml", 1))
    assert "deletes     ConfigMap prod/a\n" in render(replace(told, releases=(argo,)))


@pytest.mark.parametrize("width", [40, 80])
def test_prose_wraps_and_commands_do_not(width: int) -> None:
    command = "kubectl patch " + "x" * 100
    told = finding("a long word or two " * 8, fixes=(Fix("do this", steps=(command,)),))
    lines = render(report(told), Look(width=width)).splitlines()
    assert [line for line in lines if len(line) > width] == [f"{'':14}1. {command}"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a" * 200 + "1", "a" * 200 + "2"),
        ("a" * 200, "a" * 220),
        ("1" + "a" * 200, "2" + "a" * 200),
        ("a" * 100 + "x" + "b" * 100, "a" * 100 + "b" * 100),
        (1, "1"),
        ("x" * 60, "x" * 61),
        ({"a": "b" * 90}, {"a": "b" * 91}),
    ],
)
def test_values_that_differ_are_never_shown_alike(before: object, after: object) -> None:
    was, now = pair(before, after)
    assert was != now
    assert max(len(was), len(now)) <= 66


def test_the_line_that_caused_it_is_shown_and_its_value_marked() -> None:
    place = Location("cause", "values.yaml", 12, key="image.tag")
    told = report(finding("no", after="repo:3.0", locations=(place,)))
    look = Look(snippets={("values.yaml", 12): '  tag: "3.0"'})
    assert f'{"":14}12 |   tag: "3.0"\n{"":14}{"":12}^^^^^\n' in render(told, look)
    whole = report(finding("no", after="3.0", locations=(place,)))
    assert f'{"":14}12 |   tag: "3.0"\n{"":14}{"":13}^^^\n' in render(whole, look)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ('  tag: "3.0"  # what runs', '"3.0"'),
        ("  tag: 3.0 # what runs", "3.0"),
        ("  tag: 'a # b' # what runs", "'a # b'"),
        ("  tag: a#b", "a#b"),
    ],
)
def test_a_comment_is_no_part_of_the_value(line: str, value: str) -> None:
    place = Location("cause", "values.yaml", 12, key="image.tag")
    told = report(finding("no", after=None, locations=(place,)))
    shown = render(told, Look(snippets={("values.yaml", 12): line}))
    margin = " " * (len(f"{'':14}12 | ") + line.index(value))
    assert f"{line}\n{margin}{'^' * len(value)}\n" in shown


def test_fixes_none_first_or_all() -> None:
    told = report(finding("no", fixes=(Fix("this"), Fix("that"), Fix("these"))))
    none, first, every = (render(told, Look(fixes=word)) for word in Fixes)
    assert "fix " not in none
    assert "this" in first
    assert "that" not in first
    assert "(2 more ways: --show-fixes all)" in first
    assert "these" in every


def test_quiet_is_silent_where_there_is_nothing_to_do() -> None:
    quiet = Look(quiet=True)
    assert render(report(), quiet) == ""
    assert render(report(finding("no")), quiet).startswith("error[")


def test_statistics_count_by_rule() -> None:
    written = render(
        report(finding("no"), finding("yes"), finding("gone", **LOST)), Look(statistics=True)
    )
    assert "    2  error    selector-changed\n    1  error    claim-deleted\n" in written


def test_what_is_less_severe_is_counted_and_the_verdict_stays() -> None:
    told = report(finding("no"), finding("quiet", severity=Severity.NOTE))
    shown, hidden = from_severity(told, Severity.WARNING)
    written = render(shown, replace(PLAIN, hidden=hidden))
    assert "quiet" not in written
    assert written.endswith("FAIL: 1 error, 0 warnings, 0 notes, 1 not shown\n")


def test_colour_and_links_are_only_on_ids() -> None:
    written = render(report(finding("no\x1b[31m")), Look(colour=True, links=True))
    assert "\x1b]8;;https://" in written
    assert "no\\e[31m" in written


def _resource(name: str, kind: str = "ConfigMap") -> ResourceId:
    return ResourceId("", kind, "prod", name)


def _note(name: str, **fields: object) -> object:
    words = {
        "severity": Severity.NOTE,
        "category": Category.PRACTICE,
        "because": f"{name} is old",
        "resource": _resource(name),
    }
    return finding("move it", **{**words, **fields})


def test_notes_that_differ_by_their_resource_are_told_once() -> None:
    notes = [_note(name) for name in ("one", "two", "three", "four", "five")]
    written = render(report(*notes))
    assert written.count("note[") == 1
    assert (
        "also        ConfigMap prod/two, ConfigMap prod/three, ConfigMap prod/four and 1 more"
        in written
    )
    assert "0 errors, 0 warnings, 5 notes" in written


def test_what_differs_by_more_than_the_name_of_a_resource_is_told_apart() -> None:
    notes = [_note("a"), _note("b", path="/data/x"), _note("c", because="it is new")]
    assert render(report(*notes)).count("note[") == 3


def test_errors_are_told_together_only_where_their_steps_are_the_same() -> None:
    def refused(name: str, *steps: str) -> object:
        return finding("no", resource=_resource(name), fixes=(Fix("do", steps=steps),))

    apart = render(report(refused("a", "kubectl delete cm a"), refused("b", "kubectl delete cm b")))
    assert apart.count("error[") == 2
    together = render(report(refused("a", "edit it"), refused("b", "edit it")))
    assert together.count("error[") == 1
    assert "also        ConfigMap prod/b\n" in together


def test_every_fix_is_shown_with_the_names_of_its_own_resource() -> None:
    def outdated(name: str) -> object:
        return _note(name, fixes=(Fix("do", steps=(f"kubectl edit {name}",)),))

    notes = report(outdated("a"), outdated("b"))
    assert render(notes).count("note[") == 1
    assert render(notes, Look(fixes=Fixes.ALL)).count("note[") == 2


def test_what_is_told_once_is_approved_with_the_ids_of_all() -> None:
    notes = [_note(name) for name in ("one", "two")]
    written = render(report(*notes), Look(ids=True))
    assert f"id          {notes[0].fingerprint}, {notes[1].fingerprint}\n" in written


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ({"app": "web"}, {"app": "web"}, ' {"app": "web"}\n'),
        ("a", "b", " a -> b\n"),
        (None, "b", " (none) -> b\n"),
        (None, None, "\n"),
        ("(redacted)", "(redacted)", " (redacted) -> (redacted)\n"),
    ],
)
def test_what_stays_is_shown_once(before: object, after: object, shown: str) -> None:
    written = render(report(finding("no", before=before, after=after)))
    assert f"prod/web: spec.selector{shown}" in written


def test_a_chart_that_no_release_can_fetch_is_told_once() -> None:
    passing = replace(report().releases[0], verdict=Verdict.UNKNOWN)
    releases = []
    for name in ("api", "cron", "web"):
        file = f"apps/{name}.yaml"
        words = f"{file}:3: prod/{name}: the chart cannot be fetched"
        source = ReleaseSource("flux", file, 3)
        failure = RuleFailure("render", words, "log in")
        releases.append(replace(passing, name=name, source=source, failures=(failure,)))
    written = render(Report(Verdict.UNKNOWN, tuple(releases)))
    assert written.count("unknown[render]") == 1
    assert "also        in prod/cron, prod/web\n" in written


def test_what_is_on_trial_is_counted_as_such() -> None:
    written = render(report(finding("no", dry=True), finding("too")))
    assert "no (on trial: fails nothing yet)" in written
    assert written.endswith("FAIL: 2 errors, 0 warnings, 0 notes, 1 of them on trial\n")


def test_the_policy_is_named_beside_the_cause() -> None:
    places = (
        Location("rendered", "web/templates/a.yaml", 3),
        Location("policy", "policies/replicas.yaml", 1),
        Location("cause", "values.yaml", 2, key="replicas"),
    )
    written = render(report(finding("no", locations=places)))
    assert "  caused by   values.yaml:2  replicas\n" in written
    assert "  policy      policies/replicas.yaml:1\n" in written
    assert "more place" not in written


@pytest.mark.parametrize(
    ("line", "shown"),
    [("size: 2", True), ("- {name: size, value: 2}", True), ("apiVersion: v1", False)],
)
def test_a_line_that_says_nothing_of_a_cause_is_not_shown(line: str, shown: bool) -> None:
    cause = Location("cause", "app.yaml", 3, key="db.size", before="1", after="2")
    told = finding("no", locations=(cause,))
    look = Look(snippets={("app.yaml", 3): line})
    assert (line in render(report(told), look)) is shown
