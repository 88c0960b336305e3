"""The HTML page: its structure, its colours, and what a browser makes of it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from msgspec.structs import replace

from policylint.model import Apply, FieldChange, Impact, Outcome, ResourceId, Target, Verdict
from policylint.report.formats import render
from policylint.report.model import ChangeSummary, ReleaseReport, ReleaseSource, Report
from policylint.runtime.resources import text
from tests.browser import Page, needs_browser, page
from tests.report.formats.test_formats import HOSTILE, finding, hostile, report
from tests.report.upgrades import upgrades

VOID = ("meta", "input")
ALLOWED = {"src": (), "href": ("#", "https://github.com/policylint/")}


class Reader(HTMLParser):
    """Checks that elements close in order, and keeps ids, links and the text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.handlers: list[str] = []
        self.tags: set[str] = set()
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src", "action", "formaction"):
                self.links.append(value or "")
            if name.startswith("on") or name == "style":
                self.handlers.append(name)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("text", HOSTILE)
def test_what_comes_from_outside_is_text(text: str) -> None:
    seen = Reader(render("html", hostile(text)))
    assert seen.handlers == []
    assert seen.tags.isdisjoint({"img", "iframe", "object", "embed", "link", "base", "form", "svg"})
    assert all(link.startswith(ALLOWED["href"]) for link in seen.links)


def test_every_finding_has_a_link_of_its_own() -> None:
    first, second = finding("no"), finding("yes", path="/spec/replicas")
    seen = Reader(render("html", report(first, second, replace(first, message="again"))))
    wanted = [f"f-{first.fingerprint}", f"f-{second.fingerprint}", f"f-{first.fingerprint}-2"]
    assert [name for name in seen.ids if name.startswith("f-")] == [wanted[0], wanted[1], wanted[2]]
    assert len(set(seen.ids)) == len(seen.ids)
    assert {f"#{name}" for name in wanted} <= set(seen.links)


def test_pages_of_the_twelve_upgrades_are_well_formed() -> None:
    for _, told in upgrades():
        seen = Reader(render("html", told))
        assert {link[1:] for link in seen.links if link.startswith("#")} <= set(seen.ids)


def test_what_the_controller_will_do_is_told_with_where_it_is_declared() -> None:
    told = ReleaseReport(
        "web",
        "prod",
        Target("1.36", "4", Apply.SERVER_SIDE),
        Verdict.PASS,
        source=ReleaseSource("flux", "apps/web.yaml", 3),
        controller=("Flux upgrades it once this is merged", "a failed upgrade stays as it is"),
    )
    shown = render("html", Report(Verdict.PASS, (told,)))
    assert "<dd>apps/web.yaml:3 (flux)</dd>" in shown
    assert "<dd>Flux upgrades it once this is merged; a failed upgrade stays as it is</dd>" in shown


def test_releases_stand_by_consequence() -> None:
    target = Target("1.36", "4", Apply.SERVER_SIDE)
    rows = [
        ReleaseReport("calm", "prod", target, Verdict.PASS, (change(0, Impact.IN_PLACE),)),
        ReleaseReport("gone", "prod", target, Verdict.PASS, (change(0, Impact.DELETE),)),
        ReleaseReport("bad", "prod", target, Verdict.FAIL),
        ReleaseReport("dark", "prod", target, Verdict.UNKNOWN),
    ]
    written = render("html", Report(Verdict.UNKNOWN, tuple(rows)))
    assert re.findall(r'href="#release-\d">prod/(\w+)', written) == ["dark", "bad", "gone", "calm"]


def test_a_field_is_cut_and_counted_and_a_text_folded() -> None:
    long = FieldChange("/data/x", "replace", "a" * 10_000, "b")
    lines = [f"line {number}" for number in range(100)]
    changed = [*lines[:50], "another", *lines[51:]]
    folded = FieldChange("/data/y", "replace", "\n".join(lines), "\n".join(changed))
    row = replace(change(0, Impact.IN_PLACE), differences=(long, folded))
    target = Target("1.36", "4", Apply.SERVER_SIDE)
    release = ReleaseReport("web", "prod", target, Verdict.PASS, (row,))
    written = render("html", Report(Verdict.PASS, (release,)))
    assert "6000 more characters" in written
    assert "44 equal lines" in written
    assert "<mark>+ another</mark>" in written


