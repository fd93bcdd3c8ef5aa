"""Why a target was not built: its own errors, or those of what it needs."""

from __future__ import annotations

import os.path
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ...cargo import first_error, without_backtrace
from ...case import Location, counted
from ...late import dataclass, regex
from ...python.crates import PYO3, crate_dependencies, needed_by
from ...rust.build_hints import explain_end, explain_failure
from ...rust.test_location import is_inside, real_path
from .dependencies import find_dependency
from .refused_options import explain_refusal

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from ...cargo import Build, CompilerFailure, Diagnostic, Package, ScriptFailure, Target
    from ...rust.context import BuildContext

__all__ = ["Cause", "find_causes", "of_cargo"]

_SHOWN_ERRORS: Final = 20
_UNRUN: Final = {
    "lib": ": its unit tests did not run",
    "bin": ": its unit tests did not run",
    "test": ": its tests did not run",
    "bench": ": its benches did not run",
}
"""What did not run because a target does not compile, by the target's kind."""
_NO_CRATE: Final = regex(
    r"(?:crate|crate or module|find crate for|unresolved import|unlinked crate) `(\w+)"
)
# What a script tells cargo alone is no word for people: there may be hundreds of such lines.
_DIRECTIVE: Final = regex(r"^ +cargo::?(?!error=|warning=)[\w-]+=.*\n?", re.MULTILINE)
_NO_OUTPUT: Final = regex(r"^ *--- stdout\n\s*(?=^ *--- stderr)", re.MULTILINE)
_PANIC: Final = regex(r"panicked at (?P<file>[^\n]+?):(?P<line>\d+):\d+:\n *(?P<words>[^\n]*)")
# "path+file:///x/dep#0.1.0", "registry+https://...#dep@0.1.0", and "dep 0.1.0 (...)" before 1.77:
# https://doc.rust-lang.org/cargo/reference/pkgid-spec.html
_ID: Final = regex(r".*?(?P<last>[^/#?]*)(?:\?[^#]*)?#(?:(?P<name>[^@]+)@)?[^@]*")
# The linker's call in rustc's words, perhaps with variables before it.
_LINKER_CALL: Final = regex(
    r'^ *= note: .*" "-o" ".*\n?(?: *= note: some arguments are omitted.*\n?)?', re.MULTILINE
)


@dataclass(frozen=True)
class Cause:
    """Something that failed, and what is known of it."""

    key: Hashable
    """What tells it from all others of its build."""
    name: str
    """Who failed, as another target's item names it."""
    summary: str
    """The first error, in one line."""
    words: str
    """All of it."""
    heading: str = ""
    """What to say before, in the target's own item."""
    remedy: str = ""
    """What to do about it, if that is known."""
    location: Location | None = None
    """Of the first error."""
    own: bool = False
    """Whether it is the target's own failure."""
    how: str = ""
    """How it failed, to be said after that it did."""
    said: str = ""
    """What follows the heading of each item that it blocks; the other words go on from there."""


def find_causes(context: BuildContext, package: Package, target: Target) -> tuple[Cause, ...]:
    """Return why a target was not built, its own errors first; at least one cause."""
    build = context.build
    own = _of_target(build, package, target, own=True)
    if own is not None:
        return (own,)
    causes = tuple(
        cause
        for other in build.blocking(package, target)
        for cause in _of_package(build, other, "" if other is package else other.name)
    )
    # What is known to help comes first.
    others = sorted(_of_others(build), key=lambda cause: not cause.remedy)
    return causes or tuple(others) or (of_cargo(context, build, package),)


def _of_package(build: Build, package: Package, name: str) -> Iterator[Cause]:
    """Yield why nothing that needs a package can be built; ``name`` is empty for one's own."""
    for failure in build.script_failures:
        if failure.package == package.name:
            yield _of_script(build, failure, package, name)
            return
    for target in package.targets:
        if target.kind in ("custom-build", "lib"):
            cause = _of_target(build, package, target, name)
            if cause is not None:
                yield cause


