//! Generates the bindings from the headers of the target Python.
//!
//! CPython's Makefile, and pytest-cpython-sys, tell which Python that is:
//!
//! - `PYTHON_BUILD_DIR`: the directory of `pyconfig.h`
//! - `PY_CC`, `PY_CPPFLAGS`, `PY_CFLAGS`: how its C code is compiled
//! - `PY_GIL_DISABLED`: `1` for the free-threaded layouts
//! - `LLVM_TARGET`: clang's name for the target, where it is not Rust's
//!
//! Without `PYTHON_BUILD_DIR` it is the `python3` on the path that is asked, so that a plain
//! `cargo test` works.

use std::collections::HashMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Prints the variables above as `NAME=value`, and the directory of libpython.
const QUESTION: &str = r#"
import os, sysconfig
paths = {sysconfig.get_path("include"), sysconfig.get_path("platinclude")}
print("PYTHON_BUILD_DIR", os.path.dirname(sysconfig.get_config_h_filename()), sep="=")
print("PY_CPPFLAGS", " ".join(f"'-I{path}'" for path in sorted(paths)), sep="=")
print("PY_CC", sysconfig.get_config_var("CC") or "", sep="=")
print("PY_CFLAGS", sysconfig.get_config_var("CFLAGS") or "", sep="=")
print("PY_GIL_DISABLED", sysconfig.get_config_var("Py_GIL_DISABLED") or "", sep="=")
print("LIBDIR", sysconfig.get_config_var("LIBDIR") or "", sep="=")
"#;

/// The versions whose `PyObject_HEAD_INIT` is written down in src/lib.rs.
const MINOR_VERSIONS: std::ops::RangeInclusive<u32> = 11..=15;

fn main() {
    let settings = Settings::read();
    let build_dir = PathBuf::from(settings.get("PYTHON_BUILD_DIR"));
    let pyconfig = build_dir.join("pyconfig.h");
    let Ok(configured) = fs::read_to_string(&pyconfig) else {
        panic!(
            "no pyconfig.h in {}: run ./configure there, or set PYTHON_BUILD_DIR to the \
             directory that has it",
            build_dir.display()
        );
    };
    println!("cargo::rerun-if-changed={}", pyconfig.display());

    let flags = Flags::new(&settings, &build_dir);
    let minor = minor_version(flags.header_dir());
    assert!(
        MINOR_VERSIONS.contains(&minor),
        "the headers are those of Python 3.{minor}, this example knows 3.{} to 3.{}: \
         add that version's PyObject_HEAD_INIT to src/lib.rs",
        MINOR_VERSIONS.start(),
        MINOR_VERSIONS.end(),
    );
    let configured_without_gil = defines(&configured, "Py_GIL_DISABLED");
    let gil_disabled = configured_without_gil || settings.get("PY_GIL_DISABLED") == "1";
    assert!(
        !gil_disabled || minor >= 13,
        "PY_GIL_DISABLED is set, but Python 3.{minor} has no free-threaded build"
    );

    let mut arguments = flags.arguments;
    if gil_disabled && !configured_without_gil {
        arguments.push("-DPy_GIL_DISABLED=1".to_owned());
    }
    generate(arguments);

    println!("cargo::rustc-check-cfg=cfg(py_3_12, py_3_13, py_3_14, py_3_15, py_gil_disabled)");
    for version in 12..=minor {
        println!("cargo::rustc-cfg=py_3_{version}");
    }
    if gil_disabled {
        println!("cargo::rustc-cfg=py_gil_disabled");
    }

    // For the build scripts of dependents.
    println!("cargo::metadata=MINOR_VERSION={minor}");
    let free_threaded = if gil_disabled { "t" } else { "" };
    let debug = if defines(&configured, "Py_DEBUG") {
        "d"
    } else {
        ""
    };
    let stem = format!("libpython3.{minor}{free_threaded}{debug}");
    if let Some((directory, name)) = find_libpython(&stem, &settings, &build_dir) {
        println!("cargo::metadata=LIBDIR={}", directory.display());
        println!("cargo::metadata=LIBRARY={name}");
    }
}

/// The environment, and behind it the answers of `python3`.
struct Settings {
    answers: HashMap<String, String>,
}

impl Settings {
    fn read() -> Self {
        let answers = if variable("PYTHON_BUILD_DIR").is_some() {
            HashMap::new()
        } else {
            ask("python3")
        };
        Self { answers }
    }

    /// An empty value is as good as none.
    fn get(&self, name: &str) -> String {
        variable(name)
            .or_else(|| self.answers.get(name).cloned())
            .unwrap_or_default()
    }
}

