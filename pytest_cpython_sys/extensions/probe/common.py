"""What all probes need: a report that survives, a module by its file, calls, exceptions."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import os
import re
import sys
import traceback
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    Request = dict[str, Any]

__all__ = ["Calls", "Report", "load", "loader_words", "words"]

_HERE = os.path.dirname(os.path.abspath(__file__))
_CALLS = "<calls>"
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]+")


class Report:
    """Writes lines that survive the end of the process, whatever it is."""

    def __init__(self, path: str) -> None:
        self._path = path

    def add(self, **values: object) -> None:
        """Add a line."""
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(json.dumps(values) + "\n")

    def step(self, text: str) -> None:
        """Say what is about to be done, in case it is never finished."""
        self.add(step=text)


def _is_ours(file: str) -> bool:
    directory, _ = os.path.split(file)
    return (
        file.startswith((_CALLS, "<frozen importlib"))
        or directory == _HERE
        or os.path.basename(directory) == "importlib"
    )


def loader_words(text: str, path: object) -> str:
    """Return what a loader says of a library, what is wrong with it first.

    glibc and musl say "PATH: what is wrong", macOS says "dlopen(PATH, 0x0002): what is wrong". The
    directory is often one of ours, and its name hides the rest in a narrow terminal.
    """
    if not isinstance(path, str) or path not in text:
        return text
    before, _, after = text.partition(path)
    start, dlopen, none = before.rpartition("dlopen(")
    separator = "): " if dlopen and not none else ": "
    rest = after.partition(separator)[2]
    if not rest or not (dlopen or after.startswith(separator)):
        return text
    return f"{start if dlopen else before}{rest} ({os.path.basename(path)})"


def words(error: BaseException) -> str:
    """Return an exception in short: what it says, its causes, and the frames that are not ours."""
    lines: list[str] = []
    seen = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        text = "".join(traceback.format_exception_only(type(current), current)).strip()
        if isinstance(current, ImportError):
            text = loader_words(text, current.path)
        lines.append("caused by " + text if lines else text)
        frames = traceback.extract_tb(current.__traceback__)
        for frame in traceback.format_list([one for one in frames if not _is_ours(one.filename)]):
            lines += frame.rstrip().split("\n")
        hidden = current.__suppress_context__
        current = current.__cause__ or (None if hidden else current.__context__)
    return "\n".join(lines)


def load(request: Request) -> Any:
    """Import the module by its file, without the package around it."""
    name = request["name"]
    loader = importlib.machinery.ExtensionFileLoader(name, request["file"])
    spec = importlib.util.spec_from_file_location(name, request["file"], loader=loader)
    assert spec is not None  # noqa: S101 - a loader was given
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return sys.modules.get(name, module)


class Calls:
    """The expressions that a package lists, ready to be evaluated."""

    def __init__(self, request: Request) -> None:
        self._name = request["name"].rpartition(".")[2]
        self.codes = [(text, compile(text.strip(), _CALLS, "eval")) for text in request["calls"]]

    def namespace(self, module: Any) -> dict[str, Any]:
        """Return the module's names, and its own."""
        names = dict(vars(module))
        names.setdefault(self._name, module)
        return names

    def values(
        self, module: Any, keep: list[object], report: Report, where: str = ""
    ) -> list[tuple[str, str, bool]]:
        """Return what each expression gives, in words, and whether it gave anything at all.

        ``keep`` receives the objects; the report is told of each before it is evaluated.
        """
        names = self.namespace(module)
        found = []
        for text, code in self.codes:
            report.step(f"evaluating `{text}`{where}")
            try:
                value = eval(code, names)  # noqa: S307 - the package's own manifest lists it
                keep.append(value)
                found.append((text, _ADDRESS.sub("0x...", repr(value)), True))
            except BaseException as error:
                found.append((text, words(error), False))
        return found
