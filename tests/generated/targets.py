"""Cargo targets and packages as nodes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final

from .model import Book, Node, Owner, Sheet
from .programs import MACROS, PROGRAMS, harness

__all__ = ["BROKEN", "PATHS", "Broken", "Package", "Target", "Trial", "toml"]

# Where the root file of a target lies, by kind: found by cargo itself, or listed.
PATHS: Final[dict[str, tuple[str, ...]]] = {
    "lib": ("src/lib.rs", "lib/@.rs"),
    "bin": ("src/bin/@.rs", "src/bin/@/main.rs", "src/main.rs", "apps/@.rs"),
    "test": ("tests/@.rs", "tests/@/main.rs", "checks/@.rs"),
    "example": ("examples/@.rs", "examples/@/main.rs", "demos/@.rs"),
    "bench": ("benches/@.rs", "benches/@/main.rs", "speed/@.rs"),
}
_FOUND: Final = ("src/lib.rs", "src/bin/", "src/main.rs", "tests/", "examples/", "benches/")
_BROKEN: Final[dict[str, str]] = {
    "type": 'pub fn broken() -> u8 { "text" }',
    "name": "pub fn broken() -> Unknown { loop {} }",
    "import": "use nowhere::nothing;",
    "constant": "pub const BROKEN: usize = 3 - 4; pub static HOLDS: usize = BROKEN;",
    "borrow": "pub fn broken() { let a = String::new(); drop(a); drop(a); }",
    "module": "mod not_there;",
    "only-in-tests": '#[cfg(test)] pub fn broken() -> u8 { "text" }',
    "not-in-tests": '#[cfg(not(test))] pub fn broken() -> u8 { "text" }',
}
BROKEN: Final = tuple(_BROKEN)


def toml(value: object) -> str:
    """Return a value as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml(entry) for entry in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(entry)}" for key, entry in value.items()) + " }"
    return str(value)


@dataclass
class Broken(Node):
    """An error of another kind than a wrong layout."""

    how: str = "type"
    transparent: ClassVar[bool] = False

    @property
    def tag(self) -> str:
        """Tell the errors apart."""
        return f"broken:{self.how}"

    def write(self, sheet: Sheet) -> None:
        """Write it, unless the project is to be sound."""
        if not sheet.book.sound:
            sheet.line(_BROKEN[self.how])


@dataclass
class Trial(Node):
    """A test of a harness that is not libtest."""

    name: str = ""
    how: str = "pass"

    @property
    def tag(self) -> str:
        """Tell apart what becomes of it."""
        return f"trial:{self.how}"

    def write(self, sheet: Sheet) -> None:
        """The harness's text holds it."""
        sheet.place("test", self.name or f"trial{self.uid}")


