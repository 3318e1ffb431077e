"""Editing the public data file into a new edition, by hand."""

from io import StringIO

import pytest
from django.core.management import call_command

from tests.factories import make_staff
from tests.rankings.files import read, write

pytestmark = pytest.mark.django_db(transaction=True)


def sign_in(page, client):
    client.force_login(make_staff())
    name, cookie = next(iter(client.cookies.items()))
    address = page.context.new_page()
    address.goto("/healthz")
    page.context.add_cookies(
        [{"name": name, "value": cookie.value, "url": address.url.split("healthz")[0]}]
    )
    address.close()


def test_an_edited_file_is_previewed_imported_and_published(page, client):
    call_command("load_rankings", stdout=StringIO())
    sign_in(page, client)
    rows = read(client.get("/rankings/data.csv").content.decode())
    texas = next(row for row in rows if row["usps"] == "TX")
    texas |= {"right_to_sue": "court", "immunity": "limited", "summary": "It is new."}

    page.goto("/admin/rankings/assessment/")
    page.get_by_role("link", name="Import a file").click()
    page.get_by_label("CSV file").set_input_files(
        {"name": "edited.csv", "mimeType": "text/csv", "buffer": write(rows)}
    )
    page.get_by_label("As of").fill("2026-11-28")
    page.get_by_label("Title").fill("Third edition")
    page.get_by_role("button", name="Preview the import").click()
    preview = page.locator(".changes").inner_text()
    page.get_by_role("button", name="Import 1 state").click()
    imported = page.locator(".messagelist").inner_text()
    before = client.get("/rankings/texas/").content.decode()
    page.goto("/admin/rankings/edition/")
    page.get_by_role("link", name="Third edition (2026-11-28)").click()
    page.get_by_label("Action:").select_option(label="Publish…")
    page.get_by_role("button", name="Run").click()
    effect = page.locator(".moves").inner_text()
    page.get_by_role("button", name="Publish it").click()
    published = page.locator(".messagelist").inner_text()
    page.goto("/rankings/texas/")

    assert "F, 0 points → C (provisional), 50 to 70 points" in preview
    assert "1 changed, 0 added, 50 unchanged" in imported
    assert "It is new." not in before
    assert "C (provisional), 50 to 70 points, rank 10 (tie)" in effect
    assert "Published: Third edition (2026-11-28)." in published
    assert "It is new." in page.locator("main").inner_text()


def test_the_points_are_previewed_without_javascript(plain_page, client):
    page = plain_page
    call_command("load_rankings", stdout=StringIO())
    sign_in(page, client)
    page.goto("/admin/rankings/edition/add/")
    page.get_by_label("As of").fill("2026-11-28")
    page.get_by_label("Title").fill("Third edition")
    page.get_by_role("button", name="Save", exact=True).click()
    page.goto("/admin/rankings/assessment/")
    page.get_by_role("link", name="Texas", exact=True).click()
    page.locator("#id_right_to_sue").select_option("court")
    page.locator("#id_immunity").select_option("limited")
    page.get_by_label("Summary").fill("Typed.")
    page.get_by_role("button", name="Preview points").click()
    shown = page.locator(".score").inner_text()
    typed = page.get_by_label("Summary").input_value()

    assert "50 to 70 of 100 points" in shown
    assert typed == "Typed."
