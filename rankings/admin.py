"""Django looks for admin classes here; they are defined in rankings/desk/."""

from rankings.desk import assessments, citations, editions

__all__ = ["assessments", "citations", "editions"]