@dataclass
class Target(Node):
    """A cargo target with what its root file holds."""

    kind: str = "lib"
    name: str = ""
    path: str = "src/lib.rs"
    listed: bool = False
    test: bool | None = None
    doctest: bool | None = None
    program: str = ""
    """With `harness = false`: a program's name, `trials`, or `trials-as-text`."""
    ending: str = "well"
    required: tuple[str, ...] = ()
    crate_types: tuple[str, ...] = ()
    gate: str = ""
    """What a `#![cfg(..)]` of the whole crate asks for."""
    transparent: ClassVar[bool] = False

    @property
    def tag(self) -> str:
        """Tell kinds apart."""
        return f"target:{self.kind}"

    def tags(self) -> tuple[str, ...]:
        """Add how the manifest sets it."""
        found = [self.tag, f"{self.kind}-path:{self.path}"]
        found += [f"{self.kind}:{name}={value}".lower() for name, value in self._switches().items()]
        if self.program:
            found.append(f"harness:{self.program}")
            if self.program.startswith("trials"):
                found.append(f"harness-ends:{self.ending}")
        found += [f"crate-type:{name}" for name in self.crate_types]
        found += [f"gate:{self.gate}"] if self.gate else []
        return tuple(found)

    def _switches(self) -> dict[str, object]:
        found: dict[str, object] = {"test": self.test, "doctest": self.doctest}
        found = {name: value for name, value in found.items() if value is not None}
        if self.required:
            found["required-features"] = list(self.required)
        return found

    def root(self) -> str:
        """Return its root file, relative to the package."""
        return self.path.replace(
            "@", self.name.replace("-", "_") if self.kind == "lib" else self.name
        )

    @property
    def is_listed(self) -> bool:
        """Tell whether the manifest has to have a table for it."""
        found = self.path.startswith(_FOUND) or self.path == "src/main.rs"
        renamed = self.path == "src/main.rs" and self.name
        return bool(self.listed or self.program or renamed or self._switches() or not found)

    def table(self, named: str = "") -> list[str]:
        """Return its table in the manifest; ``named`` is what it is called if by nothing else."""
        if not self.is_listed and not self.crate_types and not (self.kind == "lib" and self.name):
            return []
        lines = [f"[{self.kind}]" if self.kind == "lib" else f"[[{self.kind}]]"]
        if self.name or named:
            lines.append(f"name = {toml(self.name or named)}")
        lines.append(f"path = {toml(self.root())}")
        lines += [f"{name} = {toml(value)}" for name, value in self._switches().items()]
        if self.program:
            lines.append("harness = false")
        if self.crate_types:
            lines.append(f"crate-type = {toml(list(self.crate_types))}")
        return lines

    def write_files(self, book: Book, owner: Owner, tags: tuple[str, ...]) -> None:
        """Write its root file, and all that stands in it."""
        from .model import Where

        folder = owner.root.rpartition("/")[0]
        where = Where(owner, owner.root, (owner.root,), (owner.root,), (), folder, tags=tags)
        sheet = Sheet(book, where)
        for child in self.children:
            self.write_child(sheet, child)
        book.add(owner.root, self._text(book, owner, sheet))
        if self.program and not self.program.startswith("trials"):
            sheet.place("main", "@main")

    def _text(self, book: Book, owner: Owner, sheet: Sheet) -> str:
        if self.program.startswith("trials"):
            trials = [
                (child.name or f"trial{child.uid}", child.how)
                for child in self.children
                if isinstance(child, Trial)
            ]
            return harness(
                trials,
                json=self.program == "trials",
                ending=self.ending,
                edition=owner.edition,
            )
        called = book.macros.get((owner.package, owner.kind, owner.name), set())
        macros = [
            text
            for name, text in MACROS.items()
            if any(_DEFINES.get(how) == name for how in called)
        ]
        if self.program:
            return "\n".join([*macros, *sheet.lines, PROGRAMS[self.program]])
        main = ["fn main() {}"] if self.kind in ("bin", "example", "bench") else []
        gate = [f"#![cfg({self.gate})]"] if self.gate else []
        return "\n".join([*gate, "#![allow(warnings)]", *macros, *sheet.lines, *main]) + "\n"


_DEFINES: Final = {
    "keep": "keep",
    "nested-keep": "keep",
    "cfg-if-then": "choose",
    "cfg-if-else": "choose",
    "cfg-if-dropped": "choose",
    "drop": "discard",
}


