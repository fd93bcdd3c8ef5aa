"""Nodes around leaves: the ways in which a test or a block gets into a crate, or does not."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, replace
from typing import Final

from . import leaves
from .model import Node, Sheet
from .places import discovered

__all__ = [
    "BRACKETS",
    "CALLS",
    "CFG_POSITIONS",
    "FILE_MODULES",
    "INCLUDES",
    "OUTPUTS",
    "Cfg",
    "FileModule",
    "Include",
    "InlineModule",
    "OutputInclude",
    "SharedInclude",
    "SharedModule",
]

FILE_MODULES: Final = ("file", "mod.rs", "path", "path-outside-src", "cfg-attr-path")
INCLUDES: Final = (
    "beside.rs",
    "beside.inc",
    "beside.txt",
    "below.rs",
    "outside-src.rs",
    "outside-src.in",
    "outside-package.rs",
)
OUTPUTS: Final = ("concat.rs", "concat.inc", "variable.rs", "nested.rs", "subdirectory.rs")
CALLS: Final = ("braces", "parentheses", "brackets")
CFG_POSITIONS: Final = ("module", "direct", "macro", "cfg-attr", "inner-attribute", "not-on-both")
BRACKETS: Final = {"braces": ("{", "}"), "parentheses": ("(", ");"), "brackets": ("[", "];")}


@dataclass
class InlineModule(Node):
    """`mod name { ... }`."""

    name: str = ""
    cfg: str = ""

    @property
    def tag(self) -> str:
        """The one kind."""
        return "inline-module"

    def write(self, sheet: Sheet) -> None:
        """Write the module."""
        name = self.name or f"m{self.uid}"
        where = sheet.where
        if self.cfg:
            sheet.line(f"#[cfg({self.cfg})]")
        sheet.line(f"pub mod {name} {{")
        self.write_children(sheet, modules=(*where.modules, name), inline=(*where.inline, name))
        sheet.line("}")


@dataclass
class FileModule(Node):
    """`mod name;`, in one of the files that it may be in."""

    how: str = "file"
    ending: str = "lf"

    @property
    def tag(self) -> str:
        """Tell apart how the file is found."""
        return f"module:{self.how}"

    def tags(self) -> tuple[str, ...]:
        """Add how its lines end."""
        return (self.tag, *([f"ending:{self.ending}"] if self.ending != "lf" else []))

    def write(self, sheet: Sheet) -> None:
        """Write the declaration, and the file."""
        where, name = sheet.where, f"f{self.uid}"
        if where.tokens or where.generated:
            # Inside a macro's tokens it would be found elsewhere; an inline module it is, then.
            InlineModule(self.uid, name=name, children=self.children).write(sheet)
            return
        base = posixpath.join(where.folder, *where.inline)
        beside = posixpath.dirname(where.path) if not where.inline else base
        how, start = self.how, beside
        if discovered(beside) and not where.inline:
            how, beside = ("mod.rs" if how == "file" else how), f"{beside}/odd"
        to_beside = "odd/" if beside != start else ""
        path, attribute, folder = {
            "file": (f"{base}/{name}.rs", "", f"{base}/{name}"),
            "mod.rs": (f"{base}/{name}/mod.rs", "", f"{base}/{name}"),
            "path": (f"{beside}/odd_{name}.rs", f'#[path = "{to_beside}odd_{name}.rs"]', beside),
            "path-outside-src": (
                where.owner.path(f"outside/{name}.rs"),
                f'#[path = "{_relative(where.owner.path(f"outside/{name}.rs"), start)}"]',
                where.owner.path("outside"),
            ),
            "cfg-attr-path": (
                f"{beside}/odd_{name}.rs",
                f'#[cfg_attr(all(), path = "{to_beside}odd_{name}.rs")]',
                beside,
            ),
        }[how]
        path, folder = path.lstrip("/"), folder.lstrip("/")
        sheet.line(*filter(None, [attribute]), f"pub mod {name};")
        inner = sheet.other(
            path=path, files=(path,), test_files=(path,), modules=(), inline=(), folder=folder
        )
        self.write_children(inner)
        sheet.book.add(path, ended(inner.text(), self.ending))
        if where.inline and self.how in ("path", "cfg-attr-path", "path-outside-src"):
            # The path is looked for in the inline modules' directories, which must be there.
            sheet.book.add(f"{beside}/.keep", "\n")


def ended(text: str, ending: str) -> str:
    """Return a text with lines that end otherwise, or with a byte order mark before it."""
    if ending == "crlf":
        return text.replace("\n", "\r\n")
    return "\ufeff" + text if ending == "bom" else text


def _relative(path: str, start: str) -> str:
    return posixpath.relpath(path or ".", start or ".")


@dataclass
class Include(Node):
    """`include!` of a file that stands in the project."""

    how: str = "beside.rs"
    call: str = "parentheses"
    manifest_dir: bool = False
    """Whether the path begins with `env!("CARGO_MANIFEST_DIR")`."""
    ending: str = "lf"

    @property
    def tag(self) -> str:
        """Tell apart where the file lies and how it is called."""
        return f"include:{self.how}"

    def tags(self) -> tuple[str, ...]:
        """Add how its lines end."""
        return (self.tag, *([f"ending:{self.ending}"] if self.ending != "lf" else []))

    def write(self, sheet: Sheet) -> None:
        """Write the call, and the file."""
        where = sheet.where
        place, _, extension = self.how.partition(".")
        name = f"i{self.uid}.{extension}"
        beside = posixpath.dirname(where.path)
        if place == "beside" and discovered(beside):
            place = "below"
        path = {
            "beside": posixpath.join(beside, name),
            "below": posixpath.join(beside, f"parts{self.uid}", name),
            "outside-src": where.owner.path(f"parts/{name}"),
            "outside-package": posixpath.normpath(f"{where.owner.directory or '.'}/../{name}"),
        }[place]
        if where.generated or (place == "outside-package" and not where.owner.directory):
            path = where.owner.path(f"parts/{name}")
            place = "outside-src"
        if place != "outside-package" and where.owner.directory:
            inside = path.startswith(f"{where.owner.directory}/")
            place = place if inside else "outside-package"
        if self.manifest_dir or where.generated:
            rest = _relative(path, where.owner.directory)
            argument = f'concat!(env!("CARGO_MANIFEST_DIR"), "/{rest}")'
        else:
            argument = f'"{_relative(path, beside)}"'
        opening, closing = BRACKETS[self.call]
        sheet.line(f"include!{opening}{argument}{closing}")
        inner = sheet.other(
            path=path, inline=(), tokens=True, generated=False, **self._files(sheet, path, place)
        )
        self.write_children(inner)
        sheet.book.add(path, ended(inner.text(), self.ending))

    def _files(self, sheet: Sheet, path: str, place: str) -> dict[str, tuple[str, ...]]:
        """Return under which files its leaves stand, and below which modules."""
        where = sheet.where
        if place != "outside-package":
            return {"files": (path,), "test_files": (path,), "modules": ()}
        # A file outside of the package is none of the package's own: what is in it stands where
        # it is read, or under the target's root file.
        sheet.book.outside[path] = where.files[0]
        files = tuple(dict.fromkeys((*where.files, where.owner.root)))
        return {"files": files, "test_files": files}


@dataclass
class OutputInclude(Node):
    """`include!` of a file that the build script writes."""

    how: str = "concat.rs"
    call: str = "parentheses"

    @property
    def tag(self) -> str:
        """Tell apart how the file is named."""
        return f"generated:{self.how}"

    def write(self, sheet: Sheet) -> None:
        """Write the call, and what the build script is to write."""
        where = sheet.where
        form, _, extension = self.how.partition(".")
        name = f"g{self.uid}.{extension}"
        if form == "subdirectory":
            name = f"sub/{name}"
        if form == "nested" and where.generated:
            argument = f'"{_relative(name, posixpath.dirname(where.path))}"'
        elif form == "variable":
            argument = f'env!("GENERATED_{self.uid}")'
        else:
            argument = f'concat!(env!("OUT_DIR"), "/{name}")'
        opening, closing = BRACKETS[self.call]
        sheet.line(f"include!{opening}{argument}{closing}")
        package = where.owner.package
        sheet.book.folders[package, name] = where.files[0]
        inner = sheet.other(path=name, inline=(), tokens=True, generated=True)
        self.write_children(inner)
        sheet.book.generated.setdefault(package, {})[name] = inner.text()


@dataclass
class SharedInclude(Node):
    """A file that several targets include: the block in it is about each one's own type."""

    file: str = "shared1"
    recorded: int = 0
    """The number in the file."""
    wrong: bool = False
    """Whether this target's own type is of another size."""

    @property
    def tag(self) -> str:
        """The one kind."""
        return "include:shared"

    def write(self, sheet: Sheet) -> None:
        """Write this target's type and the call; the file is the same for all."""
        where = sheet.where
        wrong = self.wrong and not sheet.book.right
        size = 1000 + self.uid if wrong else self.recorded
        path = where.owner.path(f"parts/{self.file}.rs")
        name = f"S{self.file}"
        sheet.line(
            f"pub mod inner_{self.file} {{",
            f"#[repr(C)] pub struct {name} {{ pub a: [u8; {size}] }}",
            f'include!(concat!(env!("CARGO_MANIFEST_DIR"), "/parts/{self.file}.rs"));',
            "}",
        )
        sheet.book.add(path, "\n".join(leaves.block_lines(name, self.recorded, "lines")) + "\n")
        inner = sheet.inside(files=(path,), modules=())
        inner.place("block", name, sizes=(size,), recorded=self.recorded)


