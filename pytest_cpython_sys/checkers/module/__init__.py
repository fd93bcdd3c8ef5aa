"""Extension modules, and whether they keep what they declare."""
