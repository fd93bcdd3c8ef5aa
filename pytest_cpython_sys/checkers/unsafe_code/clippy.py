"""What clippy and rustc say about `unsafe` in a workspace, asked once and kept.

Lints: https://rust-lang.github.io/rust-clippy/master/#undocumented_unsafe_blocks,
https://rust-lang.github.io/rust-clippy/master/#missing_safety_doc and rustc's own `unsafe_code`,
which reports each use. They are forced: an `allow` in the source hides nothing.
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from ...cargo import (
    cache_path,
    keep_json,
    locked,
    read_bytes,
    read_json,
    rustflags,
    stamp,
    upwards,
)
from ...cargo.run_program import run_to_end
from ...rust.made_units import chosen_packages, is_output, item_files, made_units

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...cargo import Build
    from ...rust.context import BuildContext
    from ...rust.libraries import Libraries

__all__ = [
    "Clippy",
    "ClippyMissingError",
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
# rustc's own words, see `BuiltinUnsafe` in rustc_lint. What has no number in the ledger (a symbol's
# name, a block of declarations) holds no code.
_KINDS: Final = (
    (re.compile(r"usage of an `unsafe` block"), "blocks"),
    (re.compile(r"(?:declaration|implementation) of an `unsafe` (?:function|method)"), "functions"),
    (re.compile(r"implementation of an `unsafe` trait"), "impls"),
    (re.compile(r"declaration of an `unsafe` trait"), "traits"),
)
_CONFIGURATIONS: Final = (".clippy.toml", "clippy.toml")
_PRIVATE: Final = "check-private-items"
_FORMAT: Final = 2
_VERSION_LIMIT: Final = 60.0
"""Seconds for `cargo clippy --version`."""


class ClippyMissingError(Exception):
    """There is no clippy: the message says how to get it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that lacks its words: a line counted from 1, and what clippy says."""

    file: str
    """As rustc shows it: relative to the workspace's root."""
    line: int
    text: str


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
        self._build = context.builds[0]  # that of the user's own sources

    def kept(self) -> Report | None:
        """Return what an earlier run has found out, if nothing has changed since."""
        path = self._path
        raw: Any = read_json(path) if path else None
        try:
            missing = {
                name: [Finding(**one) for one in found] for name, found in raw["missing"].items()
            }
            return Report(missing, raw["counts"])
        except (TypeError, KeyError, AttributeError):
            return None

    def report(self) -> Report:
        """Return what clippy says, now or earlier.

        Raises ClippyMissingError, and CargoError where cargo cannot be started.
        """
        kept = self.kept()
        if kept is not None:
            return kept
        os.makedirs(self._work, exist_ok=True)
        with locked(self._work):  # workers of pytest-xdist ask at the same time
            return self.kept() or self._ask()

    @property
    def _work(self) -> str:
        target = self._context.options.directory(self._build.workspace)
        return os.path.join(target, "cpython-sys-cache", "clippy")

    def _ask(self) -> Report:
        context = self._context
        self._look_for_clippy()
        names = chosen_packages(self._build)
        done = context.cargo.lint(
            self._build, context.options, names, _WORDS, self._configuration()
        )
        report = Report(broken=dict(self._broken(done)))
        self._read(done, report)
        path = self._path
        if path and not report.broken:
            plain = {name: [asdict(one) for one in found] for name, found in report.missing.items()}
            keep_json(path, {"missing": plain, "counts": report.counts})
        return report

    def _look_for_clippy(self) -> None:
        cargo, workspace = self._context.cargo, self._build.workspace
        argv = [cargo.program_path, "clippy", "--version"]
        environment = self._build.environment
        try:
            done = run_to_end(argv, cwd=workspace.root, env=environment, limit=_VERSION_LIMIT)
        except OSError as error:
            words = error.strerror or str(error)
        else:
            if done.exit_code == 0:
                return
            words = done.stderr.partition("\n")[0] or done.how
        raise ClippyMissingError(
            f"no clippy, which finds `unsafe` without its words: `cargo clippy` says {words!r}; "
            "install it (`rustup component add clippy`)"
        )

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
            yield unit.name, words or "cargo clippy left it out"

    def _read(self, done: Build, report: Report) -> None:
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
            place = (span["file_name"], span["line_start"], span["column_start"])
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
                finding = Finding(span["file_name"], span["line_start"], diagnostic.message)
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
        environment, workspace = self._build.environment, self._build.workspace
        named = environment.get("CLIPPY_CONF_DIR")
        starts = [named] if named else [package.root for package in workspace.packages]
        files = {_nearest(os.path.join(workspace.root, start)) for start in starts}
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

    @cached_property
    def _path(self) -> str:
        """Return where a report is kept that follows from all this; empty if nobody knows."""
        context, build = self._context, self._build
        causes: list[Any] = [
            _FORMAT,
            _WORDS,
            context.cargo.toolchain,
            context.options.arguments(),
            build.command,
            self._configured(),
            rustflags(build.environment, build.workspace.root),
            stamp(os.path.join(build.workspace.root, "Cargo.lock")),
        ]
        files = set()
        for unit in made_units(context):
            files.add(unit.package.manifest_path)
            sources = unit.sources(self._libraries)
            if sources is None:
                return ""
            files.update(sources)
        scripts = {package.id: build.script(package.id) for package in build.workspace.packages}
        causes += [sorted(map(stamp, files)), scripts]
        return cache_path(build, context.options, "unsafe", causes)


def _write_anew(path: str, text: str) -> None:
    """Write a file if it is another: clippy checks everything again when its configuration is."""
    if read_bytes(path) != text.encode():
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


def _nearest(directory: str) -> str | None:
    """Return clippy's configuration file in a directory or above it, as clippy looks for it."""
    paths = (os.path.join(place, name) for place in upwards(directory) for name in _CONFIGURATIONS)
    return next(filter(os.path.isfile, paths), None)
