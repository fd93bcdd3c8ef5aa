"""What the program in front of rustc makes of a compiler call and of a dep-info file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from pytest_cpython_sys.cargo.depinfo import parse_depinfo
from pytest_cpython_sys.rust import rustc_wrapper

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

CALL = [
    *("rustc", "--crate-name", "lay", "--edition=2021", "src/lib.rs", "--error-format=json"),
    *("--crate-type", "lib", "--emit=dep-info,metadata,link", "-C", "metadata=1"),
    *("-C", "extra-filename=-2", "--out-dir", "/t/deps", "-C", "incremental=/t/incremental"),
]


def test_the_call_that_looks_makes_little() -> None:
    assert rustc_wrapper._looking(CALL, "/scratch") == [
        *("rustc", "--crate-name", "lay", "--edition=2021", "src/lib.rs", "--error-format=json"),
        *("--crate-type", "lib", "-C", "metadata=1", "-C", "extra-filename=-2"),
        *("--cap-lints=allow", "--emit=metadata", "--out-dir", "/scratch"),
    ]


def test_a_call_reads_the_tree_and_shows_the_original(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OUT_DIR", "/new/a-1/out")
    crate = {
        "out_dirs": {"a-1": "/t/build/a-1/out", "a-2": "/t/build/a-2/out"},
        "variable": "TREE_OUT_DIR",
    }
    moved = rustc_wrapper._moved(CALL, "src/lib.rs", "/tree", crate)
    environment = rustc_wrapper._environment("/tree", crate)
    assert environment["TREE_OUT_DIR"] == "/tree/t/build/a-1/out"
    assert environment["OUT_DIR"] == "/new/a-1/out"
    here = os.getcwd()
    assert moved[4] == f"/tree{here}/src/lib.rs"
    assert moved[-3:] == [
        "--remap-path-prefix=/tree/=/",
        f"--remap-path-prefix=/tree{here}/=",
        "--remap-path-prefix=/tree/t/build/a-1/out=/t/build/a-1/out",
    ]


def test_dep_info_names_the_originals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUT_DIR", "/new out")
    tree = "/a tree"
    file = tmp_path / "lay-2.d"
    names = ["/a\\ tree/w/src/lib.rs", "/a\\ tree/t/out/c_api.rs", "README.md"]
    file.write_text(
        f"/t/deps/liblay.rlib: {' '.join(names)}\n\n{names[0]}:\n\n# env-dep:OUT_DIR=/new out\n"
        "# env-dep:TREE_OUT_DIR=/a\\ tree/t/out\n",
        encoding="utf-8",
    )
    crate = {
        "out_dirs": {"t": "/t/out"},
        "variable": "TREE_OUT_DIR",
        "stamp": "/a tree/stamps/1",
    }
    rustc_wrapper._relist(str(file), tree, crate)
    text = file.read_text(encoding="utf-8")
    assert parse_depinfo(text) == (
        "/w/src/lib.rs",
        "/new out/c_api.rs",
        "README.md",
        "/a tree/stamps/1",
    )
    assert "# env-dep:OUT_DIR=/new out" in text
    assert "TREE_OUT_DIR" not in text


def test_other_crates_are_compiled_as_they_are(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    echo = [sys.executable, "-c", "import sys; print(*sys.argv[1:])"]
    plan.write_text(json.dumps({"wrapper": "/usr/bin/env", "crates": {}}), encoding="utf-8")
    program = [sys.executable, "-I", "-S", rustc_wrapper.__file__, str(plan)]
    done = subprocess.run([*program, *echo, *CALL], capture_output=True, text=True, check=True)
    assert done.stdout.split() == CALL
