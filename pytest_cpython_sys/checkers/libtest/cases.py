"""The cases of a program with tests, wherever the list of them comes from."""

from __future__ import annotations

import os.path
import shlex
from collections import Counter
from typing import TYPE_CHECKING, Final

from ...cargo import shown_command
from ...case import Case, Location
from ...late import dataclass
from ...rust.include_sites import Places
from ...rust.test_binary.listing import test_environment
from ...rust.test_location import target_case

if TYPE_CHECKING:
    from ...cargo import Package, Target, TestProcess
    from ...case import Kind
    from ...rust.context import BuildContext
    from ...rust.test_binary.listing import ListedTest

__all__ = ["CHECKER", "KINDS", "CaseMaker", "Executable", "is_layout_test", "program_case"]

CHECKER: Final = "libtest"
KINDS: Final[dict[str, Kind]] = {
    "lib": "unit",
    "bin": "unit",
    "test": "integration",
    "example": "example",
    "bench": "bench",
}


def is_layout_test(name: str) -> bool:
    """Tell whether a test is one of those that bindgen's old style generates."""
    return name.rpartition("::")[2].lstrip("_").startswith("bindgen_test_layout_")


@dataclass(frozen=True)
class Executable:
    """A program with tests, and what it was built from."""

    context: BuildContext
    package: Package
    target: Target
    path: str
    """Empty for one that was compiled and not linked."""

    @property
    def process(self) -> TestProcess:
        """How cargo starts it."""
        return self.context.processes.executables[self.path]

    def environment(self) -> dict[str, str]:
        """Return the environment that it lists and runs its tests in."""
        env = self.context.environment(self.package, self.process)
        return test_environment(env, self.context.cargo.toolchain)

    def absolute(self, source: str) -> str:
        """Return the path of a source file that rustc was given."""
        return os.path.normpath(os.path.join(self.context.build.workspace.root, source))


def _kind(test: ListedTest, target: Target) -> Kind:
    if test.bench:
        return "bench"
    return "layout" if is_layout_test(test.name) else KINDS[target.kind]


class CaseMaker:
    """Makes the cases of an executable; what many tests share is found out once."""

    def __init__(self, executable: Executable) -> None:
        self._executable = executable
        self._places = Places(executable.context, executable.package, executable.target)
        self._command = shown_command(
            executable.package, executable.target, None, executable.context.options
        )
        self.seen: Counter[str] = Counter()
        """How many tests of each name there were."""

    def make(self, test: ListedTest, skip: str | None) -> Case:
        """Return the case of a test; ``skip`` says why it is not to be run."""
        executable = self._executable
        source = executable.absolute(test.source) if test.source else None
        levels = test.name.split("::")
        where = self._places.of(source, levels[:-1])
        is_layout = is_layout_test(test.name)
        generated = None
        if (
            source is not None
            and not where.inside
            and (is_layout or executable.context.wrote(source))
        ):
            generated = Location(source, test.line)
        self.seen[test.name] += 1
        return Case(
            file=where.file,
            levels=(*where.levels, *levels),
            kind=_kind(test, executable.target),
            checker=CHECKER,
            package=executable.package.name,
            target=executable.target.name,
            rust_test=test.name,
            line=test.line if where.inside else where.line,
            generated=generated,
            command=f"{self._command} -- --exact {shlex.quote(test.name)}",
            group=executable.path,
            skip=skip,
            ordinal=self.seen[test.name],
        )


def program_case(
    executable: Executable, level: str, kind: Kind, *, message: str | None = None
) -> Case:
    """Return the case of a whole program; with a message, one that is not run."""
    package, target = executable.package, executable.target
    return target_case(
        package,
        target,
        level,
        kind=kind,
        checker=CHECKER if message is None else "target",
        rust_test=target.name,
        command=shown_command(package, target, None, executable.context.options),
        group=executable.path if message is None else message,
    )
