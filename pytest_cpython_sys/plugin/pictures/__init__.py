"""Pictures of layouts, and where they go."""
