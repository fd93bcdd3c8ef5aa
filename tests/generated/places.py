"""What a file's place in a package means to cargo."""

from __future__ import annotations

__all__ = ["discovered"]


def discovered(folder: str) -> bool:
    """Tell whether cargo takes each file of a directory for a target."""
    return folder.endswith(("tests", "examples", "benches", "src/bin"))
