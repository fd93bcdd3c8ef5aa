"""What the installed rustc and rustdoc say of a crate."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from pytest_cpython_sys.cargo import MIR
from pytest_cpython_sys.checkers.api.mir import Body, read_mir
from pytest_cpython_sys.rust.tools.rustdoc_json import RUSTDOC_JSON, read_document

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def asked(directory: Path, source: str, *more: str) -> tuple[list[Body], Mapping[str, Any]]:
    """Return the bodies of a crate ``sample`` and rustdoc's JSON of it; ``more``: arguments."""
    rustc, rustdoc = shutil.which("rustc"), shutil.which("rustdoc")
    if rustc is None or rustdoc is None:
        pytest.skip("no rustc")
    (directory / "lib.rs").write_text(source, encoding="utf-8")
    common = ("lib.rs", "--crate-name=sample", "--crate-type=lib", "--edition=2021", *more)
    env = {**os.environ, "RUSTC_BOOTSTRAP": "1"}
    for words in ([rustc, *common, *MIR, "-o", "text"], [rustdoc, *common, *RUSTDOC_JSON]):
        subprocess.run(words, cwd=directory, env=env, check=True)
    bodies = read_mir((directory / "text").read_text(encoding="utf-8"))
    with read_document(str(directory / "doc" / "sample.json")) as raw:
        return bodies, raw
