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
    "rust_harness": "a target with a harness of its own",
    "rust_build": "a target that does not build",
    "rust_abi": "the C compiler's opinion",
    "rust_policy": "a policy",
    "cargo_timeout(seconds)": "how long a Rust test may take",
}
