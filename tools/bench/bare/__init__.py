"""The reference: a minimal Django project on the same database and gunicorn.

It has none of the site's code. The cost of each path of the site is compared with a
view here that does the minimum for the same purpose.
"""
