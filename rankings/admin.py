"""The app's part of the staff's desk."""

from rankings.desk import assessments, citations, editions

__all__ = ["assessments", "citations", "editions"]
