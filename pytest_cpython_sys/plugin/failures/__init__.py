"""Failures of Rust tests as pytest and other plugins expect failures to be."""
