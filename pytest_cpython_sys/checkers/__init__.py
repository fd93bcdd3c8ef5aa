"""Checkers: each finds cases of one kind in a build, and gives their verdicts.

One folder for each level of an id; none of them knows another. They are listed in ``registry``.
"""
