"""Results as JUnit XML."""

from pathlib import Path
from xml.etree import ElementTree

from onbeat.testing.case import Result
from onbeat.testing.junit import write_junit


def test_it_is_what_ci_reads():
    """One suite a file, counts, failures with their text, errors of files that could not be read, and nothing that XML cannot hold."""
    results = [
        Result(Path("a.test.yaml"), "good", seconds=0.5, notes=("ran",)),
        Result(Path("a.test.yaml"), "bad", ('a.test.yaml:1:1: <"&\x00> expected\nmore',), seconds=1.0),
        Result(Path("b.test.yaml"), "later", skipped=True),
    ]
    root = ElementTree.fromstring(write_junit(results, ["c.test.yaml:1:1: broken"]))
    assert root.attrib == {"name": "onbeat", "tests": "4", "failures": "1", "errors": "1", "skipped": "1"}
    assert [(suite.get("name"), suite.get("tests")) for suite in root] == [("a.test.yaml", "2"), ("b.test.yaml", "1"), ("files", "1")]
    cases = {case.get("name"): case for case in root.iter("testcase")}
    failure = cases["bad"].find("failure")
    assert failure is not None
    assert failure.get("message") == 'a.test.yaml:1:1: <"&\ufffd> expected'
    assert failure.text == 'a.test.yaml:1:1: <"&\ufffd> expected\nmore'
    assert cases["later"].find("skipped") is not None
    assert cases["good"].findtext("system-out") == "ran"
    assert cases["c.test.yaml:1:1: broken"].findtext("error") == "c.test.yaml:1:1: broken"
    assert cases["good"].get("time") == "0.500"
