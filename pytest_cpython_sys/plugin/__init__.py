"""The pytest hooks, and only they. With neither option nor ini key, nothing is registered."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import pytest

from .pytest_compat.rewriting import import_without_rewriting

if TYPE_CHECKING:
    import argparse
    from collections.abc import Generator

    from ..cargo import Cargo
    from .modules.early import EarlyConfig
    from .session import RustSession

__all__ = [
    "pytest_addhooks",
    "pytest_addoption",
    "pytest_cmdline_main",
    "pytest_configure",
    "pytest_load_initial_conftests",
]

import_without_rewriting()

_INQUIRIES: Final = ("cpython_sys_env", "cpython_sys_clean")
_CARGO: Final = pytest.StashKey["Cargo"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    from .options import add_options

    add_options(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare the hooks, whether or not they are called: a conftest may define them."""
    from . import hookspecs

    pluginmanager.add_hookspecs(hookspecs)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Do what is asked for instead of a run."""
    asked = next((name for name in _INQUIRIES if config.getoption(name, None)), None)
    if asked is None:
        return None
    from .inquiries import answer
    from .pytest_compat.configuration import configured

    with configured(config):
        session: RustSession | None = config.pluginmanager.get_plugin("cpython_sys_session")
        return int(answer(asked, config, session))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    """Make extension modules importable before a conftest file imports one."""
    # xdist takes a worker's sys.path back to what it was when xdist was imported.
    if "PYTEST_CPYTHON_SYS_MODULES" in os.environ:
        from ..extensions.finder import install_from_environment

        install_from_environment()
    is_on = _is_on(early_config, early_config.known_args_namespace)
    if is_on:
        from ..python.gc_pause import without_collector

        with without_collector():
            _begin(early_config)
    try:
        return (yield)
    except Exception as error:
        if is_on:
            from .missing_modules import explain_import_error

            explain_import_error(error, early_config, _cargo(early_config))
        raise


def _begin(early_config: pytest.Config) -> None:
    """Refuse what cannot be done, ask cargo ahead, and take part in how modules are imported."""
    from .modules.early import (
        EarlyConfig,
        check_junit_path,
        is_off,
        is_worker,
        only_asks,
        project_roots,
    )
    from .pages.place import check_layouts_path, check_report_path

    early = EarlyConfig(early_config)
    if only_asks(early) or any(map(early.getoption, _INQUIRIES)) or is_worker():
        return
    check_junit_path(early)
    check_report_path(early)
    check_layouts_path(early)
    if early.getoption("cargo_debugger") is not None:
        from .debugger import check_debugger

        check_debugger(early)
    if not is_off(early):
        cargo = _cargo(early_config)
        cargo.ask_ahead(project_roots(early), _target_dir(early))
        # These take a moment to import, in which cargo answers.
        from .modules.imports import begin

        begin(early_config, cargo)


def _target_dir(config: pytest.Config | EarlyConfig) -> str | None:
    """Return where the user has cargo build; None for cargo's own place."""
    typed = config.getoption("cargo_target_dir", None)
    return str(typed or config.getini("cargo_target_dir") or "") or None


def _is_on(config: pytest.Config, typed: argparse.Namespace) -> bool:
    """Tell whether the plugin is switched on: what was typed wins over the ini file."""
    option = getattr(typed, "cpython_sys", None)
    try:
        return bool(config.getini("cpython_sys") if option is None else option)
    except (TypeError, ValueError, pytest.UsageError) as error:
        from .pytest_compat.configuration import key_in_words

        key = key_in_words(config, "cpython_sys")
        raise pytest.UsageError(f"{key}: write true or false ({error})") from None


def _cargo(config: pytest.Config) -> Cargo:
    """Return the cargo of a run."""
    from ..cargo import Cargo, Programs

    if _CARGO not in config.stash:
        programs = Programs()
        programs.begin()
        config.add_cleanup(programs.end)
        config.stash[_CARGO] = Cargo()
    return config.stash[_CARGO]


def pytest_configure(config: pytest.Config) -> None:
    """Register the marks, and the plugin proper if it is switched on."""
    from .marks import MARKS

    for name, text in MARKS.items():
        config.addinivalue_line("markers", f"{name}: {text}")
    from . import fixtures

    config.pluginmanager.register(fixtures, "cpython_sys_fixtures")
    if not _is_on(config, config.option):
        from .options import check_unused

        check_unused(config)
        return
    from .modules.early import EarlyConfig, only_asks

    if only_asks(EarlyConfig(config)):
        return
    from .arguments import read_scope

    cargo, scope = _cargo(config), read_scope(config)
    if not hasattr(config, "workerinput"):  # workers of pytest-xdist never call cargo
        cargo.ask_ahead(scope.places, _target_dir(config))
    from ..python.gc_pause import without_collector

    # These take a moment to import, in which cargo answers.
    with without_collector():
        from .session import RustSession
        from .settings import read_settings

    settings = read_settings(config)
    session = RustSession(config, settings, scope, cargo)
    config.pluginmanager.register(session, "cpython_sys_session")
    if not settings.junit_properties:
        from .junit import PlainJunit

        config.pluginmanager.register(PlainJunit(config), "cpython_sys_junit")
    if settings.report is not None and not hasattr(config, "workerinput"):
        from .pages.writer import PageWriter

        writer = PageWriter(config, session, settings.report)
        config.pluginmanager.register(writer, "cpython_sys_page")
