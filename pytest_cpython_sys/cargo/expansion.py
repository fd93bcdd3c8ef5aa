"""Asks rustc what a unit becomes: its source after ``cfg``, macros and ``include!``, or its MIR.

``rustc -Zunpretty=expanded`` (``=mir``) prints it. ``cargo rustc`` makes such a call in the
build's own target directory, where all that the unit needs is up to date. A program between cargo
and rustc lets this one call use an unstable flag, notes it, and refuses to compile anything else:
so what is asked about is the unit itself, or nothing. See
https://doc.rust-lang.org/cargo/reference/config.html#buildrustc-wrapper
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import tempfile
from typing import TYPE_CHECKING, Final

from .command import CHECK, completion_arguments, expansion_arguments
from .configuration import configured_wrapper
from .depinfo import read_rustc_call
from .failures import how_cargo_ended
from .files import read_bytes, write_program
from .run_program import run_to_end
from .unit_graph import UNSTABLE_CARGO

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .build import Build, Unit
    from .cargo import Cargo
    from .command import BuildOptions

__all__ = ["EXPANDED", "MIR", "Expander"]

EXPANDED: Final = ("-Zunpretty=expanded",)
MIR: Final = (
    *("-Zunpretty=mir", "-Zmir-include-spans=yes", "-Zmir-opt-level=0"),
    *("-Ztrim-diagnostic-paths=no", "--cap-lints=allow"),
)
"""Nothing is inlined, each path is a whole one, and each call says where it stands."""
_SHOWN_LINES: Final = 20
# What is asked is no step of an incremental compilation, and leaves nothing among those.
# With `-o` a procedural macro that prints does not get its words into the text.
_ASKING: Final = """#!/bin/sh
wanted= compiles= before=
for word do
    case $word in -Zunpretty=*) wanted=yes ;; esac
    [ "$before" = --crate-name ] && [ "$word" != ___ ] && compiles=yes
    before=$word
done
if [ "$wanted" ]; then
    printf '%s\\0' "$@" >{directory}/call
    {beside}
    before=
    for word do
        shift
        case $before$word in
            -Cincremental=*) before= ; continue ;;
        esac
        [ "$before" = -C ] && set -- "$@" -C
        [ "$word" = -C ] || set -- "$@" "$word"
        before=$word
    done
    RUSTC_BOOTSTRAP=1
    export RUSTC_BOOTSTRAP
    {chain}"$@" -o {directory}/text
    code=$?
    wait
    exit $code
fi
[ "$compiles" ] && exit 1
exec {chain}"$@"
"""

# Compiles as cargo wants it, and asks besides: in a shell of its own for each call.
_NOTING: Final = """#!/bin/sh
name= before=
for word do
    [ "$before" = --crate-name ] && name=$word
    before=$word
done
if [ "$name" = {name} ]; then
    place=$(mktemp -d {directory}/call-XXXXXX)
    printf '%s\\0' "$@" >"$place/call"
    {beside}
    ( RUSTC_BOOTSTRAP=1; export RUSTC_BOOTSTRAP
      {asked}"$@" {printed} -o "$place/text" ) >/dev/null 2>&1
    wait