def _of_target(
    build: Build, package: Package, target: Target, name: str = "", *, own: bool = False
) -> Cause | None:
    """Return what rustc says of a target."""
    key = (package.id, target.kind, target.name)
    script = target.kind == "custom-build"
    how = ""
    if script:  # which mostly fails because of what it does
        how = ": its build script does not compile" if name else " to compile"
    where = f"the build script of {package.name}" if script else f"{package.name} ({target.label})"
    errors = build.errors(package.id, target)
    if errors:
        explained = _no_crate(package, target, errors[0].rendered) if own else ""
        cause = _of_errors(build, errors, key, name or where, explained)
    else:
        failure = build.compiler_failure(package.name, target)
        if failure is None:
            return None
        cause = _of_compiler(failure, key, name or where)
    heading = cause.heading
    if own and not cause.remedy:
        where = f" in {where}" if errors else ""
        heading = f"{heading}{where}{_UNRUN.get(target.kind, '')}"
    return replace(cause, own=own, how=how, heading=heading)


def _of_errors(
    build: Build,
    errors: Sequence[Diagnostic],
    key: Hashable,
    name: str,
    explained: str = "",
) -> Cause:
    rendered = [_shown(error) for error in errors[:_SHOWN_ERRORS]]
    if len(errors) > _SHOWN_ERRORS:
        rendered.append(f"... and {counted(len(errors) - _SHOWN_ERRORS, 'more error')}")
    # What rustc has a number for, it has explained: a linker's words are another's.
    of_others = "\n".join(error.rendered for error in errors if error.code is None)
    with_pyo3 = _has_pyo3(build, errors[0].package_id)
    remedy = explained or explain_failure(of_others, build.target, with_pyo3=with_pyo3)
    count = counted(len(errors), "error")
    first = errors[0]
    summary, location = _located(build, first, first.headline)
    return Cause(
        key=key,
        name=name,
        summary=remedy or summary,
        words="\n\n".join(rendered),
        heading=f"{remedy}\n" if remedy else f"not built: {count}",
        remedy=remedy or "",
        location=location,
    )


def _has_pyo3(build: Build, package_id: str) -> bool:
    """Tell whether a package is built with pyo3, directly or through another crate."""
    packages = build.workspace.packages
    own = (package.name for package in packages if package.id == package_id)
    name = next(own, None) or _package_name(package_id)
    return bool(PYO3 & needed_by(name, crate_dependencies(build.workspace.root, packages)))


def _shown(error: Diagnostic) -> str:
    """Return rustc's words; of a linker's errors without the hundreds of words of its call."""
    rendered = error.rendered.rstrip("\n")
    if error.is_of_linker:
        rest = _LINKER_CALL.sub("", rendered)
        return rest if "= note:" in rest else rendered
    return rendered


def _located(build: Build, error: Diagnostic, summary: str) -> tuple[str, Location | None]:
    """Return a summary and the place of an error; one in a generated file stands in the summary."""
    spans = [span for span in error.raw.get("spans", ()) if span.get("is_primary")]
    if not spans:
        return summary, None
    path = os.path.normpath(os.path.join(build.workspace.root, str(spans[0]["file_name"])))
    line = int(spans[0]["line_start"])
    workspace = build.workspace
    outputs = (workspace.target_directory, workspace.build_directory)
    made = any(is_inside(real_path(path), real_path(directory)) for directory in outputs)
    if made or not os.path.isfile(path):
        return f"{summary} ({os.path.basename(path)}:{line})", None
    return summary, Location(path, line)


def _no_crate(package: Package, target: Target, error: str) -> str:
    """Explain that a target does not find the library of its own package."""
    library = package.library
    if library is None or target == library or {"lib", "rlib"} & {*library.crate_types}:
        return ""
    if library.crate_name not in _NO_CRATE.findall(error):
        return ""
    types = ", ".join(f'"{name}"' for name in library.crate_types)
    return (
        f"Rust crates cannot use a library with crate-type = [{types}]: write "
        f'crate-type = [{types}, "rlib"] under [lib] in Cargo.toml'
    )


