"""Which C compiler speaks for a target: one that makes code for that very machine.

``CC_<target>``, as the ``cc`` crate has it, then the compiler of the target Python, then gcc's
cross compiler, then clang. Each is asked for its machine. One that was named and makes code for
another machine is an error; others are passed by. Where nobody has named a target, all is for the
machine itself, and the compiler of the target Python is taken unless ``CC_<target>`` names one. See
https://docs.rs/cc/latest/cc/#external-configuration-via-environment-variables
"""

from __future__ import annotations

import os.path
import shlex
import shutil
import tempfile
from typing import TYPE_CHECKING, Final

from ..cargo import CargoError, configured_environment, stamp, target_name, variable_part
from ..late import dataclass
from .compiler import CompilerError, run_tool
from .header_trouble import first_problem, foreign_python
from .machine import LIBRARY_SOURCE, foreign_configuration, parse_cfg, read_macros

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..cargo import Cargo, Workspace
    from ..python.interpreter import Interpreter
    from .machine import Machine

__all__ = [
    "Choice",
    "TargetCompilerError",
    "choose_compiler",
    "refuse_foreign_headers",
    "refuse_other_machine",
]

# How Rust's triples begin, and gcc's.
_GCC_NAMES: Final = (
    ("riscv64gc-", "riscv64-"),
    ("riscv32gc-", "riscv32-"),
    ("armv7-", "arm-"),
    ("thumbv7neon-", "arm-"),
    ("arm-", "arm-"),
    ("i586-", "i686-"),
)
_KNOWN: Final[dict[object, str | None]] = {}
"""What compilers have said of their machine; a program that was replaced is another one."""
_VENDORS: Final = ("-unknown-", "-pc-", "-none-")


class TargetCompilerError(CompilerError):
    """What C would say is not about the target: of its compiler, or of Python's headers.

    ``brief`` is what a header line has room for.
    """

    def __init__(self, message: str, brief: str = "") -> None:
        super().__init__(message)
        self.brief = brief or message


@dataclass(frozen=True)
class Choice:
    """A compiler, and where it comes from."""

    argv: tuple[str, ...]
    origin: str
    """In words: ``$CC_aarch64_unknown_linux_gnu``."""
    is_pythons: bool
    """Whether the target Python was compiled with it: then its flags are for it, too."""
    named: bool = False
    """The user has named it: it counts, or nothing does."""

    def describe(self) -> str:
        """Return one phrase for a header line."""
        return f"{shlex.join(self.argv)} ({self.origin})"


def choose_compiler(
    cargo: Cargo,
    workspace: Workspace,
    target: str | None,
    python: Interpreter | None,
    environ: Mapping[str, str],
) -> Choice:
    """Return the C compiler for a target; ``target`` is None where nobody has named one.

    Raises CompilerError.
    """
    environ = {**environ, **configured_environment(environ, workspace.root)}
    own = _of_python(python)
    name = target_name(target or cargo.toolchain.host)
    named = _named(name, environ)
    if target is None and named is None:
        return _there(own, name, environ)
    try:
        machine = parse_cfg(cargo.target_cfg(workspace, target or name))
    except CargoError as error:
        raise TargetCompilerError(str(error)) from None
    tried: list[str] = []
    candidates = (named,) if named is not None else (own, *_cross_compilers(name, machine))
    for candidate in candidates:
        argv = candidate.argv
        flags = python.cflags if python is not None and candidate is own else ()
        trouble = _trouble(candidate, flags, workspace.root, machine, environ)
        if trouble is None:
            return candidate
        if candidate.named:
            words = f"{candidate.origin} is set to {shlex.join(argv)}, {trouble}"
            cure = f"set it to a C compiler for {name}{_example(machine)}"
            raise TargetCompilerError(f"{words}: {cure}", words)
        tried.append(f"{shlex.join(argv)} ({candidate.origin}), {trouble}")
    cure = f"set {_variable(name)} to one{_example(machine)}"
    raise TargetCompilerError(
        f"no C compiler for {name} was found. Tried: {'; '.join(dict.fromkeys(tried))}. "
        f"Install one, or {cure}",
        f"install one, or {cure}",
    )


def _example(machine: Machine) -> str:
    return f', for example "python -m ziglang cc -target {machine.zig}" (pip install ziglang)'


def _variable(name: str) -> str:
    """Return which variable names a target's compiler, as a shell can set it."""
    return f"$CC_{variable_part(name)}"