fn variable(name: &str) -> Option<String> {
    println!("cargo::rerun-if-env-changed={name}");
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn ask(python: &str) -> HashMap<String, String> {
    let output = Command::new(python).args(["-c", QUESTION]).output();
    match output {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        Ok(output) => panic!(
            "{python} did not tell where its headers are: set PYTHON_BUILD_DIR to the directory \
             of pyconfig.h\n{}",
            String::from_utf8_lossy(&output.stderr)
        ),
        Err(error) => panic!(
            "{python} cannot be started ({error}): set PYTHON_BUILD_DIR to the directory of \
             pyconfig.h"
        ),
    }
}

/// What clang needs to see the headers as the C compiler does.
struct Flags {
    include_dirs: Vec<PathBuf>,
    arguments: Vec<String>,
}

impl Flags {
    fn new(settings: &Settings, build_dir: &Path) -> Self {
        // The build directory comes first: its pyconfig.h is the right one, even where the sources
        // have another, from a build in place.
        let mut include_dirs = vec![build_dir.to_owned(), build_dir.join("Include")];
        let mut kept = Vec::new();
        for name in ["PY_CC", "PY_CPPFLAGS", "PY_CFLAGS"] {
            let value = settings.get(name);
            let Some(words) = shlex::split(&value) else {
                panic!("{name} has an unbalanced quote: {value}");
            };
            // The rest of a compiler's flags (optimisation, warnings) does not change what a
            // header means, and clang does not know all that gcc knows.
            let mut words = words.into_iter();
            while let Some(word) = words.next() {
                match word.as_str() {
                    "-I" => include_dirs.extend(words.next().map(|path| build_dir.join(path))),
                    "-D" | "-U" | "-isystem" | "-isysroot" | "--sysroot" => {
                        kept.push(word);
                        kept.extend(words.next());
                    }
                    "-m32" | "-m64" => kept.push(word),
                    _ if word.starts_with("-I") => include_dirs.push(build_dir.join(&word[2..])),
                    _ if ["-D", "-U", "-isystem", "-isysroot", "--sysroot="]
                        .iter()
                        .any(|prefix| word.starts_with(prefix)) =>
                    {
                        kept.push(word);
                    }
                    _ => {}
                }
            }
        }
        // The internal headers include one another by their bare names, and mimalloc's too.
        for directory in include_dirs.clone() {
            include_dirs.push(directory.join("internal"));
            include_dirs.push(directory.join("internal/mimalloc"));
        }
        include_dirs.retain(|directory| directory.is_dir());

        let mut arguments: Vec<String> = include_dirs
            .iter()
            .map(|directory| format!("-I{}", directory.display()))
            .collect();
        arguments.extend(kept);
        let target = settings.get("LLVM_TARGET");
        if !target.is_empty() {
            arguments.push(format!("--target={target}"));
        }
        Self {
            include_dirs,
            arguments,
        }
    }

    fn header_dir(&self) -> &Path {
        self.include_dirs
            .iter()
            .find(|directory| directory.join("Python.h").is_file())
            .unwrap_or_else(|| {
                panic!(
                    "Python.h not found in any of {:?}: install Python's headers, or name their \
                     directory in PY_CPPFLAGS",
                    self.include_dirs
                )
            })
    }
}

fn minor_version(header_dir: &Path) -> u32 {
    let path = header_dir.join("patchlevel.h");
    let text = fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    text.lines()
        .find_map(|line| line.strip_prefix("#define PY_MINOR_VERSION"))
        .and_then(|value| value.trim().parse().ok())
        .unwrap_or_else(|| panic!("no PY_MINOR_VERSION in {}", path.display()))
}

fn defines(pyconfig: &str, name: &str) -> bool {
    let line = format!("#define {name} 1");
    pyconfig.lines().any(|found| found.trim_end() == line)
}

fn generate(arguments: Vec<String>) {
    let out_dir = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    bindgen::Builder::default()
        .header("wrapper.h")
        // A deprecated declaration in a header is no news here.
        .clang_arg("-w")
        .clang_args(arguments)
        .allowlist_function("_?Py.*")
        .allowlist_type("_?Py.*")
        .allowlist_var("_?Py.*")
        // Written by hand in src/lib.rs, which says why.
        .blocklist_type("PyObject")
        .blocklist_type("PyMethodDef")
        .blocklist_type("_Py_SourceLocation")
        // One block of assertions for each type. It is the default; this crate is about it.
        .layout_tests(true)
        .derive_debug(false)
        .wrap_unsafe_ops(true)
        .rust_edition(bindgen::RustEdition::Edition2024)
        .formatter(bindgen::Formatter::Prettyplease)
        .parse_callbacks(Box::new(bindgen::CargoCallbacks::new()))
        .generate()
        .unwrap_or_else(|error| panic!("bindgen cannot read the headers: {error}"))
        .write_to_file(out_dir.join("c_api.rs"))
        .expect("OUT_DIR is writable");
}

/// Finds the library that a program needs to embed Python: its directory and its name.
///
/// An extension module does without, as the interpreter that loads it has all the symbols.
fn find_libpython(stem: &str, settings: &Settings, build_dir: &Path) -> Option<(PathBuf, String)> {
    let mut directories = vec![build_dir.to_owned()];
    directories.extend(settings.answers.get("LIBDIR").map(PathBuf::from));
    // An installed pyconfig.h is in PREFIX/include/python3.X.
    if let Some(prefix) = build_dir.ancestors().nth(2) {
        let arch = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
        directories.extend(
            ["lib", "lib64", &format!("lib/{arch}-linux-gnu")].map(|name| prefix.join(name)),
        );
    }
    for directory in directories {
        for suffix in ["so", "dylib", "a"] {
            let name = format!("{stem}.{suffix}");
            if directory.join(&name).is_file() {
                return Some((directory, name));
            }
        }
    }
    None
}
