"""A crate called cpython-sys that needs no bindgen: it builds in a second.

Its build script insists on all that the plugin has to give to the crates of a checkout.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from .conftest import Checkout

__all__ = ["make_small"]

_BUILD = """\
fn main() {
    for name in [
        "PYTHON_BUILD_DIR", "PY_CC", "PY_CPPFLAGS", "PY_CFLAGS",
        "RUST_SHARED_BUILD", "BLDSHARED_EXE", "BLDSHARED_ARGS", "LIBPYTHON",
    ] {
        println!("cargo::rerun-if-env-changed={name}");
        let value = std::env::var(name).unwrap_or_else(|_| panic!("no {name}"));
        println!("cargo::rustc-env=SEEN_{name}={value}");
    }
    let gil = std::env::var("PY_GIL_DISABLED").unwrap_or_default();
    let debug = std::env::var("PY_DEBUG").unwrap_or_default();
    println!("cargo::rustc-env=SEEN_FLAVOUR={gil},{debug}");
}
"""
_LIBRARY = """\
#[cfg(test)]
mod tests {
    #[test]
    fn seen() {
        let directory = env!("SEEN_PYTHON_BUILD_DIR");
        assert!(std::path::Path::new(directory).join("pyconfig.h").is_file());
        assert_eq!(env!("SEEN_RUST_SHARED_BUILD"), "1");
        println!("built in {directory}, flavour {}", env!("SEEN_FLAVOUR"));
    }
}
"""


def make_small(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the small crate into a checkout, instead of the workspace."""
    target = checkout.path.parent / f"{checkout.path.name}-small"
    monkeypatch.setenv("CARGO_TARGET_DIR", str(target))
    for manifest in checkout.path.glob("Modules/*/Cargo.toml"):
        shutil.rmtree(manifest.parent)
    checkout.write("Cargo.toml", '[workspace]\nresolver = "3"\nmembers = ["Modules/cpython-sys"]\n')
    (checkout.path / "Cargo.lock").unlink()
    checkout.write(
        "Modules/cpython-sys/Cargo.toml",
        '[package]\nname = "cpython-sys"\nversion = "0.1.0"\nedition = "2024"\n'
        "[lib]\ndoctest = false\n",
    )
    checkout.write("Modules/cpython-sys/build.rs", _BUILD)
    checkout.write("Modules/cpython-sys/src/lib.rs", _LIBRARY)
