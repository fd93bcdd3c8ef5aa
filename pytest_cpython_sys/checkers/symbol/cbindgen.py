"""A committed header that cbindgen writes: which must be up to date and fit Python's.

See https://github.com/mozilla/cbindgen/blob/master/docs.md
"""

from __future__ import annotations

import difflib
import os
import shutil
import tempfile
from typing import TYPE_CHECKING, Final

from ...c.compiler import CompilerError, include_name
from ...c.headers import HeaderSource
from ...cargo import read_toml
from ...cargo.run_program import run_to_end
from ...case import Location, Verdict
from ...rust.tables.abi import AbiTable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...cargo import Package
    from ...rust.context import BuildContext

__all__ = ["check_header"]

_LIMIT: Final = 300.0
"""Seconds for cbindgen, and for the C compiler."""
_SHOWN: Final = 40
_CONFIGURATION: Final = "cbindgen.toml"


def check_header(context: BuildContext, package: Package, header: str) -> Verdict:
    """Return whether a header (relative to the package) is what cbindgen writes now."""
    path = os.path.normpath(os.path.join(package.root, header))
    if not os.path.isfile(path):
        return Verdict(
            "failed",
            message=f"`cbindgen`: {header} does not exist: write it "
            f"with `{_command(package, header)}`",
        )
    try:
        stale = _stale(context, package, header)
        return stale or _clash(context, package, path) or Verdict("passed")
    except (CompilerError, OSError) as error:
        return Verdict("error", message=str(error))


def _command(package: Package, header: str) -> str:
    return f"cbindgen --crate {package.name} --output {header}"


def _stale(context: BuildContext, package: Package, header: str) -> Verdict | None:
    """Return a verdict if the header is another one than cbindgen's. Raises OSError."""
    env = {**context.build.environment, "CARGO": context.cargo.program_path}
    if "--offline" in context.options.extra:
        env["CARGO_NET_OFFLINE"] = "true"
    program = shutil.which("cbindgen", path=env.get("PATH"))
    if program is None:
        how = "cbindgen is not installed: run `cargo install cbindgen`"
        return Verdict("error", message=f"not evaluated: {how}")
    with tempfile.TemporaryDirectory(prefix="cpython-sys-") as directory:
        # `--verify` writes the file, too.
        copy = os.path.join(directory, os.path.basename(header))
        shutil.copyfile(os.path.join(package.root, header), copy)
        argv = [program, "--quiet", "--crate", package.name, "--verify", "--output", copy]
        if os.path.isfile(os.path.join(package.root, _CONFIGURATION)):
            argv += ["--config", _CONFIGURATION]
        done = run_to_end(argv, cwd=package.root, env=env, limit=_LIMIT)
        if done.exit_code == 0 and not done.expired:
            return None
        lines = list(_difference(os.path.join(package.root, header), copy))
    if not lines:
        said = done.stderr or done.how
        return Verdict("error", message=f"cbindgen failed for the package {package.name}:\n{said}")
    heading = f"{header} is out of date: update it with `{_command(package, header)}`"
    return Verdict("failed", message="\n".join([heading, *lines]))


def _difference(old: str, new: str) -> Iterator[str]:
    """Yield the lines in which two files differ. Raises OSError."""
    texts = []
    for path in (old, new):
        with open(path, encoding="utf-8", errors="replace") as file:
            texts.append(file.read().splitlines())
    found = difflib.unified_diff(texts[0], texts[1], "committed", "cbindgen", n=1, lineterm="")
    for number, line in enumerate(found):
        if number == _SHOWN:
            yield "    ..."
            return
        yield f"    {line}"


def _clash(context: BuildContext, package: Package, path: str) -> Verdict | None:
    """Return a verdict if C does not take the header beside Python's own.

    Raises CompilerError, OSError.
    """
    if context.interpreter is None:
        return Verdict(
            "error",
            message="not evaluated: no Python was found with whose Python.h to compile the header: "
            "choose one with --cpython-sys-python=PATH",
        )
    compiler = HeaderSource(package, path, AbiTable(), explicit=True).compiler(context)
    target = context.options.directory(context.build.workspace)
    work = os.path.join(target, "cpython-sys-cache", "cbindgen")
    os.makedirs(work, exist_ok=True)
    source = os.path.join(work, f"{package.name}.{_language(package)}")
    with open(source, "w", encoding="utf-8") as file:
        file.write(f'#include <Python.h>\n#include "{include_name(path)}"\n')
    argv = [*compiler.argv, *compiler.flags, "-w", "-fsyntax-only", source]
    env = {**compiler.environ, "LC_ALL": "C"}
    try:
        done = run_to_end(argv, cwd=compiler.directory, env=env, limit=_LIMIT)
    except OSError as error:
        raise CompilerError(f"no C compiler: {argv[0]}: {error.strerror}") from None
    if done.exit_code == 0 and not done.expired:
        return None
    name = os.path.basename(path)
    message = f"{name} does not compile together with Python.h\n{done.stderr or done.how}"
    return Verdict("failed", message=message, location=Location(path, 1))


def _language(package: Package) -> str:
    """Return the ending of a source file in the header's language; cbindgen's default is C++."""
    configuration = read_toml(os.path.join(package.root, _CONFIGURATION))
    return "c" if str(configuration.get("language")).lower() == "c" else "cc"
