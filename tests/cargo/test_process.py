"""Programs end with the run that has started them, and with no other."""

from __future__ import annotations

import os
import threading

import pytest

from pytest_cpython_sys.cargo import Process, Programs, in_this_run, none_started, worker_threads
from pytest_cpython_sys.cargo.run_program import run_to_end

SLEEP = ("sleep", "60")


def start() -> Process:
    return Process(SLEEP, cwd=os.getcwd(), env=os.environ)


def test_a_run_within_a_run_ends_its_own_programs_alone() -> None:
    outer, inner = Programs(), Programs()
    outer.begin()
    try:
        kept = start()
        inner.begin()
        ended = start()
        inner.end(grace=0.1)
        assert ended.poll() is not None
        assert kept.poll() is None
        with worker_threads(1) as pool:
            of_a_pool = pool.submit(start).result()
        found: list[Process] = []
        thread = threading.Thread(target=in_this_run(lambda: found.append(start())))
        thread.start()
        thread.join()
    finally:
        outer.end(grace=0.1)
    assert all(process.poll() is not None for process in (kept, of_a_pool, *found))


def test_no_program_starts_for_a_run_that_has_ended() -> None:
    with none_started(), pytest.raises(OSError, match="the run was interrupted"):
        start()


def test_a_program_can_be_ended_in_the_moment_of_its_start() -> None:
    class Interrupted(Programs):
        def add(self, process: Process) -> None:
            super().add(process)
            process.stop(grace=0.1)  # as another thread may do, between any two lines

    programs = Interrupted()
    programs.begin()
    try:
        process = start()
        assert process.poll() is not None
        assert programs.running() == []
    finally:
        programs.end(grace=0.1)


def test_a_program_has_a_limit_and_all_of_its_output() -> None:
    script = "head -c 3000000 /dev/zero; echo words >&2; exit 3"
    done = run_to_end(["sh", "-c", script], cwd="/", env=os.environ, limit=30)
    assert (done.exit_code, len(done.raw), done.stderr) == (3, 3_000_000, "words")
    assert len(done.stdout) < 2_000_000
    assert done.how == "exit code 3"
    done = run_to_end(SLEEP, cwd="/", env=os.environ, limit=0.2, grace=0.1)
    assert done.expired
    assert done.how == "timed out after 0.2 s"
