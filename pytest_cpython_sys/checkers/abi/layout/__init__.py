"""How both languages lay out a type."""
