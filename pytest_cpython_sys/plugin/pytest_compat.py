"""All that touches the private side of pytest and of its plugins, or changes objects of theirs.

Each entry says why there is no other way, and since which version it is known to work. Its tests
bear the mark ``pytest_side``: they run on the oldest pytest that is supported and on the newest.
"""

from __future__ import annotations

import contextlib
import fnmatch
import os
from typing import TYPE_CHECKING, Any, Final

import pytest
from _pytest._code.code import (
    ExceptionChainRepr,
    ReprEntry,
    ReprEntryNative,
    ReprFileLocation,
    ReprTraceback,
    TerminalRepr,
)
from _pytest.mark.structures import NodeKeywords
from _pytest.pathlib import absolutepath, fnmatch_ex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pluggy

    from .modules.early import EarlyConfig

    _Place = tuple[str, int, str]  # a path, a line counted from 1, and words

__all__ = [
    "CompatItem",
    "TerminalRepr",
    "amend_report",
    "capture_suspended",
    "configured",
    "copy_report",
    "current_fields",
    "failure_repr_of",
    "hook_refusal",
    "is_of_pytest",
    "is_pytest_known",
    "limit_of_pytest_timeout",
    "may_be_fast",
    "nodes_set_up",
    "queued_items",
    "refusal",
    "remember_hooks",
    "replace_error",
    "set_arguments",
    "skip_at_item",
    "skipped_by_default",
    "takes_no_part",
    "turn_red",
    "words_of",
]

# -- whether ways that stand in for pytest's own are sure ------------------------------------------

# The fast ways do what pytest does; what that is, a new minor version may change.
_OLDEST: Final = (8, 3)
_NEWEST: Final = (9, 2)


def is_pytest_known() -> bool:
    """Tell whether this pytest is one of those that the fast ways were tested on."""
    return _OLDEST <= pytest.version_tuple[:2] <= _NEWEST


def may_be_fast(config: pytest.Config) -> bool:
    """Tell whether ways that stand in for pytest's own are wanted, and sure."""
    return config.getini("cpython_sys_fast") is not False and is_pytest_known()


# -- collection: pytest decides for itself why it passes a path by, and tells nobody ---------------


def refusal(config: pytest.Config | EarlyConfig, path: Path) -> str | None:
    """Return what keeps a path out: an option, an ini key or a list of a conftest; None if nothing.

    The rules are those of ``pytest_ignore_collect`` in ``_pytest/main.py``, the same in 8.3 to 9.2.
    pytest's own ``norecursedirs`` keep no Rust test out: a package may be called ``build``.
    """
    for name in config.getoption("ignore", None) or ():
        if path == absolutepath(name):
            return f"--ignore={name}"
    for pattern in config.getoption("ignore_glob", None) or ():
        if fnmatch.fnmatch(str(path), str(absolutepath(pattern))):
            return f"--ignore-glob={pattern}"
    if path in _conftest_paths(config, "collect_ignore", path):
        return "collect_ignore"
    globs = _conftest_paths(config, "collect_ignore_glob", path)
    if any(fnmatch.fnmatch(str(path), str(pattern)) for pattern in globs):
        return "collect_ignore_glob"
    if _matches_norecursedirs(config, path) and _norecursedirs_are_written(config):
        return "norecursedirs"
    return None


def skipped_by_default(config: pytest.Config, path: Path) -> bool:
    """Tell whether pytest passes a directory by though nobody has asked for it."""
    return _matches_norecursedirs(config, path) and not _norecursedirs_are_written(config)


def hook_refusal(session: pytest.Session, path: Path) -> str | None:
    """Return whose hook keeps a path out, beside pytest's own; None if none does.

    The hooks are asked, as pytest asks them. Which of them answered, a hook's result does not say.
    """
    caller: Any = session.gethookproxy(path.parent).pytest_ignore_collect
    given = {"collection_path": path, "config": session.config}
    if pytest.version_tuple < (9,):
        from _pytest.compat import legacy_path

        caller = getattr(caller, "__wrapped__", caller)  # a function that adds a py.path
        given["path"] = legacy_path(path)
    for implementation in reversed(caller.get_hookimpls()):
        if implementation.hookwrapper or implementation.wrapper:
            continue
        if is_of_pytest(getattr(implementation.plugin, "__name__", "")):
            continue
        answer = implementation.function(*(given[name] for name in implementation.argnames))
        if answer is not None:
            return _owner(session, implementation.plugin_name) if answer else None
    return None


def is_of_pytest(module: str) -> bool:
    """Tell whether a module, by its full name, is one of pytest's own."""
    return module.partition(".")[0] == "_pytest"


def _owner(session: pytest.Session, name: str) -> str:
    """Return a plugin's name as people know it: of a conftest the path, seen from rootdir."""
    root = str(session.config.rootpath) + os.sep
    return f"pytest_ignore_collect of {name.removeprefix(root)}"


