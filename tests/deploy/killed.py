"""Every service that is killed under load recovers, and no accepted form is lost."""

import json
import time

from tests.deploy.load import Load
from tests.deploy.project import (
    SERVICES,
    check,
    compose,
    execute,
    kill,
    mails,
    python,
    say,
    starts,
    state,
    wait_for,
    wait_healthy,
)
from tests.deploy.visitor import confirm, mail_to


def prove():
    wait_healthy(SERVICES, 120)
    # All of these forms come from one machine.
    python("web-a", "Limit.objects.update(most=100000)")
    before = len(mails())
    with Load() as load:
        for service in SERVICES:
            time.sleep(3)
            kill_and_wait(service)
    say(str(load))
    check(len(load.acknowledged) > 20, "Too few forms to prove anything.")
    exactly_once(load.acknowledged)
    every_mail(load.acknowledged)
    confirmed(load.acknowledged[:5])
    say(f"{len(mails()) - before} emails arrived during the load.")


def kill_and_wait(service):
    then = starts(service)
    begun = time.monotonic()
    kill(service)
    wait_for(lambda: starts(service) != then, 30, f"{service} did not restart.")
    wait_for(lambda: state(service) == "healthy", 90, f"{service} is not healthy.")
    say(f"{service} was killed and is healthy after {time.monotonic() - begun:.0f} s.")


def exactly_once(emails):
    found = json.loads(
        python(
            "web-a",
            "from collections import Counter\n"
            "emails = Submission.objects.values_list('email', flat=True)\n"
            "print(json.dumps(Counter(emails)))",
        )
    )
    wrong = {email: found.get(email, 0) for email in emails if found.get(email) != 1}
    check(not wrong, f"Not stored exactly once: {wrong}")
    say(f"All {len(emails)} accepted forms are stored, each once.")


def every_mail(emails):
    def counts():
        ours = mails()
        times = dict.fromkeys(emails, 0)
        for mail in ours:
            for email in set(times) & {mail["to"], mail["to"].strip("<>")}:
                times[email] += 1
        return times

    def missing():
        return list(counts().values()).count(0)

    wait_for(
        lambda: not missing(),
        120,
        lambda: f"{missing()} of {len(emails)} emails were never sent.",
    )
    times = counts()
    twice = [email for email, number in times.items() if number == 2]
    check(max(times.values()) <= 2, f"Sent more than twice: {times}")
    say(f"Every email was sent; {len(twice)} twice, after a kill in mid-delivery.")


def confirmed(emails):
    for email in emails:
        check(confirm(mail_to(email, "confirm")).status == 303, "Confirming failed.")
    found = python(
        "web-a",
        f"print(Signature.objects.filter(email__in={emails!r}).count())",
    )
    check(int(found) == len(emails), f"Only {found} of {len(emails)} signatures exist.")


if __name__ == "__main__":
    check(compose("ps", "--quiet").stdout, "Run tests.deploy.from_nothing first.")
    execute("web-a", "true")
    prove()
