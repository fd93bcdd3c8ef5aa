"""The pytest hooks, and only they. With neither option nor ini key, nothing is registered."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

__all__ = ["pytest_addhooks", "pytest_addoption", "pytest_configure"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    from .options import add_options

    add_options(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare the hooks, whether or not they are called: a conftest may define them."""
    from . import hookspecs

    pluginmanager.add_hookspecs(hookspecs)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marks, and the plugin proper if it is switched on."""
    from .marks import MARKS

    for name, text in MARKS.items():
        config.addinivalue_line("markers", f"{name}: {text}")
    from . import fixtures

    config.pluginmanager.register(fixtures, "cpython_sys_fixtures")
    option = config.getoption("cpython_sys", None)
    if not (config.getini("cpython_sys") if option is None else option):
        return
    from ..cargo import Cargo, Programs
    from .arguments import read_scope

    programs = Programs()
    programs.begin()
    config.add_cleanup(programs.end)
    cargo, scope = Cargo(), read_scope(config)
    if not hasattr(config, "workerinput"):  # workers of pytest-xdist never call cargo
        cargo.ask_ahead(scope.places)
    from ..python.gc_pause import without_collector

    # These take a moment to import, in which cargo answers.
    with without_collector():
        from .session import RustSession
        from .settings import read_settings

    session = RustSession(config, read_settings(config), scope, cargo)
    config.pluginmanager.register(session, "cpython_sys_session")
