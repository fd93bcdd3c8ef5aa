"""A committed header that cbindgen writes: it is up to date, and goes with Python's own.

See https://github.com/mozilla/cbindgen/blob/master/docs.md
"""

from __future__ import annotations

import difflib
import os
import shutil
import tomllib
from typing import TYPE_CHECKING, Final

from ...case import Location, Verdict
from ..abi.compiler import CompilerError, include_name
from ..abi.headers import HeaderSource
from ..abi.metadata import AbiTable
from .running import run_to_end

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...cargo import Package
    from ..context import BuildContext

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
            message=f"package.metadata.cpython-sys.cbindgen: there is no {header}: write it with "
            f"`{_command(package, header)}`",
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
        return Verdict("skipped", message="no cbindgen: install it (`cargo install cbindgen`)")
    words = [program, "--quiet", "--crate", package.name]
    if os.path.isfile(os.path.join(package.root, _CONFIGURATION)):
        words += ["--config", _CONFIGURATION]
    argv = [*words, "--verify", "--output", header]
    done = run_to_end(argv, cwd=package.root, env=env, limit=_LIMIT)
    if done.exit_code == 0 and not done.expired:
        return None
    written = run_to_end(words, cwd=package.root, env=env, limit=_LIMIT)
    if written.exit_code or written.expired:
        said = written.stderr or written.how
        return Verdict("error", message=f"cbindgen cannot read {package.name}:\n{said}")
    lines = list(_difference(os.path.join(package.root, header), written.stdout))
    heading = f"{header} is not what cbindgen writes now: `{_command(package, header)}`"
    return Verdict("failed", message="\n".join([heading, *lines]))


def _difference(path: str, text: str) -> Iterator[str]:
    with open(path, encoding="utf-8", errors="replace") as file:
        old = file.read().strip("\n").splitlines()
    found = difflib.unified_diff(
        old, text.strip("\n").splitlines(), "committed", "cbindgen", n=1, lineterm=""
    )
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
        return Verdict("skipped", message="no Python is known, whose headers it could go with")
    compiler = HeaderSource(package, path, AbiTable(), explicit=True).compiler(context)
    work = os.path.join(
        context.build.workspace.root,
        context.options.target_dir or context.build.workspace.target_directory,
        "cpython-sys-cache",
        "cbindgen",
    )
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
    message = f"it does not compile beside Python.h\n{done.stderr or done.how}"
    return Verdict("failed", message=message, location=Location(path, 1))


def _language(package: Package) -> str:
    """Return the ending of a source file in the header's language; cbindgen's default is C++."""
    try:
        with open(os.path.join(package.root, _CONFIGURATION), "rb") as file:
            language = str(tomllib.load(file).get("language", "C++"))
    except (OSError, ValueError):
        language = "C++"
    return "c" if language.lower() == "c" else "cc"
