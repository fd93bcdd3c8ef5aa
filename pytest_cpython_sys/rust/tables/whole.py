"""All that is wrong with a package's table, whichever check reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ..metadata import MetadataError, read_exports, read_policies
from .abi import read_abi
from .api import read_api
from .twin import read_twin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..metadata import Fault

__all__ = ["faults_of"]

_READERS: Final[tuple[Callable[[Mapping[str, Any]], object], ...]] = (
    *(read_policies, read_exports),
    *(read_abi, read_api, read_twin),
)


def faults_of(metadata: Mapping[str, Any]) -> list[Fault]:
    """Return what cannot be used in the table of a package, each fault once."""
    found: dict[Fault, None] = {}
    for read in _READERS:
        try:
            read(metadata)
        except MetadataError as error:
            found |= dict.fromkeys(error.faults)
    return list(found)