def _there(own: Choice, name: str, environ: Mapping[str, str]) -> Choice:
    """Return the compiler for the machine itself if there is one. Raises CompilerError."""
    if own.argv and shutil.which(own.argv[0], path=environ.get("PATH")) is not None:
        return own
    whose, other = "", ""
    if own.is_pythons:
        whose = ", which compiled this Python,"
        other = ", or select another Python with --cpython-sys-python"
    raise CompilerError(
        f"no C compiler: {own.argv[0] if own.argv else 'cc'}{whose} was not found: install "
        f"one (apt-get install gcc), or set {_variable(name)} to another one{other}"
    )


def _named(name: str, environ: Mapping[str, str]) -> Choice | None:
    for variable in (f"CC_{name}", _variable(name).removeprefix("$")):
        value = environ.get(variable, "").strip()
        if value:
            words = _words(value, environ)
            return Choice(words, f"${variable}", is_pythons=False, named=True)
    return None


def _words(value: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return a command; a path with blanks in it is one word, as it is to the ``cc`` crate."""
    if shutil.which(value, path=environ.get("PATH")) is not None:
        return (value,)
    try:
        return tuple(shlex.split(value))
    except ValueError:
        return tuple(value.split())


def _of_python(python: Interpreter | None) -> Choice:
    if python is None:
        return Choice(("cc",), "the system's", is_pythons=False)
    return Choice(python.cc, f"the compiler of {python.describe()}", is_pythons=True)


def _cross_compilers(name: str, machine: Machine) -> Iterator[Choice]:
    triples = [name]
    for vendor in _VENDORS:
        triples += [triple.replace(vendor, "-", 1) for triple in triples if vendor in triple]
    for old, new in _GCC_NAMES:
        triples += [new + triple.removeprefix(old) for triple in triples if triple.startswith(old)]
    if machine.system == "windows" and machine.library == "gnu":
        triples.append(f"{name.partition('-')[0]}-w64-mingw32")
    for triple in dict.fromkeys(triples):
        yield Choice((f"{triple}-gcc",), "gcc's cross compiler", is_pythons=False)
    # What stands behind the architecture's name in Rust are extensions, which change no layout.
    clang = name.replace("gc-", "-", 1) if name.startswith("riscv") else name
    yield Choice(("clang", f"--target={clang}"), "clang", is_pythons=False)


def _trouble(
    candidate: Choice,
    flags: tuple[str, ...],
    directory: str,
    machine: Machine,
    environ: Mapping[str, str],
) -> str | None:
    """Return why a compiler does not speak for a machine, in words that follow its name."""
    argv = candidate.argv
    program = shutil.which(argv[0], path=environ.get("PATH")) if argv else None
    if program is None:
        return "which was not found"
    key = (argv, flags, directory, machine, stamp(program))
    if key not in _KNOWN:
        _KNOWN[key] = _ask((*argv, *flags), directory, machine, {**environ, "LC_ALL": "C"})
    return _KNOWN[key]


def _ask(
    argv: Sequence[str], directory: str, machine: Machine, environ: Mapping[str, str]
) -> str | None:
    with tempfile.TemporaryDirectory(prefix="cpython-sys-") as place:

        def macros(text: str) -> tuple[int, str, str]:
            source = os.path.join(place, "machine.c")
            with open(source, "w", encoding="utf-8") as file:
                file.write(text)
            return run_tool([*argv, "-w", "-E", "-dM", source], directory, environ)

        try:
            code, found, words = macros("")
            if code:
                return f"which cannot preprocess an empty file ({first_problem(words)})"
            difference = machine.difference(read_macros(found))
            if difference is None:
                # A compiler that has no C library will do for headers that need none.
                code, found, _ = macros(LIBRARY_SOURCE)
                difference = machine.other_library(read_macros(found)) if code == 0 else None
            if difference is None:
                return None
            _, told, _ = run_tool([*argv, "-dumpmachine"], directory, environ)
        except OSError as error:
            return f"which cannot be run ({error.strerror or error})"
    whose = told.strip().splitlines()
    return f"which makes code for {whose[-1] if whose else 'another machine'}, {difference}"


def refuse_foreign_headers(macros: Mapping[str, str]) -> None:
    """Raise TargetCompilerError if Python's headers were configured for another machine."""
    difference = foreign_configuration(macros)
    if difference is not None:
        raise TargetCompilerError(foreign_python(difference))


def refuse_other_machine(argv: Sequence[str], target: str, ours: str, theirs: str) -> None:
    """Raise TargetCompilerError if rustc and the C compiler made files for two machines.

    What tells a machine is that of `ObjectFile.machine`.
    """
    if ours != theirs:
        name = target_name(target)
        raise TargetCompilerError(
            f"{shlex.join(argv)} makes code for another machine than rustc: its object files are "
            f"for {theirs}, but those of rustc for {name} are for {ours}. Set {_variable(name)} to "
            f"a C compiler for {name}, or select the intended target with --cargo-target"
        )
