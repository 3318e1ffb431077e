"""A minimal Django project to compare the site with: the benchmark's reference.

It uses the same database server and gunicorn settings, but none of the site's views,
models, or middleware. Its views do only the minimum: they return a constant, a list, or
a form. The benchmark compares the cost of each measured page with one of these views.
"""
