"""The reference: a minimal Django project on the same database and gunicorn.

It has no code of the site. What a path of the site costs is compared with the view here
that does the least for the same purpose.
"""
