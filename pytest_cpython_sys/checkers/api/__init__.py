"""Rules of an API crate: what its functions call, take and return, and what its types are."""
