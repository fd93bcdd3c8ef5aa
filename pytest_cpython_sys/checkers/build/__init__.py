"""Targets that do not build, or that have no test."""
