"""Write results as JUnit XML, which every CI reads.

Called by: the command.
"""

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from onbeat.testing.case import Result

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(results: Sequence[Result], wrong: Sequence[str] = ()) -> bytes:
    """One suite a file. wrong: what could not be read, each an error."""
    root = ElementTree.Element("testsuites", name="onbeat")
    files = dict.fromkeys(str(result.file) for result in results)
    for file in files:
        _suite(root, file, [result for result in results if str(result.file) == file])
    if wrong:
        suite = ElementTree.SubElement(root, "testsuite", name="files", tests=str(len(wrong)), failures="0", errors=str(len(wrong)))
        for problem in wrong:
            place = _plain(problem.partition("\n")[0])
            case = ElementTree.SubElement(suite, "testcase", classname="files", name=place, time="0")
            ElementTree.SubElement(case, "error", message=place).text = _plain(problem)
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    content: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return content


def _suite(root: ElementTree.Element, file: str, results: Sequence[Result]) -> None:
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        name=_plain(file),
        tests=str(len(results)),
        failures=str(sum(bool(result.failures) for result in results)),
        errors="0",
        skipped=str(sum(result.skipped for result in results)),
        time=f"{sum(result.seconds for result in results):.3f}",
    )
    for result in results:
        case = ElementTree.SubElement(
            suite, "testcase", classname=_plain(file), name=_plain(result.id), file=_plain(file), time=f"{result.seconds:.3f}"
        )
        if result.skipped:
            ElementTree.SubElement(case, "skipped")
        if result.failures:
            failure = ElementTree.SubElement(case, "failure", message=_plain(result.failures[0].partition("\n")[0]))
            failure.text = _plain("\n".join(result.failures))
        if result.notes:
            ElementTree.SubElement(case, "system-out").text = _plain("\n".join(result.notes))


def _plain(text: str) -> str:
    """The text without what XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)
