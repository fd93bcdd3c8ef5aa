"""What libtest's own log says of a test, and nothing else, confirms an event."""

from __future__ import annotations

from pathlib import Path

from pytest_cpython_sys.checkers.libtest.witness import Witness

LOG = """ok tests::a <0.000s>
failed tests::b <0.088s>
ignored: why tests::c
failed: test did not panic as expected at src/lib.rs:2:28 tests::d <0.000s>
failed: panic did not contain expected string
      panic message: "that"
 expected substring: "this" tests::e <0.081s>
"""


def test_each_line_confirms_one_event() -> None:
    with Witness(wanted=True) as witness:
        option, path = witness.arguments
        assert option == "--logfile"
        assert not witness.confirms("tests::a", "ok")
        Path(path).write_text(LOG, encoding="utf-8")
        assert witness.confirms("tests::a", "ok")
        assert not witness.confirms("tests::a", "ok")
        assert not witness.confirms("tests::b", "ok")
        assert [witness.confirms(f"tests::{name}", "failed") for name in "bde"] == [True] * 3
        assert witness.confirms("tests::c", "ignored")
    assert not Path(path).exists()


def test_without_a_file_everything_is_believed() -> None:
    with Witness(wanted=False) as witness:
        assert witness.arguments == ()
        assert witness.confirms("tests::a", "ok")


def test_libtests_notice_is_no_output() -> None:
    assert Witness.without_notice("warning: `--logfile` is deprecatedsaid") == "said"
