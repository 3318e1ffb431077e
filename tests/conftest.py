import pytest
from hypothesis import HealthCheck, settings
from whitenoise.base import WhiteNoise

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


@pytest.fixture(scope="session", autouse=True)
def static_files_scanned_once():
    """Scan the static files once, not again for each test's client."""
    scan, scanned = WhiteNoise.update_files_dictionary, {}

    def scan_once(self, *folder):
        if folder not in scanned:
            scan(self, *folder)
            scanned[folder] = dict(self.files)
        self.files.update(scanned[folder])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoise, "update_files_dictionary", scan_once)
        yield