@dataclass
class Package(Node):
    """A package: its targets are its children."""

    name: str = "alpha"
    edition: str = "2021"
    cfgs: bool = False
    """Whether its build script sets `cfg`s."""
    default: tuple[str, ...] = ()
    """Its default features, of `extra` and `live`."""
    depends: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    """Other packages: a section, a name, and features to switch on there."""
    automatic: dict[str, bool] = field(default_factory=dict)
    """`autotests` and the like."""
    outside: bool = False
    """Whether it is excluded from the workspace, and used by path alone."""
    transparent: ClassVar[bool] = False

    @property
    def tag(self) -> str:
        """The one kind."""
        return "package"

    def tags(self) -> tuple[str, ...]:
        """Add how the manifest sets it."""
        found = [f"edition:{self.edition}"]
        found += ["build-script-cfgs"] if self.cfgs else []
        found += [f"default-feature:{name}" for name in self.default]
        found += [f"{section}{'+features' if more else ''}" for section, _, more in self.depends]
        found += [f"{name}={value}".lower() for name, value in self.automatic.items()]
        return tuple(found)

    def targets(self) -> list[Target]:
        """Return its targets."""
        return [child for child in self.children if isinstance(child, Target)]

    def primary(self) -> Target | None:
        """Return the target whose files carry no level: the library, ``main.rs``, else a bin."""
        targets = self.targets()
        libraries = [target for target in targets if target.kind == "lib"]
        bins = [target for target in targets if target.kind == "bin"]
        mains = [target for target in bins if target.path == "src/main.rs"]
        # cargo's metadata has bins in the order of their names.
        return next(iter([*libraries, *mains, *sorted(bins, key=lambda t: t.name)]), None)

    def target_name(self, target: Target) -> str:
        """Return a target's name as cargo has it."""
        if target.kind == "lib":
            return (target.name or self.name).replace("-", "_")
        return self.name if target.path == "src/main.rs" and not target.name else target.name

    def write_files(self, book: Book, directory: str, around: tuple[str, ...]) -> None:
        """Write all but the manifest and the build script, which follow from the rest."""
        tags = around + self.tags()
        primary = self.primary()
        for target in self.targets():
            book.pairs.update((mine, other) for mine in tags for other in target.tags())
            root = f"{directory}/{target.root()}" if directory else target.root()
            owner = Owner(
                self.name,
                target.kind,
                self.target_name(target),
                directory,
                root,
                target is primary,
                self.edition,
                target.program,
                target.ending == "well",
            )
            book.owners[root] = owner
            target.write_files(book, owner, tags)

    def manifest(self, book: Book, paths: dict[str, str], *, attributes: bool) -> list[str]:
        """Return its manifest; ``paths`` lead from it to other packages."""
        lines = [
            "[package]",
            f"name = {toml(self.name)}",
            'version = "0.1.0"',
            f"edition = {toml(self.edition)}",
            *(f"{name} = {toml(value)}" for name, value in self.automatic.items()),
            "[features]",
            f"default = {toml(list(self.default))}",
            "extra = []",
            "live = []",
        ]
        for target in self.targets():
            lines += target.table(self.name if target.kind == "bin" else "")
        sections: dict[str, list[str]] = {}
        for section, name, features in self.depends:
            if name in paths:
                entry: dict[str, object] = {"path": paths[name]}
                entry |= {"features": list(features)} if features else {}
                sections.setdefault(section, []).append(f"{name} = {toml(entry)}")
        if attributes and "attributes" in paths:
            sections.setdefault("dependencies", []).append(
                f"attributes = {toml({'path': paths['attributes']})}"
            )
        for section, entries in sections.items():
            lines += [f"[{section}]", *entries]
        return lines

    def build_script(self, book: Book) -> str | None:
        """Return the build script, if it has something to do."""
        generated = book.generated.get(self.name, {})
        uses = any(section == "build-dependencies" for section, _, _ in self.depends)
        if not generated and not self.cfgs and not uses:
            return None
        lines = ["fn main() {", 'println!("cargo::rerun-if-changed=build.rs");']
        if self.cfgs:
            lines += [
                'println!("cargo::rustc-check-cfg=cfg(from_build)");',
                'println!("cargo::rustc-cfg=from_build");',
                'println!("cargo::rustc-cfg=level=\\"high\\"");',
            ]
        if generated:
            lines.append('let out = std::env::var("OUT_DIR").unwrap();')
            lines.append('std::fs::create_dir_all(format!("{out}/sub")).unwrap();')
        for name, text in generated.items():
            lines.append(f'std::fs::write(format!("{{out}}/{name}"), r####"{text}"####).unwrap();')
            plain = name.rpartition("/")[2].partition(".")[0].removeprefix("g")
            lines.append(f'println!("cargo::rustc-env=GENERATED_{plain}={{out}}/{name}");')
        return "\n".join([*lines, "}"]) + "\n"
