"""A target whose programs do not run on this machine, with nobody named who runs them.

Cargo starts them all the same, and fails. Here what they would test is skipped, and named: rustc's
own expansion has the tests of a program that cannot be asked, or that could not even be linked.
"""

from __future__ import annotations

import errno
import os
import subprocess
from typing import TYPE_CHECKING, Final

from ..cargo import (
    CargoError,
    Expander,
    configured_runner,
    configured_wrapper,
    read_cfg,
    runner_variable,
    target_name,
)
from ..late import dataclass

if TYPE_CHECKING:
    from ..cargo import Build, BuildOptions, Cargo, Package, Target
    from .context import BuildContext
    from .test_binary.listing import ListedTest

__all__ = [
    "NOT_LINKED",
    "NOT_RUN",
    "ForeignTarget",
    "expanded_tests",
    "find_foreign_target",
    "unlinked",
]

NOT_RUN: Final = "did not run: programs for "
"""How the reason begins for which tests of such a target are skipped."""
NOT_LINKED: Final = ". It was not linked either: "
_LIMIT: Final = 10.0
# Another format, another processor's, or one whose loader is not there.
_FOREIGN: Final = (errno.ENOEXEC, errno.ENOENT, getattr(errno, "EBADARCH", errno.ENOEXEC))
# What runs on what, beside the same on the same.
_NARROWER: Final = {("x86", "x86_64")}


@dataclass(frozen=True)
class ForeignTarget:
    """A target that was named, without a runner."""

    name: str
    why: str
    """Why its programs do not run."""

    @property
    def reason(self) -> str:
        """Why a test is skipped, and what to do."""
        return (
            f"{NOT_RUN}{self.name} do not start on this machine ({self.why}). Set "
            f"{runner_variable(self.name)} to a program that runs them: qemu-user has one for each "
            "processor of Linux"
        )

    def holds(self, executable: str) -> bool:
        """Tell whether a program is one of the target: those of procedural macros are not."""
        return f"{os.sep}{self.name}{os.sep}" in executable


def find_foreign_target(context: BuildContext) -> ForeignTarget | None:
    """Return the target of a build if its programs do not run here, as far as one can see."""
    build, host = context.build, context.cargo.toolchain.host
    if build.target is None or build.target == host:
        return None
    name = target_name(build.target)
    runner = configured_runner(
        build.environment,
        build.workspace.root,
        name,
        context.options.extra,
        lambda predicate: context.cargo.cfg_holds(build.workspace, predicate, build.target),
    )
    if runner:
        return None
    found = ForeignTarget(name, "")
    for artifact in build.artifacts:
        if artifact.test and artifact.executable and found.holds(artifact.executable):
            why = _why_not_started(artifact.executable)
            return ForeignTarget(name, why) if why else None
    why = _other_machine(context, build.target)
    return ForeignTarget(name, why) if why else None


def _why_not_started(executable: str) -> str:
    """Let the system say why a program cannot be started; empty if it can be."""
    try:
        subprocess.run(
            [executable, "--list"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_LIMIT,
        )
    except subprocess.TimeoutExpired:
        return ""
    except OSError as error:
        if error.errno not in _FOREIGN:
            return ""
        missing = error.errno == errno.ENOENT and os.path.exists(executable)
        return "its dynamic loader is missing" if missing else error.strerror or str(error)
    return ""


def _other_machine(context: BuildContext, target: str) -> str:
    """Compare what rustc says of two targets, where there is no program to start."""
    workspace, host = context.build.workspace, context.cargo.toolchain.host
    try:
        cfgs = [read_cfg(context.cargo.target_cfg(workspace, one)) for one in (target, host)]
    except CargoError:
        return ""
    theirs, ours = ((one["target_os"], one["target_arch"]) for one in cfgs)
    if theirs[0] == ours[0] and (theirs[1] == ours[1] or (theirs[1], ours[1]) in _NARROWER):
        return ""
    return f"{theirs[1]} is not {ours[1]}" if theirs[1] != ours[1] else "of another system"


def unlinked(context: BuildContext, package: Package, target: Target) -> bool:
    """Tell whether a test program that would not run here lacks nothing but a linker."""
    if context.foreign is None or not target.test or context.build.is_built(package, target):
        return False
    errors = context.build.errors(package.id, target)
    if errors:
        return all(error.is_of_linker for error in errors)
    # Something that it needs could not be linked.
    return context.checked is not None and context.checked.is_built(package, target)


def expanded_tests(
    context: BuildContext, package: Package, target: Target
) -> tuple[ListedTest, ...] | None:
    """Return the tests of a target in rustc's words; None where it has no main of rustc's.

    Raises ValueError where rustc does not say, or not clearly.
    """
    first = context.builds[0]
    wrapper = configured_wrapper(first.environment, first.workspace.root)
    reached = context.checked is None or context.build.units(package, target)
    build = context.build if reached else context.checked
    assert build is not None  # noqa: S101 - else the other one
    expander = Expander(context.cargo, build, context.options, wrapper)
    unit = build.unit(package, target, test=True)
    try:
        text = expander.expand(unit)
    except OSError as error:
        raise ValueError(error.strerror or str(error)) from None
    if text is None:
        raise ValueError(expander.words)
    from .test_binary.expanded_tests import read_expanded_tests

    return read_expanded_tests(text)


def check_unlinked(cargo: Cargo, build: Build, options: BuildOptions) -> Build | None:
    """Check what a build did not come to because something else could not be linked.

    None where nothing is left to be found out. Raises CargoMissingError.
    """
    if build.success or not any(error.is_of_linker for error in build.diagnostics):
        return None
    unreached = any(
        not build.units(package, target)
        for unit in build.missing_units(build.planned)
        for package, target in build.workspace.targets()
        if unit.is_of(package, target)
    )
    # Nobody can ask about a library that is there as a test alone, and was not linked.
    unlinked_library = any(
        target.kind == "lib" and not build.artifacts_of(package, target)
        for package, target in build.workspace.targets()
        if any(error.is_of_linker for error in build.errors(package.id, target))
    )
    return cargo.check(build, options) if unreached or unlinked_library else None
