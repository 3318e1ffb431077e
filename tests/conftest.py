import pytest
from hypothesis import HealthCheck, settings

from operations.database_roles import as_owner
from tests import owner

# A machine that is busy says nothing about the code.
settings.register_profile(
    "any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any-machine")


@pytest.fixture(scope="session")
def made_by_the_owner():
    """Around pytest-django's fixture: the owner makes and drops the database."""
    with as_owner():
        yield


@pytest.fixture(scope="session")
def django_db_setup(made_by_the_owner, django_db_setup):
    """Let what is tested be the site; only the harness is the owner."""
    with owner.site_logged_in(), owner.empties_tables():
        yield
