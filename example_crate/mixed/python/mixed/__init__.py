"""Sums, some of them counted."""

from ._native import Tally, add

__all__ = ["Tally", "add", "total"]


def total(*numbers: int) -> int:
    """Return the sum of any numbers."""
    result = 0
    for number in numbers:
        result = add(result, number)
    return result
