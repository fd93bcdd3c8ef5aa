//! Passes on what cpython-sys found out about Python, and links tests to libpython.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(py_3_12, py_3_13, py_3_14, py_3_15, has_libpython)");

    // DEP_<links key of cpython-sys>_<name>: cargo sets them for the packages that depend on it.
    let minor: u32 = env::var("DEP_PYTHON_C_API_MINOR_VERSION")
        .ok()
        .and_then(|value| value.parse().ok())
        .expect("the build script of cpython-sys tells the version");
    for version in 12..=minor {
        println!("cargo::rustc-cfg=py_3_{version}");
    }

    // An extension module takes Python's symbols from the interpreter that loads it. macOS's
    // linker wants to be told so, for the module and for the tests that contain it.
    if env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "macos") {
        println!("cargo::rustc-link-arg=-Wl,-undefined,dynamic_lookup");
    }

    let libdir = env::var("DEP_PYTHON_C_API_LIBDIR");
    let library = env::var("DEP_PYTHON_C_API_LIBRARY");
    if let (true, Ok(libdir), Ok(library)) = (
        env::var_os("CARGO_FEATURE_EMBEDDED").is_some(),
        libdir,
        library,
    ) {
        println!("cargo::rustc-cfg=has_libpython");
        // Never for the cdylib: a second libpython in the process would be a second Python.
        println!("cargo::rustc-link-arg-tests={libdir}/{library}");
        if library.ends_with(".a") {
            // The interpreter is then in the program, and its own extension modules look there.
            println!("cargo::rustc-link-arg-tests=-rdynamic");
            for name in ["m", "dl", "util", "pthread"] {
                println!("cargo::rustc-link-arg-tests=-l{name}");
            }
        } else {
            println!("cargo::rustc-link-arg-tests=-Wl,-rpath,{libdir}");
        }
    }
}
