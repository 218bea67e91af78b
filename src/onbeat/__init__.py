"""The onbeat package."""
