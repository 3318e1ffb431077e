import pytest
from hypothesis import HealthCheck, settings

from operations.database_roles import as_owner
from tests import owner

# A slow machine is no reason to fail.
settings.register_profile(
    "any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any-machine")


@pytest.fixture(scope="session")
def made_by_the_owner():
    """Wrap pytest-django's fixture: the owner creates and drops the database."""
    with as_owner():
        yield


@pytest.fixture(scope="session")
def django_db_setup(made_by_the_owner, django_db_setup):
    """Run the code under test as the site's role; only the harness is the owner."""
    with owner.site_logged_in(), owner.empties_tables():
        yield
