"""The few things that must be known of cargo's configuration files.

Format and order: https://doc.rust-lang.org/cargo/reference/config.html
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .files import read_toml, upwards
from .outputs import option_values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from .metadata import Workspace

__all__ = [
    "configuration_files",
    "configuration_names",
    "configuration_tables",
    "configured_environment",
    "configured_names",
    "configured_runner",
    "configured_target",
    "configured_wrapper",
    "runner_variable",
    "rustflags",
    "settings_files",
]


def configuration_files(
    environ: Mapping[str, str], directory: str, arguments: Sequence[str] = ()
) -> Iterator[str]:
    """Yield the configuration files that count in a directory, what wins first.

    Those that cargo's ``arguments`` name by ``--config``, then the nearest. Each is followed by
    what it includes: https://doc.rust-lang.org/cargo/reference/config.html#including-extra-configuration-files
    """
    typed = (os.path.join(directory, word) for word in option_values(arguments, "--config"))
    for path in (*filter(os.path.isfile, reversed([*typed])), *_found(environ, directory)):
        yield from _with_included(path, ())


def _with_included(path: str, around: Sequence[str]) -> Iterator[str]:
    """Yield a configuration file and those that it includes, the last of them first."""
    if path in around:
        return  # cargo refuses a circle
    yield path
    included = read_toml(path).get("include", ())
    for one in reversed(included if isinstance(included, list) else [included]):
        name = one.get("path") if isinstance(one, dict) else one
        if isinstance(name, str):
            inner = os.path.normpath(os.path.join(os.path.dirname(path), name))
            if os.path.isfile(inner):
                yield from _with_included(inner, (*around, path))


def configuration_names(environ: Mapping[str, str], directory: str) -> Iterator[list[str]]:
    """Yield what configuration may be called in each place for it, the nearest first.

    The first file of a place that is there counts.
    """
    home = os.path.join(directory, environ.get("CARGO_HOME") or os.path.expanduser("~/.cargo"))
    places = [os.path.join(above, ".cargo") for above in upwards(directory)]
    for place in dict.fromkeys([*places, home]):
        yield [os.path.join(place, name) for name in ("config", "config.toml")]


def _found(environ: Mapping[str, str], directory: str) -> Iterator[str]:
    """Yield the configuration files at and above a directory, the nearest first."""
    for names in configuration_names(environ, directory):
        yield from list(filter(os.path.isfile, names))[:1]


def settings_files(
    workspace: Workspace, environ: Mapping[str, str], arguments: Sequence[str] = ()
) -> list[str]:
    """Return where people say how cargo builds a workspace: manifests, and configuration files.

    ``arguments`` are cargo's own.
    """
    manifests = [package.manifest_path for package in workspace.packages]
    root = os.path.join(workspace.root, "Cargo.toml")
    found = [*manifests, root, *configuration_files(environ, workspace.root, arguments)]
    return list(dict.fromkeys(found))


def configuration_tables(
    environ: Mapping[str, str], directory: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what each configuration file says, after the directory that its paths start from."""
    for path in configuration_files(environ, directory):
        yield os.path.dirname(os.path.dirname(path)), read_toml(path)


def _words(value: object) -> list[str]:
    if isinstance(value, str):
        return value.split()
    return [str(word) for word in value] if isinstance(value, list) else []


def rustflags(environ: Mapping[str, str], directory: str) -> list[str]:
    """Return the flags that cargo passes to rustc for a workspace, in cargo's own order.

    The environment wins; then come the tables of targets, taken together, then ``[build]``.
    """
    encoded = environ.get("CARGO_ENCODED_RUSTFLAGS")
    if encoded is not None:
        return encoded.split("\x1f") if encoded else []
    if environ.get("RUSTFLAGS"):
        return environ["RUSTFLAGS"].split()
    of_targets: list[str] = []
    of_build: list[str] = []
    for _, raw in configuration_tables(environ, directory):
        tables = raw.get("target")
        for table in tables.values() if isinstance(tables, dict) else ():
            if isinstance(table, dict):
                of_targets += _words(table.get("rustflags"))
        build = raw.get("build")
        if isinstance(build, dict):
            of_build += _words(build.get("rustflags"))
    return of_targets or of_build


def configured_names(
    environ: Mapping[str, str], directory: str, arguments: Sequence[str]
) -> set[str]:
    """Return the variables that ``[env]`` may set, whether or not the shell wins."""
    files = (raw for _, raw in configuration_tables(environ, directory))
    tables = (raw.get("env") for raw in (*_config_arguments(arguments, directory), *files))
    return {name for table in tables if isinstance(table, dict) for name in table}


