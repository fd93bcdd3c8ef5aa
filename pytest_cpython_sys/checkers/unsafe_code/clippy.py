"""What clippy and rustc say about `unsafe` in a workspace, asked once and kept.

Lints: https://rust-lang.github.io/rust-clippy/master/#undocumented_unsafe_blocks,
https://rust-lang.github.io/rust-clippy/master/#missing_safety_doc and rustc's own `unsafe_code`,
which reports each use. They are forced: an `allow` in the source hides nothing.
"""

from __future__ import annotations

import glob
import os
import shlex
import tomllib
from dataclasses import asdict, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from ...cargo import (
    CargoError,
    cache_path,
    configured_wrapper,
    keep_json,
    locked,
    read_bytes,
    read_json,
    write_program,
)
from ...late import dataclass, regex
from ...rust.made_units import chosen_packages, is_output, item_files, made_units
from ...rust.tools.clippy_causes import clippy_causes, clippy_configurations
from ...rust.tools.components import look_for_component
from .functions import Functions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...cargo import Build
    from ...rust.context import BuildContext
    from ...rust.libraries import Libraries

__all__ = [
    "Clippy",
    "Finding",
    "Report",
]

_MISSING: Final = frozenset({"clippy::undocumented_unsafe_blocks", "clippy::missing_safety_doc"})
_USE: Final = "unsafe_code"
# Lints of others are nobody's concern here; those that are forced come all the same.
_WORDS: Final = (
    "--cap-lints=allow",
    *(f"--force-warn={lint}" for lint in sorted({*_MISSING, _USE})),
)
# Said again it changes nothing, but cargo calls clippy anew, and with it what is between them.
_AGAIN: Final = _WORDS[-1]
# Lets rustc write beside each crate where its functions are, while clippy checks it. That is
# unstable: one call may do it, no build script and no other crate. It makes nothing else: neither
# what cargo made of the crate nor its incremental state is touched.
_WRAPPER: Final = """#!/bin/sh
program=$1 name= place= hash= emits= before=
for word do
    case $before$word in
    --crate-name*) name=${{word#--crate-name}} ;;
    --out-dir*) place=${{word#--out-dir}} ;;
    -Cextra-filename=*) hash=${{word#extra-filename=}} ;;
    --emit=*) emits=yes ;;
    esac
    case $word in --crate-name|--out-dir|-C) before=$word ;; *) before= ;; esac
done
case ${{program##*/}} in clippy-driver*) ;; *) emits= ;; esac
[ "$emits" ] && [ "$place" ] || exec {chain}"$@"
mir=$place/$name$hash.mir
rm -f "$mir"
(
    first=yes before=
    shift
    for word do
        [ "$first" ] && set --
        first=
        case $before$word in -Cincremental=*|--emit=*) before= ; continue ;; esac
        [ "$before" ] && set -- "$@" "$before"
        before=
        case $word in -C) before=$word ;; *) set -- "$@" "$word" ;; esac
    done
    RUSTC_BOOTSTRAP=1
    export RUSTC_BOOTSTRAP
    exec {chain}"$@" --cfg=clippy --cap-lints=allow -Zunpretty=mir -Zmir-include-spans=on \\
        -Zmir-opt-level=0 -Ztrim-diagnostic-paths=no -o "$mir" >/dev/null 2>&1
) &
{chain}"$@"
code=$?
wait
exit $code
"""
# rustc's own words, see `BuiltinUnsafe` in rustc_lint. What has no number in the ledger (a symbol's
# name, a block of declarations) holds no code.
_KINDS: Final = (
    (regex(r"usage of an `unsafe` block"), "blocks"),
    (regex(r"(?:declaration|implementation) of an `unsafe` (?:function|method)"), "functions"),
    (regex(r"implementation of an `unsafe` trait"), "impls"),
    (regex(r"declaration of an `unsafe` trait"), "traits"),
)
_PRIVATE: Final = "check-private-items"
_FORMAT: Final = 4


