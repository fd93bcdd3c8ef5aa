"""Types of both languages in one form, and whether they agree."""
