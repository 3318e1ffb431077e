"""A minimal Django project to compare the site with: the benchmark's reference.

It uses the same database server and gunicorn settings, but none of the site's code. The
benchmark compares the cost of each of the site's pages with that of a view here that
does the minimum for the same purpose.
"""
