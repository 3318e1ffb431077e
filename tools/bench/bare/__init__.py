"""The reference: a minimal Django project with the same database server and gunicorn.

It has none of the site's code. The benchmark compares the cost of each of the site's
pages with that of a view here that does the minimum for the same purpose.
"""
