"""Measure loading the sign-up form, submitting it, sending email, and confirming."""

import time
from urllib.parse import quote_plus, unquote_plus

from tools.bench import drive, people, seed, stats, wrk
from tools.bench.driver import Plan
from tools.bench.pages import REQUESTS, count, in_turn
from tools.bench.rig import BLOCK, Browser, Rig
from tools.bench.stats import Line, Round
from tools.bench.wrk import Target

FORM = "/voices/add/"
BARE = "/sign-up"
# Seconds to wait before submitting a form, because faster submissions look like bots.
TYPING = 2.2
# How many submissions to confirm in each round.
CONFIRMED = 150
# For measuring the worker: how many emails it sends before the first round, to reach
# full speed; the minimum number of emails to queue; the length of a round in seconds;
# and the maximum number of rounds.
FIRST_LETTERS = 20
LETTERS = 500
LETTER_SECONDS = 2
LETTER_ROUNDS = 4
SENT_LETTERS = "SELECT count(*) FROM voices_letter WHERE sent_at IS NOT NULL"
WAITING_LETTERS = "SELECT count(*) FROM voices_letter WHERE sent_at IS NULL"
FORGET_LETTERS = "DELETE FROM voices_letter WHERE sent_at IS NULL"
HELD = """
    SELECT count(*) FROM voices_submission
    WHERE confirmed_at IS NULL AND (lane <> 'clean' OR suspicions <> '{}')
"""


class LostError(Exception):
    """A simulated form wasn't accepted, stored, or counted as expected."""


def measure(rig: Rig) -> list[Line]:
    posts = measure_posts(rig)
    letters = measure_letters(rig)
    gets = measure_gets(rig)
    confirms = measure_confirming(rig, gets)
    return [*posts, *gets, *confirms, letters]


def measure_posts(rig: Rig) -> list[Line]:
    """Compare the cost of submitting the form with that of the bare sign-up.

    Each submission has a new email address and IP address.
    """
    ours, bare = site_target(rig), bare_target(rig)
    lines = []
    for connections in rig.scale.connections:
        reference = Line("bare sign-up POST", connections)
        line = Line("sign-up POST", connections, reference=reference)
        lines += [reference, line]
    for _ in range(rig.scale.rounds):
        for line in lines:
            target = bare if line.reference is None else ours
            table = "bare_signup" if line.reference is None else "voices_submission"
            line.rounds.append(post_round(rig, target, table, line.connections))
        if rig.is_late(0.6):
            break
    counted = {target.web.name: count_posts(rig, target) for target in (ours, bare)}
    for line in lines:
        line.statements = counted["bare" if line.reference is None else "site"]
    check_clean(rig)
    return lines


def site_target(rig: Rig) -> Target:
    browser = Browser(rig.site)
    fields = people.form(0, browser.hidden(FORM))
    time.sleep(TYPING)
    fields |= {"email": "{email}", "statement": "Nobody is above the law, says {word}."}
    return Target(rig.site, FORM, browser.headers(), template(fields))


def bare_target(rig: Rig) -> Target:
    browser = Browser(rig.bare)
    hidden = browser.hidden(BARE)
    names = ("name", "email", "city", "state", "statement")
    fields = {name: people.form(0, {})[name] for name in names}
    fields |= {"email": "{email}", "statement": "Nobody is above the law, says {word}."}
    return Target(rig.bare, BARE, browser.headers(), template(hidden | fields))


def template(fields: dict[str, str]) -> str:
    """Encode a form, except for the placeholders that wrk.lua replaces."""
    text = people.encode(fields).decode()
    for mark in ("{email}", "{word}"):
        text = text.replace(quote_plus(mark), mark)
    return text


def post_round(rig: Rig, target: Target, table: str, connections: int) -> Round:
    """Measure one round of sign-ups, and check that every accepted form was stored."""
    query = f"SELECT count(*) FROM {table}"  # noqa: S608 - the name is ours
    before = count_rows(rig, query)
    seconds = rig.scale.seconds
    first = rig.take_numbers()
    found = wrk.measure(target, rig.database, connections, seconds, first)
    stored = count_rows(rig, query) - before
    if not 0 <= stored - found.requests <= connections:
        raise LostError(f"{found.requests} forms were accepted, {stored} stored.")
    return found


def count_posts(rig: Rig, target: Target) -> float:
    numbers = iter(range(rig.take_numbers(), rig.number + BLOCK))
    cookies = dict([target.headers[0].removeprefix("Cookie: ").split("=", 1)])

    def post(browser: Browser) -> None:
        browser.number = number = next(numbers)
        browser.cookies = cookies
        body = target.body.replace("{email}", people.email(number))
        fields = dict(
            part.split("=", 1)
            for part in body.replace("{word}", people.word(number)).split("&")
        )
        status, _, text = browser.ask(target.path, unquoted(fields))
        if status != 303:
            raise LostError(f"A form got {status}: {text[:500]}")

    return count(rig, target.web, post)


def unquoted(fields: dict[str, str]) -> dict[str, str]:
    return {name: unquote_plus(value) for name, value in fields.items()}


def check_clean(rig: Rig) -> None:
    """Check that no simulated sign-up was treated as suspicious.

    None should be, because each has a different network and email address.
    """
    if found := count_rows(rig, HELD):
        raise LostError(f"{found} sign-ups were held back as suspicious.")


