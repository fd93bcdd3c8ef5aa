"""Applies `@module::stable_abi` to published wheels: `python benchmarks/stable_abi.py WHEEL...`.

The file name of a wheel for the stable ABI contains the version. A wheel for a single Python is
compared with the stable ABI of that version. ``--for=3.2`` compares all wheels with version 3.2.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import zipfile
from pathlib import Path

from pytest_cpython_sys.checkers.module.stable_abi import (
    StableAbi,
    file_fault,
    imported_symbols,
    judge_symbols,
    read_list,
)


def main() -> None:
    """Judge the wheels that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheels", nargs="+", type=Path)
    parser.add_argument("--for", dest="version", help="the version of the stable ABI, such as 3.2")
    arguments = parser.parse_args()
    known = read_list()
    print(f"list of symbols: {known.source}")
    for wheel in arguments.wheels:
        tag = re.search(r"-cp3(\d+)-(\w+)-", wheel.name)
        if tag is None:
            print(f"{wheel.name}: not a wheel for CPython")
            continue
        minor = int(arguments.version.partition(".")[2]) if arguments.version else int(tag[1])
        abi = StableAbi("abi3", minor, f"abi3-py3{minor}")
        with zipfile.ZipFile(wheel) as archive, tempfile.TemporaryDirectory() as directory:
            for name in archive.namelist():
                if name.endswith(".so"):
                    judge(abi, archive.extract(name, directory), name, tag[2] == "abi3")


def judge(abi: StableAbi, path: str, name: str, is_stable: bool) -> None:
    """Print what is said of a module; its name counts where the wheel's says so, too."""
    verdict = judge_symbols(abi, imported_symbols(path), read_list())
    lines = verdict.message.splitlines()
    fault = file_fault(abi if is_stable else None, path, "one Python")
    print(f"{name}: {verdict.outcome}, {len(lines)} lines{f', {fault}' if fault else ''}")
    for line in lines[:3]:
        print(f"    {line}")


if __name__ == "__main__":
    main()
