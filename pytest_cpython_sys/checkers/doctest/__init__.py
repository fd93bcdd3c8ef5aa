"""Documentation tests."""
