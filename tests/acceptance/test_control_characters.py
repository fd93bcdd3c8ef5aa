"""Whatever tests, build scripts and harnesses print: no terminal is steered by it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from junitparser import JUnitXml

from .conftest import outcomes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_NASTY = r"\u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7}bell\u{7} nul\0 over\rwritten\u{9b}2J"
SOURCES = {
    "Cargo.toml": '[package]\nname = "c"\nversion = "0.1.0"\nedition = "2021"\n'
    '[[test]]\nname = "own"\nharness = false\n',
    "build.rs": f'fn main() {{ println!("cargo:warning={_NASTY}"); }}\n',
    "src/lib.rs": f"""
#[test] fn prints() {{ println!("{_NASTY}"); eprintln!("{_NASTY}"); panic!("{_NASTY}"); }}
#[test] fn compares() {{ assert_eq!("{_NASTY}", "x", "{_NASTY}"); }}
#[test] fn returns() -> Result<(), String> {{ Err("{_NASTY}".into()) }}
#[test] #[ignore = "{_NASTY}"] fn ignored() {{}}
#[test] fn dies() {{ println!("{_NASTY}"); std::process::abort(); }}
#[deprecated = "{_NASTY}"] fn old() {{}}
pub fn new() {{ old() }}
""",
    "tests/own.rs": f'fn main() {{ println!("{_NASTY}"); std::process::exit(1); }}\n',
    "tests/bad.rs": f'const _: () = panic!("{_NASTY}");\n',
}


@pytest.mark.parametrize("arguments", [["-rA"], ["-q", "--tb=short"], ["-v", "-n2"], ["--tb=line"]])
def test_no_terminal_is_steered(
    pytester: pytest.Pytester, write: Write, arguments: list[str]
) -> None:
    write(SOURCES)
    result = pytester.runpytest("--cpython-sys", "--junitxml=junit.xml", *arguments)
    text = "\n".join((*result.outlines, *result.errlines))
    assert not _STEERING.search(text), _STEERING.findall(text)
    assert "bell␇ nul␀ over" in text
    assert len(list(JUnitXml.fromfile("junit.xml"))) == 1


def test_in_the_ordinary_way_too(pytester: pytest.Pytester, write: Write) -> None:
    """Where a plugin takes part in how items run, reports come about another way."""
    write(
        {**SOURCES, "conftest.py": "def pytest_runtest_call(item): pass\n"},
    )
    result = pytester.runpytest("--cpython-sys", "-rA")
    text = "\n".join((*result.outlines, *result.errlines))
    assert not _STEERING.search(text), _STEERING.findall(text)
    result.assert_outcomes(failed=6, skipped=1)


def test_any_reason_to_ignore_a_test(pytester: pytest.Pytester, write: Write) -> None:
    """libtest's own listing is no JSON then."""
    reasons = (r"say \"spam\"", r"back\\slash", r"two\nlines", r"a \u{7} bell", "", r"\u{1b}[1mé")
    tests = [f'#[test] #[ignore = "{text}"] fn t{i}() {{}}\n' for i, text in enumerate(reasons)]
    write({"Cargo.toml": "c", "src/lib.rs": "".join(tests)})
    result = pytester.runpytest("--cpython-sys", "-rA")
    result.assert_outcomes(skipped=len(reasons))
    assert 'say "spam"' in result.stdout.str()
    result = pytester.runpytest("--cpython-sys", "-rA", "--cargo-run-ignored=all")
    assert outcomes(result) == {f"src/lib.rs::t{i}": "passed" for i in range(len(reasons))}
