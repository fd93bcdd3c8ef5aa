"""A project from a seed: every choice is made by one random generator."""

from __future__ import annotations

import copy
import random
from typing import Final

from . import containers, leaves, programs
from .contents import PREDICATES, Contents
from .project import CONFIGURATIONS, CONFTESTS, Configuration, Conftest, Project
from .targets import BROKEN, PATHS, Broken, Package, Target, Trial

__all__ = ["generate"]

_NAMES: Final = ("alpha", "beta-sys", "gamma", "delta_sys")
_TRIALS: Final = ("first", "a::b", "y - should panic", "with spaces", "b[1]", "line\nbreak", "a=b")
_CRATE_TYPES: Final = (
    ("rlib", "cdylib"),
    ("staticlib", "rlib"),
    ("cdylib",),
    ("rlib",),
    ("dylib",),
)


class _Generator:
    """The choices of one project."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.contents = Contents(self.random)
        self.seed = seed

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def project(self) -> Project:
        draw = self.random
        layout = draw.choices(
            ("single", "root-package", "virtual", "below-python"), (40, 25, 20, 15)
        )[0]
        count = 1 if layout == "single" else draw.choices((1, 2, 3), (25, 55, 20))[0]
        packages = [self._package(name) for name in _NAMES[:count]]
        for later, package in enumerate(packages[1:], 1):
            package.depends += self._depends(packages[:later])
        is_free = not any(package.depends for package in packages[1:])
        if layout != "virtual" and count > 1 and self.chance(0.5) and is_free:
            packages[0].depends += self._depends(packages[1:])
        self._tell_apart(packages)
        self._share(packages)
        self._share_module(packages)
        if self.chance(0.07):
            self._break(packages)
        project = Project(
            self.contents.next(),
            seed=self.seed,
            layout=layout,
            resolver=draw.choice("1223"),
            folder=draw.choices(("crates", "my crates", "src/crates", "build"), (82, 8, 5, 5))[0],
            children=list(packages),
        )
        self._beside(project)
        return project

    def _beside(self, project: Project) -> None:
        draw = self.random
        count = draw.choices((0, 1, 2), (60, 30, 10))[0]
        chosen = draw.sample(sorted(CONFIGURATIONS), count)
        if set(chosen) == {"quiet", "verbose"}:  # cargo refuses both at once
            chosen = ["quiet"]
        for how in chosen:
            project.children.append(Configuration(self.contents.next(), how=how))
        if self.chance(0.12):
            how = draw.choice(sorted(CONFTESTS))
            project.children.append(Conftest(self.contents.next(), how=how))

    def _depends(self, others: list[Package]) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
        draw = self.random
        usable = [p.name for p in others if any(t.kind == "lib" for t in p.targets())]
        if not usable or self.chance(0.2):
            return ()
        name = draw.choice(usable)
        features = draw.choice(((), (), ("extra",), ("live",)))
        if self.chance(0.3):
            self._divide(next(package for package in others if package.name == name))
            return (("dependencies", name, ()), ("build-dependencies", name, ("extra",)))
        section = draw.choices(
            ("dependencies", "dev-dependencies", "build-dependencies"), (60, 20, 20)
        )[0]
        return ((section, name, features),)

    def _tell_apart(self, packages: list[Package]) -> None:
        """Leave no library that is built twice under one name: cargo warns, and it is a race."""
        built = {
            name
            for package in packages
            for section, name, _ in package.depends
            if section == "build-dependencies"
        }
        for package in packages:
            for target in package.targets() if package.name in built else ():
                if {"cdylib", "dylib"} & {*target.crate_types}:
                    target.crate_types = ()

    def _divide(self, package: Package) -> None:
        """Let a library that is compiled with a feature and without differ in that."""
        if self.chance(0.3):
            return
        library = next(target for target in package.targets() if target.kind == "lib")
        package.default = ()
        predicate = self.random.choice(('feature = "extra"', 'not(feature = "extra")'))
        uid, fault = self.contents.next(), self.random.choice(("", "size"))
        block = leaves.Block(self.contents.next(), fault=fault)
        position = self.random.choice(containers.CFG_POSITIONS)
        library.children.append(
            containers.Cfg(uid, predicate=predicate, position=position, children=[block])
        )

    def _package(self, name: str) -> Package:
        draw = self.random
        package = Package(
            self.contents.next(),
            name=name,
            edition=draw.choice(("2018", "2021", "2021", "2024", "2024")),
            cfgs=self.chance(0.3),
            default=draw.choice(((), (), ("extra",), ("live",))),
        )
        kinds = ["lib"] if self.chance(0.88) else ["bin"]
        others = ("bin", "test", "example", "bench")
        kinds += draw.choices(others, (25, 40, 20, 15), k=draw.choices((0, 1, 2), (35, 45, 20))[0])
        taken: set[str] = set()
        for kind in kinds:
            target = self._target(kind, taken)
            package.children.append(target)
        for kind in ("bin", "test", "example", "bench"):
            mine = [target for target in package.targets() if target.kind == kind]
            if self.chance(0.06) and all(target.is_listed for target in mine):
                package.automatic[f"auto{kind}{'es' if kind == 'bench' else 's'}"] = False
        return package

    def _target(self, kind: str, taken: set[str]) -> Target:
        draw = self.random
        uid = self.contents.next()
        paths = PATHS[kind]
        weights = [10, *([4] * (len(paths) - 1))]
        path = draw.choices(paths, weights)[0]
        if path in taken or (path == "src/main.rs" and kind != "bin"):
            path = paths[0]
        taken.add("src/main.rs" if path == "src/main.rs" else "")
        name = draw.choice(("shape", f"{kind}-{uid}", f"{kind}_{uid}"))
        if kind in taken or (kind, name) == ("bin", "shape") or name in taken:
            name = f"{kind}-{uid}"
        taken.add(kind)
        if path == "src/main.rs":
            name = "" if self.chance(0.7) else name
        target = Target(uid, kind=kind, name=name, path=path, listed=self.chance(0.2))
        if kind == "lib":
            target.name = f"renamed_{uid}" if self.chance(0.12) or "@" in path else ""
            target.doctest = False if self.chance(0.1) else None
            target.crate_types = draw.choice(_CRATE_TYPES) if self.chance(0.12) else ()
        if kind == "test" and self.chance(0.15):
            target.gate = draw.choice(PREDICATES)
        self._switch(target)
        if kind != "lib" and self.chance(0.25):
            self._harness(target)
        if target.program.startswith("trials"):
            target.children += self._trials()
        else:
            target.children += self.contents.several(kind, has_tests=not target.program)
        return target

    def _switch(self, target: Target) -> None:
        usual = target.kind in ("lib", "bin", "test")
        if self.chance(0.1 if usual else 0.35):
            target.test = not usual
        if target.kind != "lib" and self.chance(0.12):
            target.required = (self.random.choice(("extra", "live")),)

    def _harness(self, target: Target) -> None:
        draw = self.random
        names = [*programs.PROGRAMS, "trials", "trials", "trials", "trials-as-text"]
        target.program = draw.choice(names)
        if target.program.startswith("trials"):
            target.ending = draw.choice(("well", "well", *programs.ENDINGS))

    def _trials(self) -> list[Trial]:
        draw = self.random
        names = draw.sample(_TRIALS, draw.randint(1, 3))
        if self.chance(0.1):
            names = ["line\nbreak"]
        return [
            Trial(
                self.contents.next(),
                name=name,
                how=draw.choice(("pass", "pass", "fail", "ignored")),
            )
            for name in names
        ]

    def _share(self, packages: list[Package]) -> None:
        """Let two targets of a package include one file of bindings."""
        for package in packages:
            targets = [target for target in package.targets() if not target.program]
            if len(targets) < 2 or not self.chance(0.25):
                continue
            file, first = f"shared{self.contents.next()}", 0
            for target in self.random.sample(targets, 2):
                uid = self.contents.next()
                first = first or 1000 + uid
                wrong = self.chance(0.3)
                node = containers.SharedInclude(uid, file=file, recorded=first, wrong=wrong)
                if wrong and first == 1000 + uid:
                    node.wrong = False
                target.children.append(node)

    def _share_module(self, packages: list[Package]) -> None:
        """Let two targets of a package have one file as a module."""
        for package in packages:
            targets = [target for target in package.targets() if not target.program]
            if len(targets) < 2 or not self.chance(0.15):
                continue
            uid = self.contents.next()
            node = containers.SharedModule(uid, children=self.contents.leaves())
            for target in self.random.sample(targets, 2):
                target.children.append(copy.deepcopy(node))

    def _break(self, packages: list[Package]) -> None:
        targets = [target for package in packages for target in package.targets()]
        target = self.random.choice(targets)
        if target.program:
            return
        uid = self.contents.next()
        if self.chance(0.35):
            target.children.append(leaves.BrokenType(uid))
        else:
            target.children.append(Broken(uid, how=self.random.choice(BROKEN)))


def generate(seed: int) -> Project:
    """Return the project of a seed: the same on every machine."""
    return _Generator(seed).project()
