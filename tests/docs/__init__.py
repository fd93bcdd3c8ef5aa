"""Pages of docs/ against the code: see also tests/acceptance/test_pages.py."""
