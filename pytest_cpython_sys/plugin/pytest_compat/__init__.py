"""All that touches the private side of pytest and of its plugins, or changes objects of theirs.

Each entry says why there is no other way, and since which version it is known to work. Its tests
bear the mark ``pytest_side``: they run on the oldest pytest that is supported and on the newest.
"""
