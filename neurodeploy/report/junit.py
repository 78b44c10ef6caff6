"""A verification as JUnit XML: one test case a check, so that CI systems show them."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from neurodeploy.verify.gates import Check, Status
from neurodeploy.verify.verification import Verification


def to_junit(verification: Verification) -> str:
    """Give the verification as a JUnit document.

    A required check that was skipped is an error there, since the exit code is not 0 either; any other
    skipped check is ``skipped`` with its reason.
    """
    checks = verification.checks
    suite = ET.Element(
        "testsuite",
        name=f"neurodeploy verify {verification.name}".rstrip(),
        tests=str(len(checks)),
        failures=str(sum(check.status is Status.FAILED for check in checks)),
        errors=str(sum(_did_not_run(check) for check in checks)),
        skipped=str(sum(check.status is Status.SKIPPED and not check.required for check in checks)),
    )
    for check in checks:
        case = ET.SubElement(
            suite, "testcase", classname="neurodeploy.verify", name=f"{check.name}: {check.title}"
        )
        if check.status is Status.FAILED:
            failure = ET.SubElement(case, "failure", message=check.reason)
            failure.text = "\n\n".join(finding.render() for finding in check.findings)
        elif _did_not_run(check):
            ET.SubElement(case, "error", message=f"required, but did not run: {check.reason}")
        elif check.status is Status.SKIPPED:
            ET.SubElement(case, "skipped", message=check.reason)
        else:
            ET.SubElement(case, "system-out").text = check.reason
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _did_not_run(check: Check) -> bool:
    return check.status is Status.SKIPPED and check.required
