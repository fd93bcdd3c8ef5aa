"""Every target that a manifest promises has tests, or an item that says why not."""

from __future__ import annotations

import os.path
import re
from typing import TYPE_CHECKING, Final

from ..cargo import shown_command
from ..case import Case, Location, Verdict
from .place import place
from .remedies import explain_failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..cargo import Build, Diagnostic, Package, Target
    from .context import BuildContext

__all__ = ["TargetChecker"]

_SHOWN_ERRORS = 20
_SHOWN_LINES = 10
_NO_CRATE = re.compile(
    r"(?:crate|crate or module|find crate for|unresolved import|unlinked crate) `(\w+)"
)
_COULD_NOT = re.compile(r"^error: could not compile `([^`]+)`", re.MULTILINE)
_SCRIPT = re.compile(
    r"^error: failed to run custom build command for `(?P<name>\S+) v[^\n]*$"
    r"(?P<words>.*?)(?=^(?:error|warning: build failed)|\Z)",
    re.MULTILINE | re.DOTALL,
)
# What a script tells cargo alone is no word for people: there may be hundreds of such lines.
_DIRECTIVE = re.compile(r"^ +cargo::?(?!error=|warning=)[\w-]+=.*\n?", re.MULTILINE)
_NO_OUTPUT = re.compile(r"^ *--- stdout\n\s*(?=^ *--- stderr)", re.MULTILINE)
_BACKTRACE = re.compile(r"^ *stack backtrace:\n(?: +(?:\d+: |at ).*\n?)*", re.MULTILINE)
_NOTE = re.compile(r"^ *note: (?:run with|Some details).*RUST_BACKTRACE.*\n?", re.MULTILINE)


class TargetChecker:
    """Targets that were not built: ``@build``."""

    name: Final = "target"

    def __init__(self, contexts: Sequence[BuildContext]) -> None:
        self._contexts = contexts
        self._verdicts: dict[tuple[str, tuple[str, ...]], Verdict] = {}
        self.replaced: list[Case] = []
        """What cargo alone does not build: it was tested in a second build."""

    def discover(self) -> Iterable[Case]:
        """Return an ``@build`` case for each target that is missing from its build."""
        for context in self._contexts:
            if context.builds[0].success:
                continue
            for package in context.build.workspace.packages:
                if not context.selects(package.name):
                    continue
                for target in package.targets:
                    if not _promised(context.build, package, target):
                        continue
                    verdict = _missing(context.build, package, target)
                    if verdict is not None:
                        case = self._case(context, package, target)
                        self._verdicts[case.key] = verdict
                        yield case
                    elif not context.builds[0].is_built(package, target):
                        self.replaced.append(self._case(context, package, target))

    def run(self, cases: Sequence[Case]) -> Iterator[tuple[Case, Verdict]]:
        """Yield what kept each target from being built; other verdicts are in the case."""
        for case in cases:
            verdict = self._verdicts.get(case.key)
            yield case, verdict or Verdict("error", message=case.group)

    @staticmethod
    def _case(context: BuildContext, package: Package, target: Target) -> Case:
        where = place(package, target, target.src_path)
        return Case(
            file=where.file,
            levels=(*where.levels, "@build"),
            kind="build",
            checker=TargetChecker.name,
            package=package.name,
            target=target.name,
            rust_test="@build",
            command=shown_command(package, target, None, context.options),
        )


def _promised(build: Build, package: Package, target: Target) -> bool:
    """Tell whether ``cargo test`` would build a target.

    See https://doc.rust-lang.org/cargo/commands/cargo-test.html#target-selection
    """
    if target.kind == "custom-build" or (target.kind == "bench" and not target.test):
        return False
    if not target.required_features:
        return True
    enabled: set[str] = set()
    for artifact in build.artifacts:
        if artifact.package_id == package.id:
            enabled.update(artifact.features)
    return set(target.required_features) <= enabled


def _missing(build: Build, package: Package, target: Target) -> Verdict | None:
    """Return why a target was not built, or None if it was."""
    if build.is_built(package, target):
        return None
    errors = build.errors(package.id, target)
    if errors:
        return _own_errors(build, package, target, errors)
    script = next(
        (match for match in _SCRIPT.finditer(build.words) if match["name"] == package.name), None
    )
    if script is not None:
        return Verdict("failed", message=_with_remedy(_script_words(script), "not built"))
    return Verdict("failed", message=_blocked(build, package, target))


def _own_errors(
    build: Build, package: Package, target: Target, errors: list[Diagnostic]
) -> Verdict:
    rendered = [error.rendered.rstrip("\n") for error in errors[:_SHOWN_ERRORS]]
    if len(errors) > _SHOWN_ERRORS:
        rendered.append(f"... and {len(errors) - _SHOWN_ERRORS} more errors")
    location = None
    spans = [span for span in errors[0].raw.get("spans", ()) if span.get("is_primary")]
    if spans:
        path = os.path.normpath(os.path.join(build.workspace.root, str(spans[0]["file_name"])))
        if os.path.isfile(path):
            location = Location(path, int(spans[0]["line_start"]))
    count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
    heading = _no_crate(package, target, rendered[0]) or f"not built: {count}"
    message = _with_remedy("\n\n".join(rendered), heading)
    return Verdict("failed", message=message, location=location)


def _no_crate(package: Package, target: Target, error: str) -> str | None:
    """Explain that a target does not find the library of its own package."""
    library = package.library
    if library is None or target == library or {"lib", "rlib"} & {*library.crate_types}:
        return None
    if library.crate_name not in _NO_CRATE.findall(error):
        return None
    types = ", ".join(f'"{name}"' for name in library.crate_types)
    return (
        f"no Rust crate can use a library of the types {types} alone: write "
        f'crate-type = [{types}, "rlib"] under [lib] in Cargo.toml\n'
    )


def _with_remedy(words: str, heading: str) -> str:
    remedy = explain_failure(words)
    return f"{remedy}\n\n{words}" if remedy else f"{heading}\n{words}"


def _script_words(script: re.Match[str]) -> str:
    return _NO_OUTPUT.sub("", _DIRECTIVE.sub("", script[0])).strip("\n")


def _script_error(script: re.Match[str]) -> str:
    """Return what a script of the workspace says that failed: its own ``@build`` has the rest."""
    words = _NOTE.sub("", _BACKTRACE.sub("", script[0].rpartition("--- stderr\n")[2]))
    lines = [line for line in words.splitlines() if line.strip()]
    return "\n".join(["...", *lines[-_SHOWN_LINES:]] if len(lines) > _SHOWN_LINES else lines)


def _blocked(build: Build, package: Package, target: Target) -> str:
    """Name what kept a target from being built that has no error of its own."""
    library = package.library
    if library is not None and build.errors(package.id, library):
        return f"not built: {package.name} (lib) failed"
    culprits = build.blockers(package, target)
    if not culprits:
        culprits = sorted(set(_COULD_NOT.findall(build.stderr)))
    if culprits:
        text = f"not built: {', '.join(culprits)} failed"
        script = next(
            (match for match in _SCRIPT.finditer(build.words) if match["name"] in culprits), None
        )
        if script is None:
            return text
        if all(package.name != script["name"] for package in build.workspace.packages):
            return _with_remedy(_script_words(script), text)
        remedy = explain_failure(script[0])
        return "\n".join([text, *filter(None, [remedy]), _script_error(script)])
    return _with_remedy(build.words or f"cargo ended with {build.exit_code}", "not built")
