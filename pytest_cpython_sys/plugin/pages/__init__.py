"""One page about a run, that a browser shows without anything else: ``--cpython-sys-report``."""
