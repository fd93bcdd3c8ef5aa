"""Compared layouts as SVG: on request, and in pytest-html's report."""

from __future__ import annotations

import base64
import html
import json
import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest

from .conftest import outcomes, run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

FILES = {
    "Cargo.toml": '[package]\nname = "c"\nversion = "0.1.0"\nedition = "2021"\n'
    "[package.metadata.cpython-sys]\n",
    "wrapper.h": "struct right { int a; long b; };\nstruct wrong { char a; long b; };\n",
    "src/lib.rs": """use std::ffi::{c_char, c_int, c_long};
#[repr(C)] pub struct right { pub a: c_int, pub b: c_long }
#[repr(C)] pub struct wrong { pub a: c_char, pub b: c_int }
#[test] fn t() {}
const _: () = {
    ["Size of right"][::std::mem::size_of::<right>() - 16usize];
    ["Alignment of right"][::std::mem::align_of::<right>() - 8usize];
    ["Offset of field: right::a"][::std::mem::offset_of!(right, a) - 0usize];
    ["Offset of field: right::b"][::std::mem::offset_of!(right, b) - 4usize];
};
""",
}


def drawings(root: Path, name: str) -> list[str]:
    """Return what each drawing of a type says, its texts joined by lines."""
    found = []
    for path in sorted((root / "layouts").glob(f"{name}-*.svg")):
        texts = ET.parse(path).getroot().iter("{http://www.w3.org/2000/svg}text")
        found.append("\n".join(one.text or "" for one in texts))
    return sorted(found)


@pytest.mark.parametrize("more", [(), ("-n2",)], ids=["alone", "xdist"])
def test_one_for_each_type_that_was_compared(
    pytester: pytest.Pytester, write: Write, more: tuple[str, ...]
) -> None:
    root = write(FILES)
    result = run(pytester, "--cpython-sys-layouts=layouts", *more)
    assert outcomes(result) == {
        "src/lib.rs::@abi::layout::right": "passed",
        "src/lib.rs::@abi::layout::wrong": "failed",
        "src/lib.rs::bindgen_test_layout_right": "failed",
        "src/lib.rs::t": "passed",
    }
    assert len(list((root / "layouts").iterdir())) == 3
    of_c, recorded = drawings(root, "right")
    assert "C: struct right" in of_c
    assert "first difference" not in of_c
    assert "recorded: right" in recorded
    assert "first difference: offset 4" in recorded
    (wrong,) = drawings(root, "wrong")
    assert "first difference: offset 4" in wrong
    assert "a, 1 byte" in wrong
    # What was found out is kept, and can be drawn again.
    for path in (root / "layouts").iterdir():
        path.unlink()
    run(pytester, "--cpython-sys-layouts=layouts", "-m", "rust_abi", *more)
    assert len(list((root / "layouts").iterdir())) == 2


def test_none_unless_asked_for(pytester: pytest.Pytester, write: Write) -> None:
    root = write(FILES)
    run(pytester)
    assert not list(root.rglob("*.svg"))


def test_the_key_is_relative_to_rootdir(pytester: pytest.Pytester, write: Write) -> None:
    root = write({**FILES, "pytest.ini": "[pytest]\ncpython_sys_layouts = layouts\n"})
    run(pytester, "-k", "right and abi")
    assert len(list((root / "layouts").iterdir())) == 1


@pytest.mark.parametrize("typed", ["layouts", "layouts/more/of/it"])
def test_a_place_that_is_no_directory(pytester: pytest.Pytester, write: Write, typed: str) -> None:
    ini = f"[pytest]\ncpython_sys_layouts = {typed}\n"
    root = write({**FILES, "layouts": "a file", "pytest.ini": ini})
    why = f"cannot be written (Not a directory: {root / 'layouts'}): choose another directory"
    for option, said in (
        (f"--cpython-sys-layouts={typed}", f"--cpython-sys-layouts={typed}"),
        ("-v", f"pytest.ini: cpython_sys_layouts = {typed}"),
    ):
        result = run(pytester, option)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        assert [line for line in result.errlines if line] == [f"ERROR: {said} {why}"]


def test_what_cannot_be_drawn_is_said_once(pytester: pytest.Pytester, write: Write) -> None:
    root = write(FILES)
    run(pytester, "--cpython-sys-layouts=layouts", "-k", "abi")
    drawings = list((root / "layouts").iterdir())
    assert len(drawings) > 1
    for drawing in drawings:
        drawing.unlink()
        drawing.mkdir()
    result = run(pytester, "--cpython-sys-layouts=layouts", "-k", "abi")
    words = "cannot be written (Is a directory): choose another directory with --cpython-sys-layout"
    assert result.stdout.str().count(words) == 1
    assert "passed" in result.parseoutcomes()


@pytest.mark.pytest_side
@pytest.mark.parametrize("how", ["--self-contained-html", "--css=no.css", "-n2"])
def test_the_html_report_shows_failed_layouts(
    pytester: pytest.Pytester, write: Write, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    pytest.importorskip("pytest_html")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:randomly")
    root = write({**FILES, "no.css": ""})
    run(pytester, "--html=report.html", how)
    text = html.unescape((root / "report.html").read_text(encoding="utf-8"))
    match = re.search(r'data-jsonblob="(\{.*?\})"\s*>', text, re.DOTALL)
    assert match is not None
    shown = {}
    for name, (test,) in json.loads(match[1])["tests"].items():
        for extra in test["extras"]:
            content = extra["content"]
            if content.startswith("data:"):
                shown[name] = base64.b64decode(content.partition("base64,")[2]).decode()
            else:
                shown[name] = (root / content).read_text(encoding="utf-8")
    assert set(shown) == {
        "src/lib.rs::@abi::layout::wrong",
        "src/lib.rs::bindgen_test_layout_right",
    }
    assert all(ET.fromstring(one).tag.endswith("svg") for one in shown.values())
