"""A minimal Django project to compare the site with: the benchmark's reference.

It uses the same database server and gunicorn settings, but none of the site's code. Its
views do only the minimum. For each page of the site, the benchmark compares the cost
with the cost of the view here that has the same purpose.
"""
