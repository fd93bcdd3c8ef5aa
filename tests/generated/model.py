"""What a generated project is made of: nodes that write Rust, and where each test then stands.

A project is a tree. Leaves are tests, layout blocks and doctests; the nodes around them are the
ways in which they get into a crate. Each node can be left out, or replaced by what is in it, and
what is left is a project still: that is how a difference is shrunk.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

__all__ = ["Book", "Node", "Owner", "Placed", "Sheet", "SheetError", "number"]


class SheetError(Exception):
    """Two nodes write different text into one file: a mistake of the generator."""


@dataclass(frozen=True)
class Owner:
    """The cargo target that a piece of text is compiled in."""

    package: str
    kind: str
    """lib, bin, test, example or bench."""
    name: str
    directory: str
    """The package's, relative to the project; empty where it is the project's own."""
    root: str
    """Its root file, relative to the project."""
    primary: bool
    """Whether its files carry no level of the target's own: see "Node ids"."""
    edition: str = "2021"
    program: str = ""
    """With `harness = false`, what it does."""
    ends_well: bool = True
    """Whether its processes fail with their tests alone."""

    def path(self, name: str) -> str:
        """Return a path relative to the project, given one relative to the package."""
        return f"{self.directory}/{name}" if self.directory else name


@dataclass(frozen=True)
class Placed:
    """A leaf, and where the specification of node ids says that it stands."""

    what: str
    """test, block, odd block, or main."""
    key: str
    """A test's last level; the label of a block."""
    owner: Owner
    files: tuple[str, ...]
    """Files that it may stand under, relative to the project: more than one where it is open."""
    modules: tuple[str, ...]
    """For a block: the inline modules between the file and it."""
    sizes: tuple[int, ...] = ()
    """For a block: what rustc may say of its type, one number a way of compiling it."""
    recorded: int = 0
    ends_badly: bool = False
    """Whether its process fails after it has passed."""
    holds: bool = True
    """Whether the statements besides the size hold."""
    tags: tuple[str, ...] = ()


@dataclass
class Book:
    """All files of a project while it is written."""

    right: bool = False
    """Whether every block is to record the right number."""
    sound: bool = False
    """Whether there is to be no error of another kind."""
    files: dict[str, str] = field(default_factory=dict)
    generated: dict[str, dict[str, str]] = field(default_factory=dict)
    """By package: what its build script writes."""
    placed: list[Placed] = field(default_factory=list)
    folders: dict[tuple[str, str], str] = field(default_factory=dict)
    """By package and name of a generated file: the file whose `include!` reads it."""
    outside: dict[str, str] = field(default_factory=dict)
    """The same, of a file outside of its package."""
    pairs: set[tuple[str, str]] = field(default_factory=set)
    """Features of which one stands within the other."""

    owners: dict[str, Owner] = field(default_factory=dict)
    """All targets, by root file."""
    macros: dict[tuple[str, str, str], set[str]] = field(default_factory=dict)
    """By target: the macros that its root file is to define."""

    def needs(self, owner: Owner, macro: str) -> None:
        """Note that a target calls a macro."""
        self.macros.setdefault((owner.package, owner.kind, owner.name), set()).add(macro)

    def add(self, path: str, text: str) -> None:
        """Write a file. Raises SheetError if it is there, with other text."""
        if self.files.setdefault(path, text) != text:
            raise SheetError(f"{path} is written twice")


@dataclass(frozen=True)
class Where:
    """What the text that is being written stands in."""

    owner: Owner
    path: str
    """The file, relative to the project; of a generated one, its name."""
    files: tuple[str, ...]
    """The files that blocks of it stand under."""
    test_files: tuple[str, ...]
    modules: tuple[str, ...]
    folder: str
    """Where a `mod x;` of this text is looked for."""
    generated: bool = False
    inline: tuple[str, ...] = ()
    """Inline modules of this file alone: they are directories for a `mod x;`."""
    tags: tuple[str, ...] = ()
    tokens: bool = False
    """Whether the text is tokens of a macro: no file module can be declared there."""


class Sheet:
    """Text that is being written, and where that is."""

    def __init__(self, book: Book, where: Where) -> None:
        self.book = book
        self.where = where
        self.lines: list[str] = []

    def line(self, *texts: str) -> None:
        """Add lines."""
        self.lines += texts

    def inside(self, **changes: object) -> Sheet:
        """Return a sheet that writes into the same text, from another place."""
        sheet = Sheet(self.book, replace(self.where, **changes))  # type: ignore[arg-type]
        sheet.lines = self.lines
        return sheet

    def other(self, **changes: object) -> Sheet:
        """Return a sheet of a text of its own."""
        return Sheet(self.book, replace(self.where, **changes))  # type: ignore[arg-type]

    def text(self) -> str:
        """Return what was written so far."""
        return "\n".join(self.lines) + "\n"

    def place(self, what: str, key: str, **more: object) -> None:
        """Note a leaf that stands here."""
        where = self.where
        files = where.test_files if what == "test" else where.files
        self.book.placed.append(
            Placed(what, key, where.owner, files, where.modules, tags=where.tags, **more)  # type: ignore[arg-type]
        )


@dataclass
class Node:
    """A feature of a project. Its children are what stands in it."""

    uid: int
    children: list[Node] = field(default_factory=list, kw_only=True)
    transparent: ClassVar[bool] = True
    """Whether what is in it can take its place."""

    @property
    def tag(self) -> str:
        """The feature's name in the table of pairs."""
        return type(self).__name__.lower()

    def tags(self) -> tuple[str, ...]:
        """Return the features that this node alone is."""
        return (self.tag,)

    def write(self, sheet: Sheet) -> None:
        """Write it, and what stands in it."""
        self.write_children(sheet)

    def write_children(self, sheet: Sheet, **changes: object) -> None:
        """Write what stands in it, from another place if one is given."""
        for child in self.children:
            self.write_child(sheet, child, **changes)

    def write_child(self, sheet: Sheet, child: Node, **changes: object) -> None:
        """Write one of them."""
        tags = sheet.where.tags + self.tags()
        sheet.book.pairs.update((mine, other) for mine in tags for other in child.tags())
        child.write(sheet.inside(tags=tags, **changes))


def number(uid: int, thousands: int = 1) -> int:
    """Return a number that stands nowhere else in the project."""
    return thousands * 1000 + uid
