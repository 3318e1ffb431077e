"""Public pages survive losing the database and web services; withdrawn words don't."""

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
        check(get(path).status == 200, f"{path} is down before the outage.")
    compose("stop", "--timeout", "2", *services)
    begun, asked, oldest = time.monotonic(), 0, 0
    while time.monotonic() - begun < seconds:
        for path in PAGES:
            page = get(path)
            check(page.status == 200, f"{path} gets {page.status} in the outage.")
            asked, oldest = asked + 1, max(oldest, page.age)
        time.sleep(1)
    # The form runs no query, so it may still be served for a moment.
    wait_for(lambda: get("/voices/add/").status == 503, 10, "The form gets no 503.")
    form = get("/voices/add/")
    check("We can’t take that right now" in form, "The 503 has no plain message.")
    check(form.headers["Retry-After"], "The 503 has no Retry-After.")
    check(oldest >= min(seconds, SECONDS) - 5, f"Age is {oldest} s at most.")
    compose("start", *services)
    back = time.monotonic()
    wait_for(lambda: get("/voices/add/").status == 200, 60, "The form did not recover.")
    waited = time.monotonic() - back
    say(
        f"Without {', '.join(services)}: {asked} pages in {seconds} s, all served, Age "
        f"up to {oldest}; signing got a 503, and was back {waited:.0f} s after that."
    )


def asked_in_other_letters():
    """A search with non-ASCII words is cached too."""
    path = "/voices/?q=%E2%80%9Cjusticia%E2%80%9D"
    check(get(path).status == 200, "A search fails.")
    compose("stop", "--timeout", "2", "web-a", "web-b")
    check(get(path).status == 200, "A search was not cached.")
    compose("start", "web-a", "web-b")
    wait_for(lambda: state("web-a") == state("web-b") == "healthy", 60, "Not healthy.")


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
    check(words in get(spelled), "The percent-encoded URL does not show the page.")
    manage = link(mail_to(email, "published"), "/manage/")
    done = post(manage, {"action": "withdraw", "sure": "on"})
    begun = time.monotonic()
    check(done.status == 303, f"Withdrawing responds with {done.status}.")
    wait_for(lambda: get(page).status == 410, 5, "The page is still there.")
    seconds = time.monotonic() - begun
    check(words not in get("/voices/"), "The wall still shows it.")
    # A page that was being rendered at that moment is purged a little later.
    time.sleep(7)
    compose("stop", "--timeout", "2", "web-a", "web-b")
    for path in (page, spelled, "/voices/", "/voices/?state=OH", "/"):
        check(words not in get(path), f"A cached copy of {path} still has the words.")
    check(get(page).status in {410, 503}, "A cached copy of the page is still there.")
    compose("start", "web-a", "web-b")
    wait_for(lambda: state("web-a") == state("web-b") == "healthy", 60, "Not healthy.")
    say(f"A withdrawn voice was gone from the proxy after {seconds:.1f} s.")


if __name__ == "__main__":
    prove()
