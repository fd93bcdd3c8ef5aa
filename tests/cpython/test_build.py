"""Where the sources come from, and what the script says when it cannot have them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .build import FetchError, archive_stanza, find_trees

SCRIPT = Path(__file__).parent / "build.py"

DEB822 = """\
# Comment
Types: deb
URIs: https://archive.example/debian
 https://second.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/example.gpg

Types: deb
URIs: https://archive.example/debian-security
Suites: bookworm-security
Components: main
"""


def etc(directory: Path, name: str, text: str) -> Path:
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return directory


def test_stanza_of_deb822_keeps_the_key(tmp_path: Path) -> None:
    stanza = archive_stanza(etc(tmp_path, "sources.list.d/debian.sources", DEB822))
    assert stanza.splitlines() == [
        "types: deb-src",
        "uris: https://archive.example/debian",
        "suites: trixie",
        "components: main",
        "signed-by: /usr/share/keyrings/example.gpg",
    ]


def test_stanza_of_one_line_keeps_the_key(tmp_path: Path) -> None:
    line = "deb [arch=amd64 signed-by=/k.gpg] https://one.example/debian bookworm main contrib\n"
    stanza = archive_stanza(etc(tmp_path, "sources.list", "# deb x bookworm main\n" + line))
    assert "uris: https://one.example/debian\n" in stanza
    assert "signed-by: /k.gpg\n" in stanza
    assert "arch" not in stanza


@pytest.mark.parametrize(
    "text",
    [
        "",
        "deb https://other.example/tools tools-bookworm main\n",
        "deb https://archive.example/debian-security bookworm-security main\n",
        "deb https://archive.example/ubuntu noble main\n",
    ],
)
def test_other_archives_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(FetchError, match="no source of Debian's archive in"):
        archive_stanza(etc(tmp_path, "sources.list", text))


def test_disabled_stanza_does_not_count(tmp_path: Path) -> None:
    with pytest.raises(FetchError):
        archive_stanza(
            etc(tmp_path, "sources.list.d/a.sources", DEB822.replace("Types", "Enabled: no\nTypes"))
        )


def make_build(directory: Path, stamp: object) -> None:
    directory.mkdir(parents=True)
    (directory / "python").touch(mode=0o755)
    (directory / "complete.json").write_text(json.dumps(stamp), encoding="utf-8")


def test_trees_count_where_they_were_built(tmp_path: Path) -> None:
    source = tmp_path / "Python-3.13.5"
    source.mkdir()
    (source / "configure").touch()
    build = source / "build" / "regular"
    make_build(build, {"directory": str(build)})
    make_build(source / "build" / "debug", {"directory": "/elsewhere/debug"})
    trees = find_trees(tmp_path, ["regular"])
    assert trees is not None
    assert trees.builds == {"regular": build}
    assert find_trees(tmp_path, ["regular", "debug"]) is None
    assert find_trees(tmp_path / "nothing", []) is None


def environment(cache: Path, path: Path) -> dict[str, str]:
    return {**os.environ, "CPYTHON_SYS_CACHE": str(cache), "PATH": str(path)}


def tool(directory: Path, name: str, script: str) -> Path:
    directory.mkdir(exist_ok=True)
    (directory / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (directory / name).chmod(0o755)
    return directory


def test_no_apt_is_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, SCRIPT],
        env=environment(tmp_path / "cache", tmp_path / "empty"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr == ("no apt-get on this machine: it fetches the sources of python3.13\n")


@pytest.mark.skipif(not Path("/etc/debian_version").exists(), reason="needs Debian's apt sources")
def test_no_network_is_one_line(tmp_path: Path) -> None:
    tools = tool(tmp_path / "bin", "apt-get", "echo 'E: Failed to fetch' >&2; exit 100")
    done = subprocess.run(
        [sys.executable, SCRIPT],
        env=environment(tmp_path / "cache", tools),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("apt-get failed (E: Failed to fetch), see ")
    assert done.stderr.endswith("apt-get.log: is there a network?\n")


@pytest.mark.skipif(not Path("/etc/debian_version").exists(), reason="needs Debian's apt sources")
def test_end_takes_what_was_started_along_and_lets_the_next_run(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    tools = tool(tmp_path / "bin", "apt-get", f"echo $$ > {pid}; exec /bin/sleep 300")
    env = environment(tmp_path / "cache", tools)
    first = subprocess.Popen([sys.executable, SCRIPT], env=env, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while not pid.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    second = subprocess.Popen(
        [sys.executable, SCRIPT], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert second.stdout is not None
    assert second.stdout.readline().startswith("another run is at work in ")
    tool(tmp_path / "bin", "apt-get", "echo 'E: second'; exit 100")
    first.send_signal(signal.SIGTERM)
    assert first.wait(30) == 130
    _, words = second.communicate(timeout=30)
    assert words.startswith("apt-get failed (E: second)")
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
