"""Cargo projects made from a seed, and a comparison of what pytest shows with the truth.

`python -m tests.generated --help` says how to run any number of them.
"""
