"""JUnit's XML, which every CI system shows as a list of tests.

A release is a suite. What fails the run is a failure, what could not be judged an error; the other
findings are tests that passed with words to say. Source: the schema of Jenkins' xunit plugin
(junit-10.xsd).
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree

from policylint.errors import RuleFailure
from policylint.model import Finding, Severity
from policylint.report.model import Report, release_name
from policylint.report.places import line_of, primary, shown_path
from policylint.runtime.escapes import escaped, on_one_line


def render(report: Report) -> str:
    """The report as one `testsuites` document."""
    root = ElementTree.Element("testsuites", name="policylint")
    for release in report.releases:
        _suite(root, release_name(release), release.findings, release.failures, release.settled)
    if report.findings or report.failures or report.settled or not report.releases:
        _suite(root, "policylint", report.findings, report.failures, report.settled)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(
    root: ElementTree.Element,
    name: str,
    findings: Iterable[Finding],
    failures: Iterable[RuleFailure],
    settled: Iterable[Finding],
) -> None:
    findings, failures, settled = list(findings), list(failures), list(settled)
    failed = sum(finding.severity is Severity.ERROR for finding in findings)
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        name=on_one_line(name),
        tests=str(len(findings) + len(failures) + len(settled) or 1),
        failures=str(failed),
        errors=str(len(failures)),
        skipped=str(len(settled)),
    )
    for finding in settled:
        _settled(suite, name, finding)
    for finding in findings:
        _finding(suite, name, finding)
    for failure in failures:
        case = _case(suite, name, failure.rule, str(failure.resource or ""))
        error = ElementTree.SubElement(case, "error", message=on_one_line(failure.message))
        error.text = escaped(failure.remedy)
    if not len(suite):
        _case(suite, name, "no findings", "")


def _settled(suite: ElementTree.Element, name: str, finding: Finding) -> None:
    """What is waived or known is a test that was skipped, with the reason."""
    case = _case(suite, name, finding.rule, str(finding.resource or finding.where))
    if finding.waived:
        why = f"waived: {finding.waived.reason}"
    else:
        why = "in the baseline"
    ElementTree.SubElement(case, "skipped", message=on_one_line(why))


def _finding(suite: ElementTree.Element, name: str, finding: Finding) -> None:
    case = _case(suite, name, finding.rule, str(finding.resource or finding.where))
    if place := primary(finding):
        case.set("file", on_one_line(shown_path(place.file)))
        if line := line_of(place):
            case.set("line", str(line))
    if finding.severity is Severity.ERROR:
        failure = ElementTree.SubElement(case, "failure", message=on_one_line(finding.message))
        failure.set("type", str(finding.category))
        failure.text = escaped(_words(finding))
    else:
        text = f"{finding.severity}: {finding.message}\n{_words(finding)}"
        ElementTree.SubElement(case, "system-out").text = escaped(text)


def _case(suite: ElementTree.Element, release: str, rule: str, about: str) -> ElementTree.Element:
    title = f"{rule}: {about}" if about else rule
    return ElementTree.SubElement(
        suite, "testcase", name=on_one_line(title), classname=on_one_line(release)
    )


def _words(finding: Finding) -> str:
    if finding.because:
        lines = [f"because {finding.because}"]
    else:
        lines = []
    for fix in finding.fixes:
        lines.append(f"fix: {fix.title}")
        lines += [f"  {number}. {step}" for number, step in enumerate(fix.steps, 1)]
    return "\n".join(lines)
