"""A package's own table that cannot be used."""
