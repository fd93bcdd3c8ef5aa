//! Passes on to rustc how CPython links its modules.

use std::env;

/// Prints the arguments for the linker that CPython's Makefile asks for, for a module's cdylib.
///
/// - `RUST_SHARED_BUILD`: `1` if modules are shared libraries
/// - `BLDSHARED_EXE`, `BLDSHARED_ARGS`: how the Makefile links one
/// - `LIBPYTHON`: what a module must be linked to, on systems that ask for it
pub fn print_linker_args() {
    let shared = variable("RUST_SHARED_BUILD") == "1";
    // The first word of the command is the linker itself.
    let command = words("BLDSHARED_EXE");
    let arguments = words("BLDSHARED_ARGS");
    let library = words("LIBPYTHON");
    if shared {
        for argument in command.iter().skip(1).chain(&arguments).chain(&library) {
            println!("cargo::rustc-cdylib-link-arg={argument}");
        }
    }
    if env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "macos") {
        println!("cargo::rustc-link-arg=-Wl,-undefined,dynamic_lookup");
    }
}

fn variable(name: &str) -> String {
    println!("cargo::rerun-if-env-changed={name}");
    env::var(name).unwrap_or_default()
}

fn words(name: &str) -> Vec<String> {
    let value = variable(name);
    shlex::split(&value).unwrap_or_else(|| panic!("{name} has an unbalanced quote: {value}"))
}
