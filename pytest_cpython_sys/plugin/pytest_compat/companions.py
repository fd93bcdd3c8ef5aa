"""What is known of other plugins' own state, and of nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

__all__ = ["limit_of_pytest_timeout", "queued_items"]


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
