"""Known causes behind the words of a build."""

from __future__ import annotations

import pytest

from pytest_cpython_sys.rust.build_hints import explain_failure

TOO_NEW = "version (3.15) is newer than PyO3's maximum supported version (3.14)\n"
SET = "= help: set {} to suppress this check and build anyway using the stable ABI"


@pytest.mark.parametrize(
    ("words", "anyway"),
    [
        (f"error: the configured Python interpreter {TOO_NEW}{SET.format('PYO3_USE_A=1')}", True),
        (f"error: the configured Python {TOO_NEW}{SET.format('PYO3_USE_A=1')}", True),
        (f"error: the configured GraalPy {TOO_NEW}", False),
        (f"error: The configured Python interpreter {TOO_NEW}= help: this cannot be", False),
    ],
)
def test_a_python_that_pyo3_does_not_know(words: str, anyway: bool) -> None:
    """Whatever else stands there; what cannot be suppressed is not said to be."""
    found = explain_failure(f"undefined reference to `PyList_New'\n{words}")
    assert found is not None
    assert found.startswith("pyo3 knows no Python newer than 3.14, and this one is 3.15: update")
    assert found.endswith(", or set PYO3_USE_A=1 to build all the same") == anyway
