"""Where drawings of layouts go: a directory that was asked for, and pytest-html's report."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from ...late import regex

if TYPE_CHECKING:
    from ...case import Verdict

__all__ = ["DRAWINGS", "REFUSED", "drawing_name", "html_extras", "write_drawing"]

DRAWINGS: Final = pytest.StashKey[Path]()
"""The directory that was asked for; absent if none was."""
REFUSED: Final = pytest.StashKey[bool]()
"""Whether it was said that a drawing cannot be written: what keeps one out keeps out others."""
_UNSAFE = regex(r"[^A-Za-z0-9_]+")


def drawing_name(nodeid: str) -> str:
    """Return a file name for an item's drawing: the same on every run, one for each id.

    It begins with the type's name as far as all file systems can hold that.
    """
    name = nodeid.rpartition("::")[2].removeprefix("bindgen_test_layout_")
    digest = hashlib.sha256(nodeid.encode("utf-8", "surrogateescape")).hexdigest()[:10]
    return f"{_UNSAFE.sub('_', name).strip('_')[:80] or 'type'}-{digest}.svg"


def write_drawing(directory: Path, nodeid: str, verdict: Verdict) -> str | None:
    """Write the drawing of a verdict that has one. Return what went wrong, if something did."""
    if verdict.layouts is None:
        return None
    from .layout_svg import draw

    path = directory / drawing_name(nodeid)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        path.write_text(draw(verdict.layouts), encoding="utf-8")
    except OSError as error:
        why = error.strerror or error
        return (
            f"{path} cannot be written ({why}): choose another directory with --cpython-sys-layouts"
        )
    return None


def html_extras(config: pytest.Config, verdict: Verdict) -> list[dict[str, Any]]:
    """Return what pytest-html is to show with a failed layout; nothing where it makes no report.

    Format: ``pytest_html.extras``, which need not be there.
    """
    if verdict.layouts is None or verdict.outcome != "failed":
        return []
    if not config.getoption("htmlpath", None):
        return []
    from .layout_svg import draw

    content = base64.b64encode(draw(verdict.layouts).encode()).decode()
    return [
        {
            "name": f"layout of {verdict.layouts.left.name}",
            "format_type": "image",
            "content": content,
            "mime_type": "image/svg+xml",
            "extension": "svg",
        }
    ]
