"""What can go wrong with cargo, each with one clear message."""

from __future__ import annotations

__all__ = ["CargoError", "CargoMissingError", "CargoTooOldError", "ManifestError"]


class CargoError(Exception):
    """Cargo could not do what it was asked for; the message says what to do."""


class CargoMissingError(CargoError):
    """There is no cargo, or no rustc, to run."""


class CargoTooOldError(CargoError):
    """The installed cargo lacks an option that this package passes."""


class ManifestError(CargoError):
    """Cargo refuses a manifest.

    ``manifest`` is its path, ``words`` what cargo said.
    """

    def __init__(self, manifest: str, words: str) -> None:
        super().__init__(f"cargo refuses {manifest}:\n{words}")
        self.manifest = manifest
        self.words = words

    def __reduce__(self) -> tuple[type[ManifestError], tuple[str, str]]:
        """Rebuild from both arguments (the default would pass the message alone)."""
        return (ManifestError, (self.manifest, self.words))
