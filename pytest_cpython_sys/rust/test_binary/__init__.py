"""Test binaries: how one is run, and what it says of its tests."""
