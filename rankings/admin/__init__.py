"""One module per model; importing it registers its admin class."""

from rankings.admin import assessments, citations, editions

__all__ = ["assessments", "citations", "editions"]
