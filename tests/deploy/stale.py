"""Public pages outlive database and web services; withdrawn words do not."""

import time

from tests.deploy.from_nothing import publish
from tests.deploy.project import (
    SERVICES,
    check,
    compose,
    say,
    state,
    wait_for,
    wait_healthy,
)
from tests.deploy.visitor import confirm, get, link, mail_to, post, sign

SECONDS = 60
PAGES = ["/", "/voices/", "/privacy/"]


def prove():
    wait_healthy(SERVICES, 120)
    while_down("db")
    asked_in_other_letters()
    while_down("db", "web-a", "web-b", seconds=SECONDS)
    withdrawn()


def while_down(*services, seconds=15):
    for path in PAGES:
        check(get(path).status == 200, f"{path} is not there to begin with.")
    compose("stop", "--timeout", "2", *services)
    begun, asked, oldest = time.monotonic(), 0, 0
    while time.monotonic() - begun < seconds:
        for path in PAGES:
            page = get(path)
            check(page.status == 200, f"{path} answers {page.status} while down.")
            asked, oldest = asked + 1, max(oldest, page.age)
        time.sleep(1)
    # The form itself asks the database nothing, so it may still be read for a moment.
    wait_for(lambda: get("/voices/add/").status == 503, 10, "The form answers.")
    form = get("/voices/add/")
    check("We can’t take that right now" in form, "It does not say so plainly.")
    check(form.headers["Retry-After"], "It does not say when to come back.")
    check(oldest >= min(seconds, SECONDS) - 5, f"Age is {oldest} at most.")
    compose("start", *services)
    back = time.monotonic()
    wait_for(lambda: get("/voices/add/").status == 200, 60, "It did not come back.")
    waited = time.monotonic() - back
    say(
        f"Without {', '.join(services)}: {asked} pages in {seconds} s, all served, Age "
        f"up to {oldest}; signing said so, and was back {waited:.0f} s after the start."
    )


def asked_in_other_letters():
    """A search for words that an address cannot hold as they are is kept as well."""
    path = "/voices/?q=%E2%80%9Cjusticia%E2%80%9D"
    check(get(path).status == 200, "A search fails.")
    compose("stop", "--timeout", "2", "web-a", "web-b")
    check(get(path).status == 200, "A search was not kept.")
    compose("start", "web-a", "web-b")
    wait_for(lambda: state("web-a") == state("web-b") == "healthy", 60, "Not back.")


def withdrawn():
    email, words = "gone@example.com", "These words are taken back."
    check(sign(email, statement=words).status == 303, "Signing failed.")
    confirm(mail_to(email, "confirm"))
    pk = publish()
    page = f"/voices/{pk}/"
    wait_for(lambda: words in get(page), 15, "The voice's page is not there.")
    wait_for(lambda: words in get("/voices/"), 15, "The wall lacks the voice.")
    get("/voices/?state=OH")
    spelled = f"/%76oices/{pk}/"
    check(words in get(spelled), "The page has no other spelling to be proved.")
    manage = link(mail_to(email, "published"), "/manage/")
    done = post(manage, {"action": "withdraw", "sure": "on"})
    begun = time.monotonic()
    check(done.status == 303, f"Withdrawing answers {done.status}.")
    wait_for(lambda: get(page).status == 410, 5, "The page is still there.")
    seconds = time.monotonic() - begun
    check(words not in get("/voices/"), "The wall still has it.")
    # What was being made at that moment is dropped as well, a little later.
    time.sleep(7)
    compose("stop", "--timeout", "2", "web-a", "web-b")
    for path in (page, spelled, "/voices/", "/voices/?state=OH", "/"):
        check(words not in get(path), f"A copy of {path} still has the words.")
    check(get(page).status in {410, 503}, "A copy of the page is still there.")
    compose("start", "web-a", "web-b")
    wait_for(lambda: state("web-a") == state("web-b") == "healthy", 60, "Not back.")
    say(f"A withdrawn voice was gone from the proxy after {seconds:.1f} s.")


if __name__ == "__main__":
    prove()