# What begins with the item that an attribute before it is about.
_ONE_ITEM: Final = (InlineModule, FileModule, Include, OutputInclude, leaves.Block)


@dataclass
class SharedModule(Node):
    """One file that is a module of several targets: each has its own copy of what is in it."""

    @property
    def tag(self) -> str:
        """The one kind."""
        return "module:shared"

    def write(self, sheet: Sheet) -> None:
        """Write the declaration, and the same file for each."""
        owner = sheet.where.owner
        path = owner.path(f"common/s{self.uid}.rs")
        here = posixpath.dirname(sheet.where.path)
        sheet.line(f'#[path = "{_relative(path, here)}"]', f"pub mod s{self.uid};")
        inner = sheet.other(
            path=path,
            files=(path,),
            test_files=(path,),
            modules=(),
            inline=(),
            folder=owner.path("common"),
        )
        self.write_children(inner)
        sheet.book.add(path, inner.text())


@dataclass
class Cfg(Node):
    """A condition that its contents stand under, in one of the positions that it may have."""

    predicate: str = "all()"
    position: str = "module"

    @property
    def tag(self) -> str:
        """Tell the positions apart."""
        return f"cfg-on:{self.position}"

    def tags(self) -> tuple[str, ...]:
        """Add what is asked."""
        return (self.tag, f"cfg:{self.predicate}")

    def write(self, sheet: Sheet) -> None:
        """Write the contents under the condition."""
        where, name = sheet.where, f"c{self.uid}"
        inner = {"modules": (*where.modules, name), "inline": (*where.inline, name)}
        if self.position == "macro":
            sheet.book.needs(where.owner, "keep")
            sheet.line(f"#[cfg({self.predicate})]", "keep! {")
            self.write_children(sheet)
            sheet.line("}")
            return
        if self.position == "direct" and all(isinstance(c, _ONE_ITEM) for c in self.children):
            for child in self.children:
                if isinstance(child, leaves.Block):
                    condition = f"#[cfg({self.predicate})]"
                    self.write_child(sheet, replace(child, condition=condition))
                else:
                    sheet.line(f"#[cfg({self.predicate})]")
                    self.write_child(sheet, child)
            return
        if self.position == "inner-attribute":
            sheet.line(f"pub mod {name} {{ #![cfg({self.predicate})]")
        elif self.position == "cfg-attr":
            sheet.line(f"#[cfg_attr(all(), cfg({self.predicate}))]", f"pub mod {name} {{")
        elif self.position == "not-on-both":
            sheet.line(f"#[cfg(not(any(any(), not({self.predicate}))))]", "#[cfg(all())]")
            sheet.line(f"pub mod {name} {{")
        else:
            sheet.line(f"#[cfg({self.predicate})]", f"pub mod {name} {{")
        self.write_children(sheet, **inner)
        sheet.line("}")
