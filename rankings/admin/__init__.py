"""The admin, in one module per model. Importing a module registers its admin class."""

from rankings.admin import assessments, citations, editions

__all__ = ["assessments", "citations", "editions"]
