"""A flood of forged forms delays no honest email and quarantines nobody honest.

Set `FLOOD_SECONDS` and `FLOOD_FORMS` for a shorter run.
"""

import json
import os
import time
from collections import Counter

from tests.deploy import runbook
from tests.deploy.forgers import KINDS, TYPED
from tests.deploy.project import (
    SERVICES,
    check,
    compose,
    mails,
    python,
    remove,
    say,
    start,
    wait_healthy,
    write_environment,
)
from tests.deploy.visitor import confirm

SECONDS = int(os.environ.get("FLOOD_SECONDS", "600"))
FORMS = int(os.environ.get("FLOOD_FORMS", "20000"))
PEOPLE = 300
MAILS_PER_MINUTE = 600
# Every honest form must be mailed within this many seconds.
SOON = 60
KIND = "regexp_replace(email, '[0-9]+@.*', '')"
COUNT = f"""
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT {KIND}, lane, count(*) FROM voices_submission GROUP BY 1, 2")
    print(json.dumps(cursor.fetchall()))
"""
CONFIRM = """
for form in Submission.objects.unconfirmed().filter(email__startswith="honest"):
    form.confirm()
honest = Signature.objects.filter(email__startswith="honest")
print(json.dumps([
    honest.filter(counted_at__isnull=False).count(), honest.in_quarantine().count()
]))
"""


def prove():
    remove()
    write_environment(MAILS_PER_MINUTE=str(MAILS_PER_MINUTE))
    runbook.make_secrets()
    start()
    sent = flood()
    time.sleep(SOON + 5)
    arrived = mails()
    everybody_is_answered(sent)
    lanes()
    honest_mail_is_soon(sent["acknowledged"], arrived)
    nothing_typed(arrived)
    junk_mail_is_rare(arrived)
    nobody_honest_is_quarantined(arrived)
    wait_healthy(SERVICES, 60)


def flood():
    arguments = [str(SECONDS), str(FORMS), str(PEOPLE)]
    done = compose(
        *("run", "--rm", "-T", "forgers", "python", "-m", "tests.deploy.forgers"),
        *arguments,
    )
    return json.loads(done.stdout.splitlines()[-1])


def everybody_is_answered(sent):
    answers = sent["answers"]
    say(f"{FORMS} forged and {PEOPLE} honest forms in {sent['seconds']} s: {answers}")
    # Bots get the same pages, so that they learn nothing.
    wrong = {what: n for what, n in answers.items() if not what.endswith(" 303")}
    check(not wrong, f"These responses differ: {wrong}")
    check(sum(answers.values()) == FORMS + PEOPLE, f"Missing responses: {answers}")


def lanes():
    counts = json.loads(python("web-a", COUNT))
    told = {f"{kind} {lane}": count for kind, lane, count in counts}
    say(f"Their lanes: {dict(sorted(told.items()))}")
    check(told.get("honest clean") == PEOPLE, f"Honest forms have to wait: {told}")


def honest_mail_is_soon(acknowledged, arrived):
    first = {}
    for mail in arrived:
        first.setdefault(mail["to"], mail["at"])
    missing = sorted(set(acknowledged) - set(first))
    check(not missing, f"{len(missing)} were not mailed: {missing[:5]}")
    waits = sorted(first[email] - at for email, at in acknowledged.items())
    p95 = waits[len(waits) * 95 // 100]
    say(f"Honest email was sent after {p95:.1f} s (p95), {waits[-1]:.1f} s at most.")
    check(waits[-1] <= SOON, f"One honest form waited for {waits[-1]:.0f} s.")


def nothing_typed(arrived):
    for mail in arrived:
        said = " ".join((mail["subject"], mail["text"], mail["html"])).lower()
        found = [words for words in TYPED if words in said]
        check(not found, f"An email to {mail['to']} quotes {found}.")
    say(f"None of {len(arrived)} emails contains user input.")


def junk_mail_is_rare(arrived):
    kinds = [kind.__name__ for kind in KINDS]
    counts = Counter(
        kind for mail in arrived for kind in kinds if mail["to"].startswith(kind)
    )
    say(f"Emails to forged addresses: {dict(counts)}")
    check(not counts["honeypot"] + counts["stampless"], f"Bots are emailed: {counts}")


def nobody_honest_is_quarantined(arrived):
    to_honest = [mail for mail in arrived if mail["to"].startswith("honest")]
    for mail in to_honest[:3]:
        check(confirm(mail).status == 303, "The link in an email does not confirm.")
    counted, quarantined = json.loads(python("web-a", CONFIRM))
    check(counted == PEOPLE, f"Only {counted} honest signatures count.")
    check(not quarantined, f"{quarantined} honest signatures are in quarantine.")
    say(f"All {counted} honest signatures count once confirmed; none in quarantine.")


if __name__ == "__main__":
    prove()
