"""The marks of Rust items; prefixed, because projects have `unit` and others of their own."""

from __future__ import annotations

from typing import Final

__all__ = ["MARKS"]

MARKS: Final[dict[str, str]] = {
    "rust": "any Rust test",
    "rust_layout": "a layout test that bindgen generated",
    "rust_unit": "a unit test of a library or a binary",
    "rust_integration": "a test of an integration test target",
    "rust_example": "a test in an example",
    "rust_bench": "a test in a benchmark",
    "rust_doctest": "a documentation test",
    "rust_harness": "a test target with harness = false",
    "rust_build": "a target that does not build",
    "rust_abi": "a comparison with the C compiler",
    "rust_policy": "a policy: a rule about source code or about a built library",
    "cargo_timeout(seconds)": "the timeout of a Rust test",
}