def _conftest_paths(config: pytest.Config | EarlyConfig, name: str, path: Path) -> list[Path]:
    """Return what the nearest conftest says that has been loaded; only pytest knows which it is."""
    return config._getconftest_pathlist(name, path=path.parent) or []


def _matches_norecursedirs(config: pytest.Config | EarlyConfig, path: Path) -> bool:
    patterns = config.getini("norecursedirs")
    return path.is_dir() and any(fnmatch_ex(pattern, path) for pattern in patterns)


@contextlib.contextmanager
def configured(config: pytest.Config) -> Iterator[None]:
    """Let all plugins configure themselves where no session follows, as ``--markers`` does.

    In ``_pytest/config/__init__.py``, the same in 8.3 to 9.2.
    """
    config._do_configure()
    try:
        yield
    finally:
        config._ensure_unconfigure()


def _written(config: pytest.Config | EarlyConfig) -> Mapping[str, Any]:
    """Return what stands in the ini file."""
    written = getattr(config, "_inicfg", None)  # pytest 9; before that it had no underscore
    return config.inicfg if written is None else written


def words_of(config: pytest.Config | EarlyConfig, name: str) -> Any:
    """Return an ini key's list, or the one word that stands for a list.

    A typed table of TOML holds either; pytest 9 has no type for such a key, and refuses the word.
    """
    try:
        return config.getini(name)
    except (TypeError, pytest.UsageError):
        found = _written(config).get(name)
        value = getattr(found, "value", found)
        if isinstance(value, str):
            return value
        raise


def _norecursedirs_are_written(config: pytest.Config | EarlyConfig) -> bool:
    """Tell whether the ini key is the user's own: ``getini`` gives pytest's default as well."""
    written = _written(config)
    overrides = config.getoption("override_ini", None) or ()
    return "norecursedirs" in written or any(
        override.partition("=")[0] == "norecursedirs" for override in overrides
    )


# -- items -----------------------------------------------------------------------------------------


class _Keywords(NodeKeywords):  # type: ignore[misc]  # final for subclasses that change more
    """The same keywords in the same order, gathered in one go: each report asks for all.

    A fast way: pytest's own takes a step for each keyword and level. As in 8.3 to 9.2.
    """

    __slots__ = ()

    def __iter__(self) -> Iterator[str]:
        found = dict(self._markers)
        parent = self.parent
        while parent is not None:
            found.update(parent.keywords._markers)  # type: ignore[attr-defined]
            parent = parent.parent
        return iter(found)


class _Hooks:
    """Finds the hooks that count for an item; a value in the item itself comes first."""

    def __get__(self, item: CompatItem | None, owner: type[CompatItem]) -> Any:
        if item is None:
            return self
        assert item.parent is not None  # noqa: S101 - an item has a collector
        return item.parent.ihook


class CompatItem(pytest.Item):
    """An item without a Python function, as pytest and other plugins want to have it."""

    ihook = _Hooks()
    """The hooks that count for this path, which is its parent's: see `remember_hooks`."""
    _parallel_custom_item = True
    """Tells pytest-run-parallel (0.5 to 0.10) that there is no Python function for its threads."""

    def forget(self) -> None:
        """Forget what became of the test: it runs again."""
        # Sections can be added to an item, but not taken away (8.3 to 9.2).
        self._report_sections.clear()

    def _initrequest(self) -> None:
        """Do what pytest-retry (1.7) asks any item for before it runs one again."""
        self.forget()

    def add_marks(self, marks: Sequence[pytest.Mark]) -> None:
        """Add marks that are registered, where hooks look for them: among the keywords as well.

        `add_marker` would look each up in the registry, for each item. Both are as in 8.3 to 9.2.
        """
        if may_be_fast(self.config):
            self.keywords = _Keywords(self)
        self.own_markers.extend(marks)
        self.keywords.update({mark.name: mark for mark in marks})


def remember_hooks(session: pytest.Session) -> None:
    """Find out once a parent which hooks count for its items: all conftest files are loaded.

    A fast way: pytest finds that out for each item, and again for each of its hooks (8.3 to 9.2).
    """
    known: dict[Any, pluggy.HookRelay] = {}
    for item in session.items if may_be_fast(session.config) else ():
        if isinstance(item, CompatItem):
            hooks = known.get(item.parent)
            if hooks is None:
                hooks = known[item.parent] = item.ihook
            item.__dict__["ihook"] = hooks


def skip_at_item(reason: str) -> BaseException:
    """Return what skips a test at its own place, as ``@pytest.mark.skip`` does, not at ours.

    pytest has no public word for that (8.3 to 9.2).
    """
    return pytest.skip.Exception(reason, _use_item_location=True)