def measure_letters(rig: Rig) -> Line:
    """Start the worker, and measure how fast it sends the queued letters."""
    line = Line("one letter, worker", 1)
    target = site_target(rig)
    while count_rows(rig, WAITING_LETTERS) < LETTERS:
        wrk.load(target, 32, 1, rig.take_numbers())
    worker = rig.start_worker()
    begin = count_rows(rig, SENT_LETTERS)
    while count_rows(rig, SENT_LETTERS) < begin + FIRST_LETTERS:
        worker.check()
        time.sleep(0.05)
    sink_cpu = rig.sink.cpu()
    while len(line.rounds) < LETTER_ROUNDS and count_rows(rig, WAITING_LETTERS) > 100:
        line.rounds.append(letter_round(rig))
    letters = sum(each.requests for each in line.rounds)
    rig.facts["mail sink CPU per letter, ms"] = (
        (rig.sink.cpu() - sink_cpu) / max(letters, 1) * 1000
    )
    rig.stop_worker()
    # Delete the remaining letters: they would delay the letters of later measurements.
    rig.database.execute(FORGET_LETTERS)
    return line


def letter_round(rig: Rig) -> Round:
    worker = rig.start_worker()
    before, cpu, rows = count_rows(rig, SENT_LETTERS), worker.cpu(), rig.database.cpu()
    begun = time.monotonic()
    time.sleep(LETTER_SECONDS)
    letters = max(count_rows(rig, SENT_LETTERS) - before, 1)
    return Round(
        requests=letters,
        seconds=time.monotonic() - begun,
        p50=0,
        p95=0,
        p99=0,
        web_cpu=(worker.cpu() - cpu) / letters * 1000,
        database_cpu=(rig.database.cpu() - rows) / letters * 1000,
    )


def count_rows(rig: Rig, query: str) -> int:
    return rig.database.execute(query)[0][0]


def measure_gets(rig: Rig) -> list[Line]:
    """Compare loading the form and the confirmation page with loading the bare form."""
    reference = ("bare form GET", Target(rig.bare, BARE))
    pairs = [
        (("form GET", Target(rig.site, FORM)), reference),
        (("confirm GET", Target(rig.site, confirm_paths(rig, 1)[0])), reference),
    ]
    return in_turn(rig, pairs, 0.6)


def confirm_paths(rig: Rig, number: int) -> list[str]:
    """Return the confirmation paths of up to `number` submissions, oldest first.

    Leave out confirmed submissions and submissions with a queued letter.
    """
    from voices.signatures import tokens

    found = rig.database.execute(
        "SELECT ref FROM voices_submission WHERE confirmed_at IS NULL "
        "AND id NOT IN (SELECT submission_id FROM voices_letter "
        "WHERE submission_id IS NOT NULL AND sent_at IS NULL) ORDER BY id LIMIT %s",
        number,
    )
    return [f"/voices/confirm/{tokens.confirming.sign(ref)}/" for (ref,) in found]


def add_forms(rig: Rig, number: int) -> None:
    """Add submissions until at least `number` are unconfirmed; delete their letters."""
    target = site_target(rig)
    while len(confirm_paths(rig, number)) < number:
        wrk.load(target, 32, 1, rig.take_numbers())
        rig.database.execute(FORGET_LETTERS)


def measure_confirming(rig: Rig, gets: list[Line]) -> list[Line]:
    """Compare the CPU time of confirming with that of loading the bare form."""
    lines = []
    rounds = rig.scale.rounds * len(rig.scale.connections)
    add_forms(rig, CONFIRMED * rounds + REQUESTS)
    statements = count_confirming(rig)
    for connections in rig.scale.connections:
        reference = next(
            line
            for line in gets
            if line.reference is None and line.connections == connections
        )
        line = Line("confirm POST", connections, reference=reference)
        line.rounds = [confirm_round(rig, connections) for _ in reference.rounds]
        line.statements = statements
        lines.append(line)
    return lines


def confirm_plan(rig: Rig, number: int, connections: int) -> Plan:
    paths = confirm_paths(rig, number)
    browser = Browser(rig.site)
    token = browser.hidden(paths[0])["csrfmiddlewaretoken"]
    return Plan(
        port=rig.site.port,
        seconds=30,
        posts=paths,
        connections=connections,
        post_headers="".join(f"{line}\r\n" for line in browser.headers()),
        post_fields={"csrfmiddlewaretoken": token},
    )


def confirm_round(rig: Rig, connections: int) -> Round:
    """Measure one round, and check that every confirmed submission was counted."""
    signers = seed.check_totals(rig.database)
    plan = confirm_plan(rig, CONFIRMED, connections)
    workers = rig.site.worker_cpu()
    load = drive.drive(rig, plan)
    shares = [
        now - then for now, then in zip(rig.site.worker_cpu(), workers, strict=True)
    ]
    step = load.step("post")
    counted = seed.check_totals(rig.database) - signers
    if not counted == step["count"] == len(plan.posts) or load.result["failed"]:
        raise LostError(
            f"{len(plan.posts)} confirmed, {counted} counted: {load.result}"
        )
    return Round(
        requests=int(step["count"]),
        seconds=load.result["seconds"],
        p50=step["p50"],
        p95=step["p95"],
        p99=step["p99"],
        web_cpu=load.cpu["web"] / step["count"] * 1000,
        database_cpu=load.cpu["database"] / step["count"] * 1000,
        lopsided=stats.is_lopsided(shares, connections),
    )


def count_confirming(rig: Rig) -> float:
    plan = confirm_plan(rig, REQUESTS, 1)
    return rig.database.count_statements(lambda: drive.run(plan)) / len(plan.posts)
