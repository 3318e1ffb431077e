"""Development tools; production never imports this package."""
