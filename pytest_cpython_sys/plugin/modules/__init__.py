"""Extension modules that Python tests import: built before they are, and said so."""
