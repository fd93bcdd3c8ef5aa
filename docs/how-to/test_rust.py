"""Rust: the tests of all cargo packages of this checkout. They build: ``-u cpu``."""

import unittest
from test import support
from test.support import import_helper

if not support.has_subprocess_support:
    raise unittest.SkipTest("requires subprocess support")
support.requires("cpu")
rust = import_helper.import_module("pytest_cpython_sys.unittest")

load_tests = rust.make_load_tests(
    __name__, support.REPO_ROOT, f"--cargo-timeout={support.LONG_TIMEOUT}"
)

if __name__ == "__main__":
    unittest.main()
