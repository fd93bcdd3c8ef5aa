"""Run by the target Python, in a process of its own: uses a module, and writes down what it saw.

It is given a file with a JSON object, and knows nothing but the standard library of Python 3.8 and
newer. What it finds goes into another, a JSON object a line: what the module prints is never taken
for an answer. Nothing is judged here.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import json
import os
import sys

__all__ = ["main"]


def main(path: str) -> None:
    """Do what is asked for."""
    from .common import Report, words

    with open(path, encoding="utf-8") as file:
        request = json.load(file)
    report = Report(request["report"])
    if "library" in request:
        request["file"] = request["stem"] + importlib.machinery.EXTENSION_SUFFIXES[0]
        os.symlink(request["library"], request["file"])
        if "twin" not in request:  # that is imported first, and may have the module's name
            sys.path.insert(0, request["root"])
        sys.path += request["after"]
    module = importlib.import_module("." + request["part"], __name__)
    try:
        getattr(module, request["check"])(request, report)
    except BaseException as error:
        report.add(error=words(error), import_error=isinstance(error, ImportError))
    report.add(done=True)
