"""JUnit XML that its readers can read: families and properties of docs/reference/junit.md."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest
from junitparser import JUnitXml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import xmlschema

    Write = Callable[[Mapping[str, str]], Path]

PROJECT = {
    "Cargo.toml": "c",
    "src/lib.rs": r"""
/// ```
/// assert_eq!(c::f(), 1);
/// ```
pub fn f() -> u8 { 1 }
#[cfg(test)]
mod tests {
    #[test] fn passes() {}
    #[test]
    fn fails() {
        use std::io::Write;
        println!("<a> & ]]> \u{1b}[31mred\u{1b}[0m \u{7} \u{fffe}");
        std::io::stdout().write_all(b"\xff\xfe\n").unwrap();
        assert_eq!(1 + 1, 3, "<b> & ]]> \u{1b}[1m \u{1}");
    }
    #[test] #[ignore = "slow <one> \u{1b}[1m"] fn ignored() {}
    #[test] fn large() { println!("{}", "0123456789".repeat(100_000)); panic!(); }
    #[test] fn dies() { std::process::abort(); }
}
""",
    "tests/bad.rs": 'const _: () = panic!("<c> & \\u{7}");\n',
    "tests/test_python.py": """
def test_properties(record_property): record_property("package", "mine")
def test_fails(): assert 0, "<d>"
def test_error(no_such_fixture): pass
""",
}
OFF = "-ocpython_sys_junit_properties=false"
OURS = {"package", "target", "rust_test", "kind", "source"}


def written(pytester: pytest.Pytester, *arguments: str, family: str = "xunit2") -> ET.Element:
    """Run, and return the cases of the file."""
    family = f"-ojunit_family={family}"
    result = pytester.runpytest(
        "--cpython-sys", "--junitxml=out.xml", "-ojunit_logging=all", family, *arguments
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    (suite,) = ET.parse("out.xml").getroot()
    return suite


def properties(case: ET.Element) -> dict[str, str]:
    return {one.attrib["name"]: one.attrib["value"] for one in case.iter("property")}


def without_properties(pytester: pytest.Pytester) -> None:
    """Change the file as if no test had asked for a property."""
    tree = ET.parse("out.xml")
    for case in tree.getroot().iter("testcase"):
        for found in case.findall("properties"):
            case.remove(found)
    tree.write(pytester.path / "out.xml", encoding="utf-8", xml_declaration=True)


@pytest.fixture(scope="session")
def schema(tmp_path_factory: pytest.TempPathFactory) -> xmlschema.XMLSchema:
    """Return the schema of Jenkins' xUnit plugin; pytest's own sources carry it for their tests."""
    library = pytest.importorskip("xmlschema")
    folder = tmp_path_factory.mktemp("schema")
    words = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary=pytest"]
    done = subprocess.run(
        [*words, "pytest==8.3.5", "-d", folder], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.skip("the sources of pytest 8.3.5, which have the schema, cannot be downloaded")
    name = "pytest-8.3.5/testing/example_scripts/junit-10.xsd"
    with tarfile.open(next(folder.iterdir())) as archive:
        file = archive.extractfile(name)
        assert file is not None
        found: xmlschema.XMLSchema = library.XMLSchema(file.read().decode("utf-8"))
    return found


@pytest.mark.pytest_side
@pytest.mark.parametrize("arguments", [[], ["-ocpython_sys_fast=false"], ["-n2"]])
def test_the_switch_takes_properties_of_rust_tests_away(
    pytester: pytest.Pytester, write: Write, arguments: list[str]
) -> None:
    write(PROJECT)
    kept = written(pytester, *arguments)
    rust = [case for case in kept if properties(case).keys() >= OURS]
    assert len(rust) == 7
    write(
        {
            "conftest.py": """
def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.suffix == ".rs":
            item.user_properties.append(("package", "a user's"))

def pytest_runtest_logreport(report):
    if report.when == "teardown" and ".rs" in report.nodeid:
        assert len(report.user_properties) >= 6, report.user_properties
"""
        }
    )
    cases = written(pytester, *arguments, OFF)
    assert {case.attrib["name"]: properties(case) for case in cases} == {
        **{case.attrib["name"]: {"package": "a user's"} for case in rust},
        "test_properties": {"package": "mine"},
        "test_fails": {},
        "test_error": {},
    }
    assert cases.attrib["tests"] == kept.attrib["tests"] == "10"


@pytest.mark.parametrize("family", ["xunit1", "xunit2", "legacy"])
@pytest.mark.parametrize("arguments", [[], ["-n2"]])
def test_what_the_strict_schema_says(
    pytester: pytest.Pytester,
    write: Write,
    schema: xmlschema.XMLSchema,
    family: str,
    arguments: list[str],
) -> None:
    write(PROJECT)
    written(pytester, *arguments, OFF, family=family)
    without_properties(pytester)  # the user's own, which no switch takes away
    said = {str(error.reason) for error in schema.iter_errors("out.xml")}
    places = {f"'{name}' attribute not allowed for element" for name in ("file", "line")}
    assert said == (set() if family == "xunit2" else places)
    written(pytester, *arguments, family=family)
    said = {str(error.reason) for error in schema.iter_errors("out.xml")}
    assert any("'properties'" in reason for reason in said)


@pytest.mark.parametrize("family", ["xunit1", "xunit2"])
def test_what_readers_find(pytester: pytest.Pytester, write: Write, family: str) -> None:
    """The attributes of docs/reference/junit.md; whatever tests print, the file is XML."""
    root = write(PROJECT)
    cases = {case.attrib["name"]: case for case in written(pytester, family=family)}
    case = cases["fails"]
    assert case.attrib["classname"] == "src.lib.rs.tests"
    assert cases["1"].attrib["classname"] == "src.lib.rs.@doctest.f"
    assert cases["@build"].attrib["classname"] == "tests.bad.rs"
    if family == "xunit1":
        assert case.attrib["file"] == "src/lib.rs"
        # pytest counts lines from 0 here, for Python tests too.
        lines = (root / "src/lib.rs").read_text(encoding="utf-8").split("\n")
        assert "fn fails" in lines[int(case.attrib["line"])]
    else:
        assert {"file", "line"}.isdisjoint(case.attrib)
    failure = case.find("failure")
    assert failure is not None
    assert failure.attrib["message"].startswith("assertion `left == right` failed: <b> & ]]>")
    assert (failure.text or "").startswith("src/lib.rs:14: assertion")
    assert "<a> & ]]>" in (case.findtext("system-out") or "")
    assert len(cases["large"].findtext("system-out") or "") > 1_000_000
    suite = next(iter(JUnitXml.fromfile("out.xml")))
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (10, 5, 1, 1)
