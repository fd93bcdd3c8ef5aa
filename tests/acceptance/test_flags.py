"""Whatever a boolean ini key says, the command line has the last word, in both directions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_cpython_sys.rust.option_table import OPTIONS, Option

from .conftest import outcomes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

# Each boolean key changes what is found here, or how it ends.
PROJECT = {
    "Cargo.toml": """
[package]
name = "c"
version = "0.1.0"
edition = "2021"
[features]
default = ["usual"]
usual = []
extra = []
""",
    "src/lib.rs": """
//! ```
//! assert_eq!(1, 1);
//! ```
#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    static TOLD: AtomicBool = AtomicBool::new(false);
    #[test]
    #[cfg(feature = "usual")]
    fn usual() {}
    #[test]
    #[cfg(feature = "extra")]
    fn extra() {}
    #[test]
    fn a_tells() {
        TOLD.store(true, Ordering::SeqCst);
    }
    #[test]
    fn b_is_told_in_the_same_process() {
        for _ in 0..100 {
            if TOLD.load(Ordering::SeqCst) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("told nothing");
    }
}
""",
}
# One that is in the ini file alone is said no to with pytest's own `-o`, and changes no outcome.
FLAGS = [one for one in OPTIONS if one.kind == "flag" and one.key and one.command_line]


@pytest.mark.parametrize("option", FLAGS, ids=lambda option: option.name)
def test_the_command_line_wins_over_the_ini_file(
    pytester: pytest.Pytester, write: Write, option: Option
) -> None:
    switch = [] if option.name == "cpython_sys" else ["--cpython-sys"]

    def found(*arguments: str) -> dict[str, str]:
        result = pytester.runpytest(*switch, "-rA", "-p", "no:cacheprovider", *arguments)
        assert not result.stderr.lines
        return outcomes(result)

    write({**PROJECT, "pytest.ini": f"[pytest]\n{option.name} = true\n"})
    switched_on = found()
    switched_off = [found(word) for word in option.opposites]
    write({"pytest.ini": f"[pytest]\n{option.name} = false\n"})
    assert switched_on != found()
    assert switched_off == [found()] * len(option.opposites)
    assert [found(word) for word in option.words] == [switched_on] * len(option.words)
    assert found(option.opposites[0], option.words[0]) == switched_on