fi
exec {chain}"$@"
"""

_BESIDE: Final = 'mkdir {place}/left && {program} {place}/left "$@" >/dev/null 2>&1 </dev/null &'

# Features of the whole workspace for a package alone: unstable, and asked of this one cargo.
# https://doc.rust-lang.org/cargo/reference/unstable.html#feature-unification
_UNIFIED: Final = {"CARGO_RESOLVER_FEATURE_UNIFICATION": "workspace", **UNSTABLE_CARGO}


class Expander:
    """What rustc makes of the units of one build.

    ``wrapper`` is the program in front of the rustc that is asked; default: what is configured.
    ``printed`` are the flags that say what rustc is to print. ``beside`` is a program that runs at
    the same time: its arguments are a directory, and the compiler call that cargo has made.
    """

    def __init__(
        self,
        cargo: Cargo,
        build: Build,
        options: BuildOptions,
        wrapper: str | None = None,
        printed: Sequence[str] = EXPANDED,
        beside: str = "",
    ) -> None:
        self._cargo = cargo
        self._build = build
        self._options = options
        self._printed = tuple(printed)
        self._program = beside
        configured = configured_wrapper(build.environment, build.workspace.root)
        self._compiler = _before_rustc(configured)
        self._asked = _before_rustc(configured if wrapper is None else wrapper)
        made = (name for artifact in build.artifacts for name in artifact.filenames)
        self._made = frozenset(_known(made))
        self.words = ""
        """What cargo said of the last question."""
        self.compiled_again = False
        """Whether a question has made units newer than they were."""

    def expand(self, unit: Unit, kept: str = "") -> bytes | None:
        """Return what rustc prints of a unit, its expanded source by default; None if it cannot.

        ``kept`` is where the directory comes that the program beside rustc was given.

        Raises OSError when cargo cannot be started.
        """
        base = self._options.directory(self._build.workspace)
        os.makedirs(base, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="cpython-sys-", dir=base) as directory:
            for unified in self._ways():
                if self._ask(unit, directory, unified=unified):
                    return _taken(directory, kept)
            return self._compile_again(unit, directory, kept)

    def _ways(self) -> Iterator[bool]:
        if len(self._build.workspace.packages) > 1 and not self._options.packages:
            yield True
        yield False

    def _ask(self, unit: Unit, directory: str, *, unified: bool) -> bool:
        """Ask through ``cargo rustc``, and tell whether it was the unit that was asked about."""
        arguments = expansion_arguments(self._options, unit, self._printed, unified=unified)
        if arguments is None:
            return False
        for name in ("call", "text"):
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(directory, name))
        shutil.rmtree(os.path.join(directory, "left"), ignore_errors=True)
        place = shlex.quote(directory)
        script = _ASKING.format(directory=place, chain=self._asked, beside=self._beside(place))
        self._run(arguments, script, directory, _UNIFIED if unified else {})
        return self._is_of(read_bytes(os.path.join(directory, "call")), unit)

    def _is_of(self, call: bytes, unit: Unit, *, own: bool = False) -> bool:
        """Tell whether a compiler call is that of a unit, but for what it is to make.

        ``own``: it is one of the build, and links to what the build made.
        """
        words = [os.fsdecode(word) for word in call.split(b"\0")]
        found = read_rustc_call(words)
        if found is None:
            return False
        source = os.path.join(self._build.workspace.root, found.source)
        return (
            (found.test, found.features, found.platform) == unit.key
            and os.path.realpath(source) == os.path.realpath(unit.target.src_path)
            and (own or not any(self._made.isdisjoint(_known([path])) for path in found.externs))
        )

    def _beside(self, place: str) -> str:
        """Return the line of a shell that starts the program beside rustc."""
        if not self._program:
            return ":"
        return _BESIDE.format(place=place, program=shlex.quote(self._program))

    def _compile_again(self, unit: Unit, directory: str, kept: str) -> bytes | None:
        """Let cargo make the very calls of the build once more, and ask beside that of the unit."""
        self.compiled_again = True
        _forget(unit)  # one that failed may have been built since, in another way
        script = _NOTING.format(
            name=shlex.quote(unit.target.crate_name),
            directory=shlex.quote(directory),
            asked=self._asked,
            beside=self._beside('"$place"'),
            printed=shlex.join(self._printed),
            chain=self._compiler,
        )
        arguments = self._build.command[1:]
        if not self._build.success and CHECK not in arguments[:1]:
            arguments = tuple(completion_arguments(self._options, self._build))
        self._run(arguments, script, directory, {})
        for name in sorted(os.listdir(directory)):
            if self._is_of(read_bytes(os.path.join(directory, name, "call")), unit, own=True):
                return _taken(os.path.join(directory, name), kept)
        return None

    def _run(
        self, arguments: Sequence[str], script: str, directory: str, extra: Mapping[str, str]
    ) -> None:
        path = os.path.join(directory, "rustc")
        write_program(path, script)
        # Cargo keeps what it knows of a compiler and its wrapper: this one is not to be kept.
        own = {"RUSTC_WRAPPER": path, "CARGO_CACHE_RUSTC_INFO": "0", **extra}
        argv = [self._cargo.program_path, *arguments]
        environment = {**self._build.environment, **own}
        done = run_to_end(argv, cwd=self._build.workspace.root, env=environment, limit=None)
        lines = done.stderr.splitlines()[-_SHOWN_LINES:]
        self.words = "\n".join([*lines, how_cargo_ended(done.exit_code)])


def _taken(place: str, kept: str) -> bytes | None:
    """Return what rustc has printed; what was left beside it is moved."""
    if kept:
        with contextlib.suppress(OSError):
            os.rename(os.path.join(place, "left"), kept)
    return read_bytes(os.path.join(place, "text")) or None


def _before_rustc(wrapper: str) -> str:
    return f"{shlex.quote(wrapper)} " if wrapper else ""


def _known(names: Iterable[str]) -> Iterator[object]:
    """Yield what files are recognised by: paths without extension, and their place on the disk.

    Of what is for people, cargo names its copy without a hash, which is a link to the file itself;
    of a library it names the metadata of that file, too.
    """
    for name in names:
        yield os.path.splitext(name)[0]
        with contextlib.suppress(OSError):
            status = os.stat(name)
            yield status.st_dev, status.st_ino


def _forget(unit: Unit) -> None:
    """Let cargo compile the targets of a unit's package again: what it keeps of them goes.

    Build scripts stay as they are.
    """
    path = unit.depinfo
    if path is None:
        return
    fingerprints = os.path.join(os.path.dirname(os.path.dirname(path)), ".fingerprint")
    with contextlib.suppress(OSError):
        for name in os.listdir(fingerprints):
            place = os.path.join(fingerprints, name)
            if name.rpartition("-")[0] != unit.package.name:
                continue
            if not any("build-script" in kept for kept in os.listdir(place)):
                shutil.rmtree(place, ignore_errors=True)
