"""rustc's words about the tests of a program, as rustc 1.85 and 1.95 print them."""

from __future__ import annotations

import pytest

from pytest_cpython_sys.rust.test_binary.expanded_tests import read_expanded_tests
from pytest_cpython_sys.rust.test_binary.listing import ListedTest

TEST = """
    #[rustc_test_marker = "{name}"]
    #[doc(hidden)]
    pub const {last}: test::TestDescAndFn =
        test::TestDescAndFn {{
            desc: test::TestDesc {{
                name: test::StaticTestName("{name}"),
                ignore: {ignored},
                ignore_message: ::core::option::Option::{reason},
                source_file: "src/lib.rs",
                start_line: {line}usize,
                should_panic: test::ShouldPanic::No,
                test_type: test::TestType::UnitTest,
            }},
            testfn: test::Static{kind}Fn(#[coverage(off)] || test::assert_test_result({last}())),
        }};
"""
MAIN = """
#[rustc_main]
pub fn main() -> () {
    extern crate test;
    test::test_main_static(&[@])
}
"""


def shown(name: str, line: int, *, reason: str = "None", kind: str = "Test") -> str:
    ignored = "false" if reason == "None" else "true"
    last = name.rpartition("::")[2]
    return TEST.format(name=name, last=last, ignored=ignored, reason=reason, line=line, kind=kind)


def test_all_of_them() -> None:
    text = (
        shown("runs", 3)
        + shown("inner::waits", 7, reason='Some("too \\"slow\\"")')
        + shown("inner::r#match", 9, kind="Bench")
        + MAIN.replace("@", "&waits, &r#match,\n        &runs")
    )
    assert read_expanded_tests(text.encode()) == (
        ListedTest("runs", source="src/lib.rs", line=3),
        ListedTest("inner::waits", ignored=True, reason='too "slow"', source="src/lib.rs", line=7),
        ListedTest("inner::r#match", source="src/lib.rs", line=9, bench=True),
    )


def test_none_and_a_main_of_its_own() -> None:
    assert read_expanded_tests(MAIN.replace("@", "").encode()) == ()
    assert read_expanded_tests(b"fn main() {}") is None


def test_a_test_that_was_not_found_is_not_forgotten() -> None:
    text = shown("runs", 3) + MAIN.replace("@", "&more, &runs")
    with pytest.raises(ValueError, match="runs 2 tests, but the source has 1"):
        read_expanded_tests(text.encode())
