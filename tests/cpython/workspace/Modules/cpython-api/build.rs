//! Links the tests to a static libpython, where the build directory has one.
//!
//! `has_libpython` says so: tests that refer to the interpreter's symbols are behind it.

use std::env;
use std::fs;
use std::path::Path;

fn main() {
    println!("cargo::rustc-check-cfg=cfg(has_libpython)");
    println!("cargo::rerun-if-env-changed=PYTHON_BUILD_DIR");
    let manifest = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let build_dir = env::var("PYTHON_BUILD_DIR").unwrap_or_else(|_| format!("{manifest}/../.."));
    println!("cargo::rerun-if-changed={build_dir}/Makefile");
    let Some(library) = libpython(Path::new(&build_dir)) else {
        return;
    };
    println!("cargo::rerun-if-changed={build_dir}/{library}");
    println!("cargo::rustc-cfg=has_libpython");
    println!("cargo::rustc-link-arg-tests={build_dir}/{library}");
    println!("cargo::rustc-link-arg-tests=-rdynamic");
    for name in ["m", "dl", "util", "pthread"] {
        println!("cargo::rustc-link-arg-tests=-l{name}");
    }
}

fn libpython(directory: &Path) -> Option<String> {
    let names = fs::read_dir(directory).ok()?.flatten();
    let mut names = names.filter_map(|entry| entry.file_name().into_string().ok());
    names.find(|name| name.starts_with("libpython") && name.ends_with(".a"))
}
