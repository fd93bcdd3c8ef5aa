"""Cargo's command lines, made by pure functions."""

from __future__ import annotations

import os.path
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ..late import dataclass, regex

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .build import Build, Unit
    from .metadata import Package, Target, Workspace

__all__ = [
    "CHECK",
    "BuildOptions",
    "build_arguments",
    "check_arguments",
    "clippy_arguments",
    "completion_arguments",
    "describe_arguments",
    "expansion_arguments",
    "libraries_arguments",
    "library_arguments",
    "recording_arguments",
    "shown_command",
]

CHECK: Final = "check"
"""The subcommand that compiles without code and without a linker."""


@dataclass(frozen=True)
class BuildOptions:
    """Options for cargo. Each has the name of cargo's option."""

    packages: tuple[str, ...] = ()
    """Names of the packages to build; empty for the whole workspace."""
    features: tuple[str, ...] = ()
    all_features: bool = False
    no_default_features: bool = False
    profile: str | None = None
    target: str | None = None
    """The target triple; None for cargo's default."""
    target_dir: str | None = None
    """The target directory; None for cargo's default."""
    extra: tuple[str, ...] = ()
    """More arguments for cargo."""

    def directory(self, workspace: Workspace) -> str:
        """Return where cargo builds a workspace."""
        return os.path.join(workspace.root, self.target_dir or workspace.target_directory)

    def to_type(self) -> list[str]:
        """Return what selects features, profile and target, for a line that people type.

        Another target directory is our doing, not something to type.
        """
        return replace(self, target_dir=None).arguments()

    def shown(self) -> str:
        """Return `to_type` as a part of a line, with a blank before it; "" for nothing."""
        words = self.to_type()
        return f" {shlex.join(words)}" if words else ""

    def arguments(self) -> list[str]:
        """Return what selects features, profile and target; no package."""
        words: list[str] = []
        if self.features:
            words.append("--features=" + ",".join(self.features))
        if self.all_features:
            words.append("--all-features")
        if self.no_default_features:
            words.append("--no-default-features")
        if self.profile:
            words.append(f"--profile={self.profile}")
        if self.target:
            words.append(f"--target={self.target}")
        if self.target_dir:
            words.append(f"--target-dir={self.target_dir}")
        return [*words, *_without_ours(self.extra)]


def _selection(options: BuildOptions) -> list[str]:
    return [f"--package={name}" for name in options.packages] or ["--workspace"]


def _has_profile(options: BuildOptions) -> bool:
    return bool(options.profile) or "--release" in options.extra


def _call(command: str, options: BuildOptions, *flags: str, tested: bool = False) -> list[str]:
    """Return a call of cargo about the selected packages, whose messages are read.

    ``tested``: in the profile that ``cargo test`` builds in, whatever the command.
    """
    profile = ["--profile=test"] if tested and not _has_profile(options) else []
    return [command, *_selection(options), *profile, *flags, _JSON, *options.arguments()]


# Cargo takes none of these twice, and its messages are read: how they look is our matter.
_OURS = ("--quiet", "--no-fail-fast", "--no-run", "--workspace", "--all", "--keep-going")
_QUIET = regex("-[qv]*q[qv]*")
_FORMAT = "--message-format"
_JSON = f"{_FORMAT}=json"


def _without_ours(extra: Sequence[str]) -> Iterator[str]:
    """Yield a user's words for cargo without those that every build is given, or must not be."""
    waiting = iter(extra)
    for word in waiting:
        if word == "--":  # from here on they are for test processes
            yield word
            yield from waiting
        elif word == _FORMAT:
            next(waiting, None)
        elif not (word in _OURS or _QUIET.fullmatch(word) or word.startswith(f"{_FORMAT}=")):
            yield word


def library_arguments(
    options: BuildOptions, package: Package, features: Sequence[str]
) -> list[str]:
    """Return the arguments that build a package's library, as a dependent would link it.

    The whole workspace takes part, so that features are those of the tests; ``features`` are
    added for the package alone.
    """
    more = [f"{package.name}/{feature}" for feature in features]
    packages = (package.name,) if options.packages or more else ()
    own = replace(options, packages=packages, features=(*options.features, *more))
    return _call("build", own, "--lib")


def completion_arguments(options: BuildOptions, build: Build) -> list[str]:
    """Return the arguments that build what a failed build left out.

    ``cargo test`` stops starting compilers at the first error, and has no ``--keep-going``;
    ``cargo build`` has it, and builds the very same units in the same profile: no programs but
    those that are tests, or that tests need. A flag is for all packages: libraries are built as
    what others link to where all of them have to be.
    """
    targets = list(build.workspace.targets())
    libraries = [build.plans(*one, test=False) for one in targets if one[1].kind == "lib"]
    library = ["--lib"] if libraries and all(libraries) else []
    examples = _plain_examples(build, [one for one in targets if one[1].kind == "example"])
    flags = [*library, "--tests", *examples, "--keep-going", "-v"]
    return _call("build", options, *flags, tested=True)


