"""The projects that are timed: crates with many tests, and as many items that do nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

FLOOR = """
import pytest

class Nothing(pytest.Item):
    def runtest(self):
        pass

class Many(pytest.File):
    def collect(self):
        for number in range({count}):
            yield Nothing.from_parent(self, name=f"bindgen_test_layout_Type{{number}}")

def pytest_collect_file(file_path, parent):
    if file_path.name == "many.txt":
        return Many.from_parent(parent, path=file_path)
"""

TYPE = """#[repr(C)]
pub struct Type{n} {{
    pub a: u32,
    pub b: u64,
    pub c: [u8; 5],
}}
"""
CONST = """#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {{
    ["Size of Type{n}"][::std::mem::size_of::<Type{n}>() - 24usize];
    ["Alignment of Type{n}"][::std::mem::align_of::<Type{n}>() - 8usize];
    ["Offset of field: Type{n}::a"][::std::mem::offset_of!(Type{n}, a) - 0usize];
    ["Offset of field: Type{n}::b"][::std::mem::offset_of!(Type{n}, b) - 8usize];
    ["Offset of field: Type{n}::c"][::std::mem::offset_of!(Type{n}, c) - 16usize];
}};
"""
OLD = """#[test]
fn bindgen_test_layout_Type{n}() {{
    assert_eq!(::std::mem::size_of::<Type{n}>(), 24usize, "Size of Type{n}");
    assert_eq!(::std::mem::align_of::<Type{n}>(), 8usize, "Alignment of Type{n}");
}}
"""
TRIVIAL = "#[test] fn t{n}() {{}}\n"
SLEEPING = "#[test] fn s{n}() {{ std::thread::sleep(std::time::Duration::from_millis(100)) }}\n"
# A hook around each phase is somebody who takes part: items then go the ordinary way.
ORDINARY = "def pytest_runtest_setup(item):\n    pass\n"

MANIFEST = '[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n'


def _write(directory: Path, name: str, source: str) -> Path:
    root = directory / name
    (root / "src").mkdir(parents=True)
    (root / "Cargo.toml").write_text(MANIFEST.format(name=name))
    (root / "src" / "lib.rs").write_text(source)
    return root


def make_crate(directory: Path, name: str, count: int, layout: str) -> Path:
    """Write a crate with ``count`` layout tests."""
    source = "".join((TYPE + layout).format(n=number) for number in range(count))
    return _write(directory, f"{name}{count}", "#![allow(non_snake_case)]\n" + source)


def trivial_crate(
    directory: Path, name: str, count: int, more: str = "", test: str = TRIVIAL
) -> Path:
    """Write a crate with ``count`` unit tests that do nothing, or what ``test`` does."""
    tests = "".join(test.format(n=number) for number in range(count))
    return _write(directory, f"{name}{count}", f"#[cfg(test)] mod tests {{\n{tests}{more}}}\n")


def make_floor(directory: Path, count: int) -> Path:
    """Write a project with ``count`` do-nothing items."""
    root = directory / f"floor{count}"
    root.mkdir(parents=True, exist_ok=True)
    (root / "conftest.py").write_text(FLOOR.format(count=count))
    (root / "many.txt").touch()
    return root


def ordinary(root: Path) -> Path:
    """Add a conftest that takes part in how items run; return the project."""
    with (root / "conftest.py").open("a") as file:
        file.write(ORDINARY)
    return root


def copy(root: Path, name: str) -> Path:
    """Return a copy of a project beside it; build outputs are its own."""
    ignored = shutil.ignore_patterns("target", "__pycache__")
    return Path(shutil.copytree(root, root.parent / name, ignore=ignored))
