"""A verification as JUnit XML: one test case a check, so that CI systems show them."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from neurodeploy.findings.printable import printable
from neurodeploy.verify.gates import Check, Status
from neurodeploy.verify.verification import Verification


def to_junit(verification: Verification) -> str:
    """Give the verification as a JUnit document; whatever the names are, it is valid XML.

    A required check that was skipped is an error there, since the exit code is not 0 either; any other
    skipped check is ``skipped`` with its reason. A check that was only measured has that in its name. Where
    there are no checks at all, that is an error: the exit code is not 0.
    """
    cases = [_case(check) for check in verification.checks] or [_nothing()]
    kinds = [child.tag for case in cases for child in case]
    suite = ET.Element(
        "testsuite",
        name=_text(f"neurodeploy verify {verification.name}".rstrip()),
        tests=str(len(cases)),
        failures=str(kinds.count("failure")),
        errors=str(kinds.count("error")),
        skipped=str(kinds.count("skipped")),
    )
    suite.extend(cases)
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(check: Check) -> ET.Element:
    """Give one check as a test case."""
    measured = " (measured)" if check.status is Status.MEASURED else ""
    case = ET.Element(
        "testcase", classname="neurodeploy.verify", name=_text(f"{check.name}: {check.title}{measured}")
    )
    if check.status is Status.FAILED:
        failure = ET.SubElement(case, "failure", message=_text(check.reason))
        failure.text = _text("\n\n".join(finding.render() for finding in check.findings))
    elif check.status is Status.SKIPPED and check.required:
        ET.SubElement(case, "error", message=_text(f"required, but did not run: {check.reason}"))
    elif check.status is Status.SKIPPED:
        ET.SubElement(case, "skipped", message=_text(check.reason))
    else:
        lines = [f"{check.status.value}: {check.reason}", *(finding.render() for finding in check.findings)]
        ET.SubElement(case, "system-out").text = _text("\n\n".join(lines))
    return case


def _nothing() -> ET.Element:
    case = ET.Element("testcase", classname="neurodeploy.verify", name="checks")
    ET.SubElement(case, "error", message="there was no check")
    return case


def _text(text: str) -> str:
    """Write what XML 1.0 cannot hold as an escape: control characters, lone surrogates, noncharacters."""
    return printable(text, lines=True).replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")
