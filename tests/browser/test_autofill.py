"""What Chromium's autofill does to the form with a saved address."""

from django.urls import reverse

SAVED = {
    "NAME_FULL": "Ana Reyes",
    "EMAIL_ADDRESS": "ana@example.com",
    "COMPANY_NAME": "Reyes & Co.",
    "ADDRESS_HOME_STREET_ADDRESS": "1 Main Street",
    "ADDRESS_HOME_CITY": "Columbus",
    "ADDRESS_HOME_STATE": "OH",
    "ADDRESS_HOME_ZIP": "43215",
    "ADDRESS_HOME_COUNTRY": "US",
    "PHONE_HOME_WHOLE_NUMBER": "+16145550100",
}


def autofill(page, selector):
    """Choose the saved address in the field's autofill menu, as a person does."""
    address = {"fields": [{"name": name, "value": SAVED[name]} for name in SAVED]}
    chromium = page.context.new_cdp_session(page)
    chromium.send("DOM.enable")
    chromium.send("Autofill.enable")
    chromium.send("Autofill.setAddresses", {"addresses": [address]})
    root = chromium.send("DOM.getDocument")["root"]["nodeId"]
    found = chromium.send("DOM.querySelector", {"nodeId": root, "selector": selector})
    described = chromium.send("DOM.describeNode", {"nodeId": found["nodeId"]})["node"]
    page.focus(selector)
    chromium.send(
        "Autofill.trigger",
        {"fieldId": described["backendNodeId"], "address": address},
    )
    page.wait_for_function(
        "chosen => document.querySelector(chosen).value", arg=selector
    )


def test_autofill_fills_in_the_form_and_not_the_honeypot(page, live_server):
    page.goto(live_server.url + reverse("voices:add"))

    autofill(page, "#id_name")

    assert page.input_value("#id_name") == SAVED["NAME_FULL"]
    assert page.input_value("#id_state") == SAVED["ADDRESS_HOME_STATE"]
    # In the closed part, nobody would see it.
    assert page.input_value("#id_city") == ""
    assert page.input_value("#id_untouched") == ""
