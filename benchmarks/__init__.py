"""Benchmarks: scripts, each with a table to print."""
