"""The uses of unsafe, kept in sight."""
