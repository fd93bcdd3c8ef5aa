"""Policies: what a package promises beyond its tests."""