def luminance(colour: str) -> float:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(colour: str, background: str) -> float:
    light, dark = sorted((luminance(colour), luminance(background)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def schemes() -> list[dict[str, str]]:
    style = text("page.css")
    blocks = re.findall(r":root\{(.*?)\}", style, re.S)
    palettes = [dict(re.findall(r"--([\w-]+):(#[0-9a-f]+)", block)) for block in blocks]
    return [{name: full(value) for name, value in scheme.items()} for scheme in palettes]


def full(colour: str) -> str:
    return colour if len(colour) == 7 else "#" + "".join(2 * digit for digit in colour[1:])


def test_colours_meet_wcag_aa_in_both_schemes() -> None:
    assert len(schemes()) == 2
    for scheme in schemes():
        pairs = [(word, ground) for word in ("fg", "soft", "link") for ground in ("bg", "panel")]
        pairs += [(name, f"{name}-bg") for name in ("red", "amber", "blue", "green", "violet")]
        pairs += [("fg", "was"), ("fg", "now"), ("bg", "fg")]
        for word, ground in pairs:
            assert contrast(scheme[word], scheme[ground]) >= 4.5, (word, ground)


def change(number: int, impact: Impact) -> ChangeSummary:
    rows = (
        FieldChange("/spec/replicas", "replace", 1, number),
        FieldChange("/data/text", "replace", f"alpha {number}", f"beta {number}"),
        FieldChange("/metadata/labels/helm.sh~1chart", "replace", "web-1", "web-2", noise=True),
    )
    name = ResourceId("apps", "Deployment", "prod", f"web-{number}")
    answers = (Outcome.ACCEPTED, Outcome.ACCEPTED)
    return ChangeSummary(name, "kept", impact, 2, 1, *answers, differences=rows)


def big(count: int) -> Report:
    impacts = (Impact.IN_PLACE, Impact.ROLLING_RESTART, Impact.NONE, Impact.CREATE)
    rows = tuple(change(number, impacts[number % 4]) for number in range(count))
    findings = tuple(
        finding(f"finding {number}", path=f"/x/{number}") for number in range(count // 50)
    )
    target = Target("1.36", "4", Apply.SERVER_SIDE)
    return Report(
        Verdict.FAIL, (ReleaseReport("web", "prod", target, Verdict.FAIL, rows, findings),)
    )


def saved(room: Path, told: Report) -> Path:
    file = room / "report.html"
    file.write_text(render("html", told), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def browser():
    with page() as opened:
        yield opened


SHOWN = "[...document.querySelectorAll('.item:not([hidden])')].length"


@needs_browser
def test_it_searches_and_filters_by_keyboard(browser: Page, tmp_path: Path) -> None:
    browser.open(saved(tmp_path, big(100)))
    assert browser.eval("document.getElementById('tools').hidden") is False
    everything = browser.eval(SHOWN)
    browser.press("/")
    assert browser.eval("document.activeElement.id") == "search"
    for letter in "web-42":
        browser.press(letter)
    browser.until(f"{SHOWN} === 1")
    assert browser.eval("document.querySelector('.resource:not([hidden])').textContent").startswith(
        "Deployment prod/web-42"
    )
    browser.press("Escape")
    browser.until(f"{SHOWN} === {everything}")
    browser.eval("document.querySelector('[data-filter=error]').click()")
    browser.until(f"{SHOWN} === 2")
    assert browser.eval("document.querySelector('[data-filter=error]').ariaPressed") == "true"


@needs_browser
def test_keys_go_from_one_to_the_next_and_fold(browser: Page, tmp_path: Path) -> None:
    browser.open(saved(tmp_path, report(finding("no"), finding("yes", path="/spec/replicas"))))
    assert browser.eval("document.querySelectorAll('.finding[open]').length") == 2
    browser.press("j")
    browser.press("j")
    assert "yes" in browser.eval("document.querySelector('.here').textContent")
    browser.press("k")
    assert "yes" not in browser.eval("document.querySelector('.here').textContent")
    browser.press("x")
    browser.until("document.querySelectorAll('.finding[open]').length === 0")


@needs_browser
def test_a_link_leads_to_the_finding_and_unfolds_it(browser: Page, tmp_path: Path) -> None:
    from policylint.model import Severity

    note = finding("quiet", severity=Severity.NOTE)
    browser.open(saved(tmp_path, report(note)), f"#f-{note.fingerprint}")
    browser.until("document.querySelector('.finding').open")


@needs_browser
def test_nothing_hostile_runs_and_nothing_is_loaded(browser: Page, tmp_path: Path) -> None:
    for _, told in upgrades():
        browser.requests.clear()
        file = saved(tmp_path, told)
        browser.open(file)
        assert browser.requests == [file.as_uri()]
    for number, hostile_text in enumerate(HOSTILE):
        browser.requests.clear()
        room = tmp_path / str(number)
        room.mkdir()
        file = saved(room, hostile(hostile_text))
        browser.open(file)
        assert browser.requests == [file.as_uri()]
        assert browser.eval("document.scripts.length") == 1


@needs_browser
@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 1200), ("dark", 360)])
def test_it_fits_every_screen(browser: Page, tmp_path: Path, scheme: str, width: int) -> None:
    browser.emulate(scheme, width, 800)
    for _, told in upgrades():
        browser.open(saved(tmp_path, told))
        browser.press("x")
        assert browser.eval("document.documentElement.scrollWidth") <= width
    ground = browser.eval("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(13, 17, 23)" if scheme == "dark" else "rgb(255, 255, 255)")


@pytest.mark.heavy
@needs_browser
def test_five_hundred_resources_open_at_once_and_five_thousand_are_usable(
    browser: Page, tmp_path: Path
) -> None:
    assert browser.open(saved(tmp_path, big(500))) < 1000
    assert browser.open(saved(tmp_path, big(5000))) < 5000
    browser.eval("search.value = 'web-4321'; search.dispatchEvent(new Event('input'))")
    browser.until("document.querySelectorAll('.resource:not([hidden])').length === 1")