# -- reports ---------------------------------------------------------------------------------------


def failure_repr_of(
    lines: Sequence[str], place: _Place | None, crash: _Place, style: Any, more: str = ""
) -> ExceptionChainRepr:
    """Return a failure in pytest's own form, which other processes and JUnit can carry.

    Other plugins look for an entry with a ``place``, as a Python test's has (8.3 to 9.2).
    """
    entry: Any = ReprEntry(lines, None, None, place and ReprFileLocation(*place), style)
    if style == "native":
        entry = ReprEntryNative([f"{line}\n" for line in lines])
    traceback = ReprTraceback([entry], extraline=more or None, style=style)
    return ExceptionChainRepr([(traceback, ReprFileLocation(*crash), None)])


def replace_error(where: Any, error: BaseException) -> None:
    """Make an error what a call, or that of a collector's report, ended with (8.3 to 9.2)."""
    getattr(where, "call", where).excinfo = pytest.ExceptionInfo.from_exception(error)


def amend_report(
    report: pytest.TestReport,
    *,
    seconds: float,
    longrepr: TerminalRepr | None = None,
    extras: Sequence[dict[str, Any]] = (),
) -> None:
    """Give a report the test's own duration, words, and what pytest-html (4) shows beside it."""
    report.duration = seconds
    if longrepr is not None:
        report.longrepr = longrepr
    if extras:
        report.extras = [*getattr(report, "extras", ()), *extras]  # type: ignore[attr-defined]


def current_fields(report: pytest.TestReport) -> dict[str, Any]:
    """Return what a report is made of, as it is now: whoever is given one may change it."""
    return dict(report.__dict__)


def copy_report(fields: dict[str, Any], **changes: Any) -> pytest.TestReport:
    """Return a report with the fields of another one, and changes.

    A fast way: a copy costs a fraction of a new report. It is its fields, in 8.3 to 9.2.
    """
    report = object.__new__(pytest.TestReport)
    report.__dict__.update(fields, **changes)
    return report


# -- the run ---------------------------------------------------------------------------------------

# pytest itself, and plugins whose hooks step aside for all but Python functions.
_BYSTANDERS: Final = frozenset({"_pytest", "_hypothesis_pytestplugin"})


def takes_no_part(plugin: object) -> bool:
    """Tell whether a plugin is known to do nothing to an item without a Python function."""
    module = getattr(plugin, "__module__", None) or getattr(plugin, "__name__", "")
    return str(module).partition(".")[0] in _BYSTANDERS


def nodes_set_up(session: pytest.Session) -> Iterable[object] | None:
    """Return what is set up and not yet torn down; None if that cannot be seen.

    pytest tells nobody; known in 8.3 to 9.2.
    """
    stack = getattr(getattr(session, "_setupstate", None), "stack", None)
    return stack if isinstance(stack, dict) else None


def set_arguments(config: pytest.Config, arguments: Iterable[str]) -> None:
    """Make these what pytest collects; what was typed stays in ``invocation_params``.

    No hook stands between the command line and the collection; in place, as others hold the list.
    """
    config.args[:] = arguments


def turn_red(session: pytest.Session) -> None:
    """Make a run that nothing failed in end with 1: no hook returns the exit code (8.3 to 9.2)."""
    session.exitstatus = pytest.ExitCode.TESTS_FAILED


@contextlib.contextmanager
def capture_suspended(config: pytest.Config) -> Iterator[None]:
    """Let output be seen, whoever is in charge of it; nothing changes where nobody captures.

    pytest has a fixture for that, and nothing for a conftest file that is imported (8.3 to 9.2).
    """
    manager: Any = config.pluginmanager.get_plugin("capturemanager")
    suspended = getattr(manager, "global_and_fixture_disabled", contextlib.nullcontext)
    with suspended():
        yield


# -- other plugins ---------------------------------------------------------------------------------


def limit_of_pytest_timeout(config: pytest.Config) -> object:
    """Return the seconds that pytest-timeout (2.3 to 2.4) gives each test; None without it.

    They come out of its option, its variable and its ini key, which it alone puts in order.
    """
    return getattr(config, "_env_timeout", None)


def queued_items(session: pytest.Session) -> Iterator[pytest.Item]:
    """Yield what this worker of pytest-xdist has in its queue; nothing where that cannot be seen.

    Nobody else knows what a worker will run next. Known in xdist 3.6 to 3.8.
    """
    plugins = session.config.pluginmanager.get_plugins()
    worker: Any = next((plugin for plugin in plugins if hasattr(plugin, "torun")), None)
    try:
        with worker.torun.lock() as queue:
            waiting = [worker.nextitem_index, *queue]
        for index in waiting:
            if isinstance(index, int):
                yield session.items[index]
    except (AttributeError, IndexError, TypeError):
        return