def configured_environment(environ: Mapping[str, str], directory: str) -> dict[str, str]:
    """Return what ``[env]`` sets for what cargo starts; the nearest file wins.

    See https://doc.rust-lang.org/cargo/reference/config.html#env
    """
    found: dict[str, str] = {}
    for base, raw in configuration_tables(environ, directory):
        table = raw.get("env")
        for name, entry in table.items() if isinstance(table, dict) else ():
            options = entry if isinstance(entry, dict) else {"value": entry}
            value = str(options.get("value", ""))
            if options.get("relative"):
                value = os.path.join(base, value)
            if name not in found and (options.get("force") or name not in environ):
                found[name] = value
    return found


def runner_variable(triple: str) -> str:
    """Return the name of the variable that holds a target's runner."""
    return f"CARGO_TARGET_{variable_part(triple).upper()}_RUNNER"


def target_name(target: str) -> str:
    """Return what a target is called, which may be a file with its specification."""
    return os.path.basename(target).removesuffix(".json")


def variable_part(name: str) -> str:
    """Return a target's name as a shell can have it in a variable's."""
    return name.replace("-", "_").replace(".", "_")


def read_cfg(lines: Iterable[str]) -> dict[str, str]:
    """Return what ``rustc --print cfg`` has said of a target: values by names."""
    pairs = (line.partition("=") for line in lines)
    return {name: value.strip('"') for name, _, value in pairs if name.startswith("target_")}


def configured_runner(
    environ: Mapping[str, str],
    directory: str,
    triple: str,
    arguments: Sequence[str],
    holds: Callable[[str], bool],
) -> tuple[str, ...]:
    """Return the program, with its arguments, that the user has put in front of executables.

    ``arguments`` are cargo's own (``--config`` wins), then comes the environment, then the files.
    ``holds`` tells of a ``cfg`` predicate, should a table stand under one, whether it does.
    See https://doc.rust-lang.org/cargo/reference/config.html#targettriplerunner
    """
    for raw in _config_arguments(arguments, directory):
        if found := _runner(raw, triple, holds, directory):
            return found
    if words := environ.get(runner_variable(triple), "").split():
        return _resolved(words, directory)
    for base, raw in configuration_tables(environ, directory):
        if found := _runner(raw, triple, holds, base):
            return found
    return ()


def configured_target(
    environ: Mapping[str, str], directory: str, arguments: Sequence[str]
) -> str | None:
    """Return the one target that the user has cargo build for; None if that is the host, or more.

    See https://doc.rust-lang.org/cargo/reference/config.html#buildtarget
    """
    for typed in option_values(arguments, "--target"):
        return typed
    named = environ.get("CARGO_BUILD_TARGET")
    tables = (raw for _, raw in configuration_tables(environ, directory))
    from_environ = ({"build": {"target": named}},) if named else ()
    for raw in (*_config_arguments(arguments, directory), *from_environ, *tables):
        build = raw.get("build")
        names = _words(build.get("target")) if isinstance(build, dict) else []
        if names:
            return str(names[0]) if len(names) == 1 else None
    return None


def configured_wrapper(environ: Mapping[str, str], directory: str) -> str:
    """Return the program that the user has put in front of rustc (sccache, say), or "".

    See https://doc.rust-lang.org/cargo/reference/config.html#buildrustc-wrapper
    """
    for name in ("RUSTC_WRAPPER", "CARGO_BUILD_RUSTC_WRAPPER"):
        if name in environ:
            return environ[name]
    for base, raw in configuration_tables(environ, directory):
        table = raw.get("build")
        if isinstance(table, dict) and table.get("rustc-wrapper"):
            return _resolved([str(table["rustc-wrapper"])], base)[0]
    return ""


def _config_arguments(words: Sequence[str], directory: str) -> Iterator[dict[str, Any]]:
    """Yield what each ``--config`` among cargo's arguments sets, or its file, the last first."""
    for value in reversed(list(option_values(words, "--config"))):
        path = os.path.join(directory, value)
        if os.path.isfile(path):
            yield from map(read_toml, _with_included(path, ()))
            continue
        import tomllib

        try:
            yield tomllib.loads(value)
        except ValueError:
            continue


def _runner(
    raw: Mapping[str, Any], triple: str, holds: Callable[[str], bool], base: str
) -> tuple[str, ...]:
    tables = raw.get("target")
    if not isinstance(tables, dict):
        return ()
    own = tables.get(triple)
    if isinstance(own, dict) and own.get("runner"):
        return _resolved(_words(own["runner"]), base)
    for key, table in tables.items():
        runner = table.get("runner") if isinstance(table, dict) else None
        if not runner or not key.startswith("cfg(") or not key.endswith(")"):
            continue
        if holds(key.removeprefix("cfg(").removesuffix(")")):
            return _resolved(_words(runner), base)
    return ()


def _resolved(words: list[str], base: str) -> tuple[str, ...]:
    """Return a command; a program named by a relative path is one below ``base``."""
    program = os.path.join(base, words[0]) if os.sep in words[0] else words[0]
    return (program, *words[1:])
