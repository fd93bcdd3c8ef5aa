"""The target Python: its headers, compiler and flags, and what builds and tests need of it."""
