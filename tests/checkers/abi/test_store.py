"""What was found out is read back as it was, or not at all."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_cpython_sys.case import Case, Layouts, Location, Member, TypeLayout, Verdict
from pytest_cpython_sys.checkers.abi.store import Findings, code_stamps, load, load_layouts, save

if TYPE_CHECKING:
    from pathlib import Path

CASE = Case(
    file="/w/src/lib.rs",
    levels=("@abi", "layout", "T"),
    kind="abi",
    checker="abi",
    package="c",
    target="c",
    rust_test="@abi::layout::T",
    group="c /w",
)
LAYOUT = TypeLayout("T", 8, 4, (Member("a", 0, 32), Member("b", 35, 36, bits=True)))
LAYOUTS = Layouts(LAYOUT, replace(LAYOUT, size=12), ("a",))


def findings(header: Path) -> Findings:
    header.write_text("int x;", encoding="utf-8")
    cases = [
        CASE,
        replace(
            CASE,
            levels=("@abi", "const", "N"),
            rust_test="@abi::const::N",
            line=7,
            generated=Location("/w/out/c.rs", 3),
        ),
        replace(CASE, levels=("@abi", "fn", "f"), rust_test="another", xfail="known"),
    ]
    verdicts = [
        Verdict("failed", 0.0, "differs", Location("/w/src/lib.rs", 1), layouts=LAYOUTS),
        Verdict("passed"),
        Verdict("passed", output="const alone"),
    ]
    return Findings(
        cases,
        verdicts,
        unmatched=[("A", "why")],
        uncompared=[("C", "why")],
        unused_keys=["names: D"],
        unanswered=[(0, "why")],
        letters=[(0, "const", "result is int in C")],
        missing=["Py_f", "Py_g"],
        needed=["Py_f"],
        facts=(3, 2),
        files=[str(header)],
    )


def test_all_is_read_back(tmp_path: Path) -> None:
    path, kept = str(tmp_path / "all.json"), findings(tmp_path / "h.h")
    kept.layouts = {0: LAYOUTS}
    save(path, "key", kept)
    found = load(path, "key")
    assert found is not None
    assert load_layouts(path, "key") == kept.layouts
    kept.layouts = {}
    assert found == kept


def test_nothing_under_another_key_or_after_a_header_has_changed(tmp_path: Path) -> None:
    header = tmp_path / "h.h"
    path = str(tmp_path / "all.json")
    save(path, "key", findings(header))
    assert load(path, "other") is None
    assert load_layouts(path, "key") == {}
    os.utime(header, (1, 1))
    assert load(path, "key") is None
    (tmp_path / "all.json").write_text("{", encoding="utf-8")
    assert load(path, "key") is None


def test_findings_without_a_case(tmp_path: Path) -> None:
    path = str(tmp_path / "all.json")
    save(path, "key", Findings())
    assert load(path, "key") == Findings()


def test_our_own_code_counts(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    for path in (tmp_path / "a.py", inner / "b.py", inner / "c.pyc"):
        path.write_text("1")
    before = code_stamps([str(tmp_path)])
    assert [(name, size) for name, size, _ in before] == [
        (str(tmp_path / "a.py"), 1),
        (str(inner / "b.py"), 1),
    ]
    (inner / "c.pyc").write_text("22")
    assert code_stamps([str(tmp_path)]) == before
    (inner / "b.py").write_text("22")
    assert code_stamps([str(tmp_path)]) != before