def _plain_examples(build: Build, examples: Sequence[tuple[Package, Target]]) -> list[str]:
    """Return what selects the examples that are built as what they are: those without tests."""
    names = {one.name for package, one in examples if build.plans(package, one, test=False)}
    # By name, cargo refuses one whose features are not there.
    if any(one.name in names and not build.plans(package, one) for package, one in examples):
        return ["--examples"]
    return [f"--example={name}" for name in sorted(names)]


def libraries_arguments(options: BuildOptions) -> list[str]:
    """Return the arguments that build all libraries as what other crates link to.

    ``cargo test`` leaves out those that no test, doctest or binary needs.
    """
    return _call("build", options, "--lib", tested=True)


def check_arguments(options: BuildOptions, *, library: bool) -> list[str]:
    """Return the arguments that compile all tests as far as rustc itself has anything to say.

    ``library`` tells whether any package has one: cargo refuses to look for what is not there.
    To cargo, the profile of tests would mean that libraries are checked as tests alone.
    """
    return [
        CHECK,
        *_selection(options),
        *(["--lib"] if library else []),
        "--tests",
        "--keep-going",
        "--message-format=json",
        "-v",
        *options.arguments(),
    ]


def clippy_arguments(options: BuildOptions, *, library: bool, words: Sequence[str]) -> list[str]:
    """Return the arguments that let clippy read all that tests are built from.

    ``library`` tells whether any package has one: cargo refuses to look for what is not there.
    ``words`` are for clippy itself; with none it reads what it does for those who type no more:
    libraries and programs. Dependencies are compiled as for ``cargo check``.
    """
    if not words:
        return _call("clippy", options, "--keep-going")
    flags = ["--bins", "--tests", "--examples", "--keep-going", "--no-deps"]
    own = ["--lib", *flags] if library else flags
    return [*_call("clippy", options, *own), "--", *words]


def describe_arguments(options: BuildOptions, package: str, words: Sequence[str]) -> list[str]:
    """Return the arguments that let rustdoc read a library, with words of its own."""
    return ["rustdoc", f"--package={package}", "--lib", *options.arguments(), "--", *words]


def build_arguments(options: BuildOptions) -> list[str]:
    """Return the arguments of the one build of a workspace.

    ``-v`` makes cargo print compiler calls: the only place that names the dep-info file of a
    crate that does not compile.
    """
    return _call("test", options, "--no-run", "--no-fail-fast", "-v")


def expansion_arguments(
    options: BuildOptions, unit: Unit, printed: Sequence[str], *, unified: bool = False
) -> list[str] | None:
    """Return the arguments that make rustc print what a unit becomes; None if cargo has none.

    ``printed``: rustc's flags for that. ``cargo rustc`` compiles for tests in the profile ``test``
    alone. ``unified``: features are those that the package has in the whole workspace.
    """
    profile: list[str] = []
    if _has_profile(options):
        if unit.test:
            return None
    else:
        profile = ["--profile=test" if unit.test else "--profile=dev"]
    own = options
    if not unified:  # else a feature goes to each package that has one of that name
        own = replace(options, features=unit.features, all_features=False, no_default_features=True)
    return [
        "rustc",
        f"--package={unit.package.id}",
        *unit.target.flag,
        *profile,
        *(["-Zfeature-unification"] if unified else []),
        *own.arguments(),
        "--",
        *printed,
    ]


def recording_arguments(
    options: BuildOptions, build: Build, *, doctests: bool
) -> Iterator[list[str]]:
    """Yield the arguments that make cargo start each test of a build, as it does for a user.

    Of an incomplete build the targets that are there are named: else cargo starts none. The
    user's own runner, if it was given with ``--config``, is left out: it would win over ours.
    """
    rest = [
        "--no-fail-fast",
        *replace(options, extra=tuple(_without_runner(options.extra))).arguments(),
    ]
    selection = _selection(options)
    if build.success:
        yield ["test", *selection, *([] if doctests else ["--tests"]), *rest]
        return
    flags = build.unbroken_flags()
    if flags:
        yield ["test", *selection, *flags, *rest]
    # Of one that cannot be built cargo says so, and starts rustdoc for none of the others.
    documented = filter(build.can_document, build.documented_packages()) if doctests else ()
    there = {package.name for package in documented}
    if there:
        names = options.packages or [package.name for package in build.workspace.packages]
        out = [f"--exclude={name}" for name in names if name not in there]
        named = [f"--package={name}" for name in options.packages if name in there]
        yield ["test", "--doc", *(named or ["--workspace", *out]), *rest]


def _without_runner(words: Sequence[str]) -> Iterator[str]:
    waiting = iter(words)
    for word in waiting:
        if word == "--config":
            value = next(waiting, "")
            if "runner" not in value:
                yield word
                yield value
        elif not (word.startswith("--config=") and "runner" in word):
            yield word


def shown_command(
    package: Package, target: Target | None, test: str | None, options: BuildOptions
) -> str:
    """Return the line to type for one test with cargo alone, in the workspace's directory."""
    words = ["cargo", "test", "-p", package.name]
    words += options.to_type()
    words += target.flag if target is not None else ("--doc",)
    if test is not None:
        words += ["--", "--exact", test] if target is not None else ["--", test]
    return shlex.join(words)
