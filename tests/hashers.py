"""A fast password hasher for the tests, which hash hundreds of passwords."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class QuickHasher(PBKDF2PasswordHasher):
    """Django's hasher with one iteration instead of 1.5 million.

    A stored hash names its iterations, so a process with Django's own hasher can still
    check these hashes.
    """

    iterations = 1