@dataclass(frozen=True)
class Finding:
    """Something that lacks its words: a line counted from 1, and what clippy says."""

    file: str
    """As rustc shows it: relative to the workspace's root."""
    line: int
    text: str
    function: str = ""
    """What the ledger calls the function that it is in; empty where nobody asked."""


@dataclass
class Report:
    """What there is, by the real path of a file with an item."""

    missing: dict[str, list[Finding]] = field(default_factory=dict)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    """How many blocks, functions and so on it has."""
    broken: dict[str, str] = field(default_factory=dict)
    """Rustc's words by what did not compile under clippy, see `MadeUnit.name`."""


class Clippy:
    """Clippy on a workspace that has been built, with the build's own options."""

    def __init__(self, context: BuildContext, libraries: Libraries) -> None:
        self._context = context
        self._libraries = libraries
        self._build = context.build

    def kept(self, *, functions: bool) -> Report | None:
        """Return what an earlier run has found out, if nothing has changed since.

        ``functions``: whether it names the functions that undocumented uses are in.
        """
        ways = (True,) if functions else (False, True)
        paths = (self._path(functions=way) for way in ways)
        raw: Any = next(filter(None, map(read_json, filter(None, paths))), None)
        try:
            missing = {
                name: [Finding(**one) for one in found] for name, found in raw["missing"].items()
            }
            return Report(missing, raw["counts"])
        except (TypeError, KeyError, AttributeError):
            return None

    def report(self, *, functions: bool) -> Report:
        """Return what clippy says, now or earlier.

        Raises ComponentMissingError, and CargoError where cargo cannot be started.
        """
        kept = self.kept(functions=functions)
        if kept is not None:
            return kept
        os.makedirs(self._work, exist_ok=True)
        with locked(self._work):  # workers of pytest-xdist ask at the same time
            return self.kept(functions=functions) or self._ask(functions=functions)

    @property
    def _work(self) -> str:
        target = self._context.options.directory(self._build.workspace)
        return os.path.join(target, "cpython-sys-cache", "clippy")

    def _ask(self, *, functions: bool) -> Report:
        use = "finds undocumented `unsafe`"
        look_for_component(self._context.cargo, self._build, "clippy", "clippy", use)
        done = self._lint((_AGAIN,) if functions else ())
        bodies = None
        if functions:
            paths = list(self._mir(done))
            if None in paths:  # somebody cleaned
                done = self._lint((_AGAIN, _AGAIN))
                paths = list(self._mir(done))
            if None in paths:
                raise CargoError("rustc did not print where functions are (-Zunpretty=mir)")
            bodies = Functions(self._build.workspace.root, filter(None, paths))
        report = Report(broken=dict(self._broken(done)))
        self._read(done, report, bodies)
        path = self._path(functions=functions)
        if path and not report.broken:
            plain = {name: [asdict(one) for one in found] for name, found in report.missing.items()}
            keep_json(path, {"missing": plain, "counts": report.counts})
        return report

    def _lint(self, more: Sequence[str]) -> Build:
        context, build = self._context, self._build
        names = chosen_packages(build)
        environment = self._configuration()
        if more:
            chain = configured_wrapper(build.environment, build.workspace.root)
            path = os.path.join(self._work, "rustc")
            write_program(path, _WRAPPER.format(chain=f"{shlex.quote(chain)} " if chain else ""))
            # Cargo keeps what it knows of a compiler and its wrapper: this one is not to be kept.
            environment = {**environment, "RUSTC_WRAPPER": path, "CARGO_CACHE_RUSTC_INFO": "0"}
        words = (*_WORDS, *more)
        return context.cargo.lint(build, context.options, names, words, environment)

    def _mir(self, done: Build) -> Iterator[str | None]:
        """Yield where rustc has written the MIR of what was checked; None where it is gone."""
        names = chosen_packages(self._build)
        for artifact in done.artifacts:
            package = done.workspace.package(artifact.package_id)
            if package is None or (names and package.name not in names):
                continue
            directory, name = os.path.split(artifact.filenames[0])
            if artifact.target.kind == "custom-build":
                stem = f"{artifact.target.crate_name}-*"
            else:
                stem = glob.escape(os.path.splitext(name)[0].removeprefix("lib"))
            yield next(glob.iglob(os.path.join(glob.escape(directory), f"{stem}.mir")), None)

    def _broken(self, done: Build) -> Iterator[tuple[str, str]]:
        """Yield each target that this build has made and clippy has not."""
        checked = {
            (artifact.package_id, artifact.target.kind, artifact.target.name, artifact.test)
            for artifact in done.artifacts
        }
        for unit in made_units(self._context):
            package, target = unit.package, unit.target
            if (package.id, target.kind, target.name, unit.test) in checked:
                continue
            errors = done.errors(package.id, target)
            words = "\n\n".join(error.rendered.rstrip("\n") for error in errors[:5])
            if not words:
                culprits = ", ".join(other.name for other in done.blocking(package, target))
                words = f"{culprits} failed" if culprits else done.words
            yield unit.name, words or "cargo clippy did not check it"

    def _read(self, done: Build, report: Report, bodies: Functions | None) -> None:
        """Sort what was said by files, each thing once: a target is compiled in two ways."""
        root = self._build.workspace.root
        known = {
            file
            for unit in made_units(self._context)
            for file in item_files(self._context, unit, self._libraries)
        }
        seen = set()
        for diagnostic in done.diagnostics:
            span = next((one for one in diagnostic.raw["spans"] if one["is_primary"]), None)
            if span is None or diagnostic.code not in (*_MISSING, _USE):
                continue
            name = os.path.normpath(span["file_name"])  # `#[path = "../m.rs"]` has others
            place = (name, span["line_start"], span["column_start"])
            key = (*place, diagnostic.code, diagnostic.message)
            if key in seen:
                continue
            seen.add(key)
            file = os.path.realpath(os.path.join(root, span["file_name"]))
            if file not in known:
                if is_output(self._context, file):
                    continue
                file = os.path.realpath(diagnostic.target.src_path)
            if diagnostic.code in _MISSING:
                function = bodies.name(span) if bodies is not None else ""
                words = diagnostic.message
                finding = Finding(name, span["line_start"], words, function)
                report.missing.setdefault(file, []).append(finding)
                continue
            counts = report.counts.setdefault(file, {})
            for pattern, kind in _KINDS:
                if pattern.match(diagnostic.message):
                    counts[kind] = counts.get(kind, 0) + 1
        for found in report.missing.values():
            found.sort(key=lambda one: (one.line, one.text))

    def _configuration(self) -> dict[str, str]:
        """Return the variable that makes clippy look at private functions too.

        The user's own configuration file, if there is one for all packages, stays in force. It is
        passed on as text: toml cannot write the arrays of strings and tables that it may have.
        """
        text = self._configured()
        if text is None:
            return {}
        try:
            if _PRIVATE in tomllib.loads(text):
                return {}
        except tomllib.TOMLDecodeError:
            return {}  # clippy has better words for it
        _write_anew(os.path.join(self._work, "clippy.toml"), f"{_PRIVATE} = true\n{text}")
        return {"CLIPPY_CONF_DIR": self._work}

    def _configured(self) -> str | None:
        """Return the text of the configuration file in force, "" without one; None if several."""
        files = clippy_configurations(self._context)
        if len(files) != 1:
            return None
        (file,) = files
        if file is None:
            return ""
        try:
            with open(file, encoding="utf-8") as stream:
                return stream.read()
        except (OSError, UnicodeDecodeError):
            return None

    @cache  # noqa: B019 - there is one a workspace, for as long as the run
    def _path(self, *, functions: bool) -> str:
        """Return where a report is kept that follows from all this; empty if nobody knows."""
        context = self._context
        causes = clippy_causes(context, self._libraries)
        if causes is None:
            return ""
        words = (*_WORDS, _AGAIN) if functions else _WORDS
        return cache_path(self._build, context.options, "unsafe", [_FORMAT, words, *causes])


def _write_anew(path: str, text: str) -> None:
    """Write a file if it is another: clippy checks everything again when its configuration is."""
    if read_bytes(path) != text.encode():
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