def _of_compiler(failure: CompilerFailure, key: Hashable, name: str) -> Cause:
    """Return what is known of a compiler that gave no errors."""
    words = without_backtrace(failure.words)
    how = f"rustc exited early: {failure.how}" if failure.how else ""
    remedy = explain_failure(words)
    summary = remedy or how or first_error(words) or "rustc reported no error"
    heading = f"{remedy}\n" if remedy else f"not built: {how or 'rustc reported no error'}"
    hint = explain_end(failure.how)
    if hint and not remedy:
        heading, summary, remedy = f"{heading}; {hint}", f"{summary}; {hint}", hint
    return Cause(key, name, summary, words, heading, remedy or "")


def _of_script(build: Build, failure: ScriptFailure, package: Package | None, name: str) -> Cause:
    words = _NO_OUTPUT.sub("", _DIRECTIVE.sub("", without_backtrace(failure.words))).strip("\n")
    remedy = explain_failure(failure.words)
    said = words.rpartition("--- stderr\n")[2]
    panic = _PANIC.search(said)
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    last = panic["words"] if panic else lines[-1] if lines else ""
    location = None
    if panic is not None:
        roots = (build.workspace.root, *([package.root] if package is not None else []))
        paths = [os.path.normpath(os.path.join(root, panic["file"])) for root in roots]
        path = next(filter(os.path.isfile, paths), None)
        location = Location(path, int(panic["line"])) if path is not None else None
    name = name or f"the build script of {failure.package}"
    return Cause(
        key=("script", failure.package),
        name=name,
        summary=remedy or first_error(said) or last or "it printed no reason",
        words=words,
        remedy=remedy or "",
        location=location,
    )


def _of_others(build: Build) -> Iterator[Cause]:
    """Yield what failed outside the workspace: nobody tells who needs it."""
    members = {package.id for package in build.workspace.packages}
    names = {package.name for package in build.workspace.packages}
    known = set()
    targets = {
        (item.package_id, item.target.kind, item.target.name): item
        for item in reversed(build.diagnostics)
        if item.is_error and item.package_id not in members
    }
    for key, item in reversed(targets.items()):
        name = _package_name(item.package_id)
        known.add(name)
        yield _of_errors(build, build.errors(item.package_id, item.target), key, name)
    for script in dict.fromkeys(build.script_failures):  # cargo may say it once for each use
        if script.package not in names:
            yield _of_script(build, script, None, script.package)
    for failure in build.compiler_failures:
        if failure.package not in names | known:
            known.add(failure.package)
            yield _of_compiler(failure, (failure.package, failure.unit), failure.package)


def _package_name(package_id: str) -> str:
    match = _ID.fullmatch(package_id)
    return match["name"] or match["last"] if match is not None else package_id.partition(" ")[0]


def of_cargo(context: BuildContext, build: Build, package: Package) -> Cause:
    """Return what cargo says where no package failed; its place is in a manifest, if anywhere."""
    words = build.words
    first, _, rest = words.partition("\n")
    remedy, error = explain_failure(words), first_error(words)
    location, advice = find_dependency(words, build.workspace.packages)
    refusal = explain_refusal(words, context)
    # A feature or a profile may be added to the manifest; other arguments have no place there.
    if location is None and (refusal is None or "feature" in words or "profile" in words):
        location = Location(package.manifest_path, 1)
    return Cause(
        key="cargo",
        name="cargo",
        summary=remedy or advice or error or first.strip(),
        words=rest.strip("\n") if first == error else words,
        remedy=remedy or refusal or advice,
        location=location,
        said=f": {error.removeprefix('error: ')}" if error else "",
    )
