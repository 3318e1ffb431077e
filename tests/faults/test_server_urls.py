"""Server URLs, as providers print them and people paste them."""

import os
import subprocess
from pathlib import Path
from unittest import mock
from urllib.parse import quote

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict

from aaqi import environment

SECRETS = [
    "pa/ss#wo?rd",
    "a/b",
    "a#b",
    "a?b",
    "p@ss",
    "p:w",
    "100%",
    "a b",
    "[x]",
    "é+&=;",
]


def read_mailer(url):
    with mock.patch.dict(os.environ, {"EMAIL_URL": url}, clear=True):
        return environment.read_mailer(loopback=False, folder=Path())["OPTIONS"]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_percent_encoded_password_is_decoded(secret):
    options = read_mailer(f"smtp://user:{quote(secret, safe='')}@mail.example.org:587")

    assert options["password"] == secret
    assert (options["host"], options["port"]) == ("mail.example.org", 587)


@pytest.mark.parametrize("name", ["EMAIL_URL", "DATABASE_URL"])
@pytest.mark.parametrize("sign", "/#?[]\\ ")
def test_an_unencoded_character_is_named_and_the_password_is_not(name, sign):
    url = f"smtp://user:hun{sign}ter2@mail.example.org:587"
    with pytest.raises(ImproperlyConfigured) as error:
        environment.split(name, url)

    assert name in str(error.value)
    assert f"%{ord(sign):02X}" in str(error.value)
    assert "hun" not in str(error.value)
    assert "ter2" not in str(error.value)


@pytest.mark.parametrize("sign", "@:%&=+;!$")
def test_a_character_that_is_no_delimiter_needs_no_encoding(sign):
    options = read_mailer(f"smtp://user:hun{sign}ter2@mail.example.org:587?tls=1")

    assert options["password"] == f"hun{sign}ter2"
    assert options["use_tls"]


@pytest.mark.parametrize("name", ["DATABASE_URL", "DATABASE_OWNER_URL"])
@pytest.mark.parametrize("scheme", ["POSTGRES", "Postgres", "PostgreSQL", "POSTGRESQL"])
def test_a_database_scheme_may_have_capitals(name, scheme):
    url = f"{scheme}://Site:A-Long-And-Random-Word@db:5432/Site"
    with mock.patch.dict(os.environ, {name: url}, clear=True):
        found = environment.read_database(name, loopback=False)
        conninfo = conninfo_to_dict(environment.read_database_url(name))

    assert found["ENGINE"] == "core.postgresql"
    assert (found["USER"], found["PASSWORD"]) == ("Site", "A-Long-And-Random-Word")
    assert (found["HOST"], found["NAME"]) == ("db", "Site")
    assert conninfo["password"] == "A-Long-And-Random-Word"


@pytest.mark.parametrize("scheme", ["postgres", "POSTGRES", "PostgreSQL"])
def test_the_roles_are_made_whatever_the_case_of_the_scheme(tmp_path, scheme):
    """Runs the real script, with a psql that prints the names it was given."""
    owner, site, psql = (tmp_path / name for name in ("owner", "site", "psql"))
    owner.write_text(f"{scheme}://Owner:a%2Fb@db:5432/aaqi")
    site.write_text(f"{scheme}://Site:word@db:5432/aaqi")
    psql.write_text('#!/bin/sh\necho "$OWNER $OWNER_PASSWORD $SITE $SITE_PASSWORD"\n')
    psql.chmod(0o755)

    done = subprocess.run(
        ["/usr/bin/env", "bash", settings.BASE_DIR / "deploy" / "roles.sh"],
        env={
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "DATABASE_OWNER_URL_FILE": str(owner),
            "DATABASE_URL_FILE": str(site),
            "POSTGRES_USER": "postgres",
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == "Owner a/b Site word\n", done.stderr


@pytest.mark.parametrize(
    ("url", "port", "tls", "ssl"),
    [
        ("smtps://u:p@mail.example.org", 465, False, True),
        ("smtps://u:p@mail.example.org:465", 465, False, True),
        ("SMTPS://u:p@mail.example.org/", 465, False, True),
        ("smtps://u:p@mail.example.org:587", 587, True, False),
        ("smtps://u:p@mail.example.org:465?ssl=1", 465, False, True),
        ("smtp+ssl://u:p@mail.example.org", 465, False, True),
        ("submissions://u:p@mail.example.org", 465, False, True),
        ("smtp+tls://u:p@mail.example.org:587", 587, True, False),
        ("smtp://u:p@mail.example.org:587?tls=1", 587, True, False),
        ("smtp://u:p@mail.example.org:587?tls=true", 587, True, False),
        ("smtp://u:p@mail.example.org:587/?TLS=True", 587, True, False),
        ("smtp://u:p@mail.example.org:587?starttls=yes", 587, True, False),
        ("smtp://u:p@mail.example.org:587?encryption=tls", 587, True, False),
        ("smtp://u:p@mail.example.org:587?use_tls=on", 587, True, False),
        ("smtp://u:p@mail.example.org?ssl=1", 465, False, True),
        ("smtp://u:p@mail.example.org:465?ssl=True&tls=0", 465, False, True),
        ("smtp://u:p@mail.example.org:25?tls=0", 25, False, False),
        ("smtp://mail.example.org", 25, False, False),
    ],
)
def test_providers_spellings_of_tls_are_understood(url, port, tls, ssl):
    options = read_mailer(url)

    assert (options["port"], options["use_tls"], options["use_ssl"]) == (port, tls, ssl)
    assert options["host"] == "mail.example.org"


@pytest.mark.parametrize(
    "url",
    [
        "smtp://u:p@mail.example.org:587?tls=1&ssl=1",
        "smtp://u:p@mail.example.org:587?tls=maybe",
        "smtp://u:p@mail.example.org:587?x=1",
        "smtp://u:p@mail.example.org:port",
        "smtp://u:p@mail.example.org:99999",
        "smtp://u:p@mail.example.org/mail",
        "imap://u:p@mail.example.org",
        "mail.example.org",
        "smtp://",
        "u:p@mail.example.org:587",
    ],
)
def test_an_invalid_url_is_refused_with_the_correct_form(url):
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL") as error:
        read_mailer(url)

    assert "u:p@" not in str(error.value)
