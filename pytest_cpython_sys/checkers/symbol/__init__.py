"""Exported symbols, and the headers that declare them."""
