"""The site on a developer's own machine; production never imports this package."""
