//! Makes the bindings from the headers of the source tree that this crate stands in.
//!
//! CPython's Makefile says how they are to be read:
//!
//! - `PYTHON_BUILD_DIR`: the directory of `pyconfig.h`; without it, the source tree
//! - `PY_CC`, `PY_CPPFLAGS`, `PY_CFLAGS`: how C code is compiled
//! - `LLVM_TARGET`: clang's name for the target, where it is not Rust's

use std::env;
use std::fs;
use std::path::PathBuf;

fn variable(name: &str) -> Option<String> {
    println!("cargo::rerun-if-env-changed={name}");
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn main() {
    let manifest = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let tree = manifest
        .ancestors()
        .nth(2)
        .expect("it stands below Modules/");
    let build_dir = variable("PYTHON_BUILD_DIR").map_or_else(|| tree.to_owned(), PathBuf::from);
    let pyconfig = build_dir.join("pyconfig.h");
    let Ok(configured) = fs::read_to_string(&pyconfig) else {
        panic!(
            "no pyconfig.h in {}: run ./configure there",
            build_dir.display()
        );
    };
    println!("cargo::rerun-if-changed={}", pyconfig.display());

    println!("cargo::rustc-check-cfg=cfg(py_gil_disabled)");
    if configured.contains("#define Py_GIL_DISABLED 1") {
        println!("cargo::rustc-cfg=py_gil_disabled");
    }

    // The build directory comes first: the sources may have a pyconfig.h of another build.
    let mut arguments = vec!["-w".to_owned(), format!("-I{}", build_dir.display())];
    arguments.extend(compiler_flags());
    for directory in [tree, &tree.join("Include")] {
        arguments.push(format!("-I{}", directory.display()));
    }
    if let Some(target) = variable("LLVM_TARGET") {
        arguments.push(format!("--target={target}"));
    }
    generate(&arguments);
}

/// Returns what the compiler's flags say about what a header means.
fn compiler_flags() -> Vec<String> {
    let mut kept = Vec::new();
    for name in ["PY_CC", "PY_CPPFLAGS", "PY_CFLAGS"] {
        let value = variable(name).unwrap_or_default();
        let words = shlex::split(&value).unwrap_or_else(|| panic!("{name}: {value}"));
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            if ["-isysroot", "--sysroot"].contains(&word.as_str()) {
                kept.push(word);
                kept.extend(words.next());
            } else if ["-I", "-D", "-isystem", "--sysroot="]
                .iter()
                .any(|p| word.starts_with(p))
            {
                kept.push(word);
            }
        }
    }
    kept
}

fn generate(arguments: &[String]) {
    let out_dir = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it"));
    bindgen::Builder::default()
        .header("wrapper.h")
        .clang_args(arguments)
        .allowlist_function("_?Py.*")
        .allowlist_type("_?Py.*")
        .allowlist_var("_?Py.*")
        // Written by hand in src/lib.rs.
        .blocklist_type("PyObject")
        .blocklist_type("PyMethodDef")
        .wrap_unsafe_ops(true)
        .rust_edition(bindgen::RustEdition::Edition2024)
        .formatter(bindgen::Formatter::Prettyplease)
        .parse_callbacks(Box::new(bindgen::CargoCallbacks::new()))
        .generate()
        .unwrap_or_else(|error| panic!("bindgen cannot read the headers: {error}"))
        .write_to_file(out_dir.join("c_api.rs"))
        .expect("OUT_DIR is writable");
}
