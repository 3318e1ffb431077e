"""A fresh install serves a signed, confirmed, and published voice over TLS."""

import http.client
import json
import re
import struct
import time

from tests.deploy import runbook
from tests.deploy.project import (
    BOUNCES,
    DOCKER,
    HOST,
    HTTP_PORT,
    NAME,
    ROOT,
    SERVICES,
    call,
    check,
    compose,
    containers,
    execute,
    python,
    remove,
    say,
    start,
    wait_for,
    write_environment,
)
from tests.deploy.visitor import ask, confirm, get, link, mail_to, sign

PUBLIC = "public, max-age=0, s-maxage=2, stale-while-revalidate=2, stale-if-error=600"
EMAIL = "ana@example.com"
STATEMENT = "Nobody is above the law that they enforce."
REPORT = """\
From: mailer-daemon@example.com
Subject: Returned
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="part"

--part
Content-Type: message/delivery-status

Reporting-MTA: dns; example.com

Final-Recipient: rfc822; ana@example.com
Action: failed
Status: 5.1.1

--part
Content-Type: text/rfc822-headers

Message-ID: {message_id}

--part--
"""


def prove():
    remove()
    write_environment()
    runbook.make_secrets()
    seconds = start()
    say(f"Healthy {seconds:.0f} s after `up` returned.")
    headers()
    limits()
    a_voice()
    a_mail_that_came_back()
    cards()
    an_administrator()
    properties()
    database_roles()
    image()


def headers():
    page = get("/", headers={"Accept-Encoding": "gzip"})
    check(page.status == 200, f"The home page responds with {page.status}.")
    expected = {
        "Cache-Control": PUBLIC,
        "Strict-Transport-Security": "max-age=31536000",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Content-Encoding": "gzip",
    }
    for name, value in expected.items():
        check(page.headers[name] == value, f"{name} is {page.headers[name]!r}.")
    policy = page.headers["Content-Security-Policy"]
    check("default-src 'none'" in policy and "unsafe" not in policy, policy)
    check("camera=()" in page.headers["Permissions-Policy"], "No permissions policy.")
    check(not page.cookies, "A reader gets a cookie on the home page.")
    # HTTP/3 is off; deploy/Caddyfile says why.
    for name in (
        *("Server", "Via", "X-Varnish", "X-Path", "X-Unavailable"),
        *("Alt-Svc", "Set-Cookie"),
    ):
        check(name not in page.headers, f"{name} is sent: {page.headers[name]}")
    form = get("/voices/add/")
    check("no-store" in form.headers["Cache-Control"], "A form may be cached.")
    check(form.cookies[0].startswith("__Host-csrftoken="), form.cookies)
    check(form.cookies != get("/voices/add/").cookies, "Two visitors share a cookie.")
    sheet = re.search(r"/static/site\.[0-9a-f]{12}\.css", get("/").text)[0]
    static = get(sheet, headers={"Accept-Encoding": "gzip"})
    check(static.status == 200, f"{sheet} responds with {static.status}.")
    check("immutable" in static.headers["Cache-Control"], "It is not immutable.")
    check(static.headers["Content-Encoding"] == "gzip", "It is not gzipped.")
    check(get("/.well-known/security.txt").status == 200, "There is no security.txt.")
    say("The home page, the form, and static files have the headers they should.")


def limits():
    plain = http.client.HTTPConnection("127.0.0.1", HTTP_PORT, timeout=10)
    plain.request("GET", "/voices/", headers={"Host": HOST})
    answer = plain.getresponse()
    check(answer.status == 308, f"Plain HTTP responds with {answer.status}.")
    check(answer.headers["Location"] == f"https://{HOST}/voices/", "Wrong Location.")
    strange = get("/", headers={"Host": "evil.example"})
    check(strange.status == 421, f"An unknown host gets {strange.status}.")
    for path in ("/voices/add/", "/admin/login/"):
        long = ask("POST", path, b"x" * 2_000_000)
        check(long.status == 413, f"Two megabytes to {path} get {long.status}.")
        check("no-store" in long.headers["Cache-Control"], "A 413 may be cached.")
    check("That was too much to send" in long, "The 413 has no page.")
    gone = get("/static/site.000000000000.css")
    check(gone.status == 404, f"A missing file gets {gone.status}.")
    check(gone.headers["Cache-Control"] == "no-store", "A 404 may be cached.")
    posted = ask("POST", "/static/icon.svg", "name=x")
    check(posted.status == 405, f"A POST to a static file gets {posted.status}.")
    check("Method Not Allowed" in posted, "The 405 does not say why.")
    wide = get("/", headers={"X-Wide": "x" * 40_000})
    check(wide.status == 431, f"40 kB of headers get {wide.status}.")
    spoofed = get("/voices/add/", headers={"X-Forwarded-For": "203.0.113.7"})
    check(spoofed.status == 200, "A forged X-Forwarded-For breaks the form.")
    forged = ask(
        "POST",
        "/voices/add/",
        "name=x",
        {"Origin": "https://evil.example", "Cookie": form_cookie()},
    )
    check(forged.status == 403, f"A form from another origin gets {forged.status}.")
    check(ask("BAN", "/", headers={"X-Drop": "."}).status >= 400, "Anybody may purge.")
    say("Limits hold for bodies, headers, hosts, origins, and methods.")


def form_cookie():
    return "; ".join(get("/voices/add/").cookies)


def a_voice():
    check(sign(EMAIL, statement=STATEMENT).status == 303, "Signing failed.")
    mail = mail_to(EMAIL, "confirm")
    check("1 Main Street" in mail["text"], "The email lacks the postal address.")
    done = confirm(mail)
    check(done.status == 303, f"Confirming responds with {done.status}.")
    network = python(
        "web-a",
        "from voices.abuse.models import Arrival\n"
        "networks = Arrival.objects.filter(sender='network')\n"
        "hashes = networks.values_list('hash', flat=True)\n"
        "print(json.dumps(list(hashes)))",
    )
    check('""' not in network, "The visitor's network was not known.")
    pk = publish()
    wait_for(lambda: STATEMENT in get("/voices/"), 15, "The wall lacks the voice.")
    check(STATEMENT in get(f"/voices/{pk}/"), "The voice's page lacks it.")
    mail_to(EMAIL, "published")
    say("A voice was signed, confirmed by email, published, and read.")


def a_mail_that_came_back():
    letter = mail_to(EMAIL, "published")
    report = BOUNCES / "new" / "1.2.mail"
    report.write_text(REPORT.format(message_id=letter["id"]))
    said = execute("worker", "manage.py", "read_bounces")
    check("Permanently refused, and recorded: 1" in said, said)
    check(not report.exists(), "The report was not deleted.")
    say("A bounce report was read from a folder on the host, and deleted.")


def cards():
    for path in ("/card.png", "/rankings/ohio/card.png"):
        card = get(path)
        check(card.status == 200, f"{path} responds with {card.status}.")
        check(card.body.startswith(b"\x89PNG\r\n"), f"{path} is not a PNG.")
        size = struct.unpack(">II", card.body[16:24])
        check(size == (1200, 630), f"{path} has {size} pixels.")
    say("The share cards of the site and of a state are 1200 by 630 pixels.")


def an_administrator():
    email = "admin@example.org"
    said = compose("run", "--rm", "web-a", "manage.py", "invite", email).stdout
    check("works once" in said, said)
    page = get(link(mail_to(email), "/accounts/invitation/"))
    check(page.status in {200, 302}, f"The invitation responds with {page.status}.")
    check("no-store" in page.headers["Cache-Control"], "An invitation may be cached.")
    check(get("/admin/").status == 302, "The admin is open to strangers.")
    say("The first administrator was invited by email.")


def base_image():
    return re.search(r"^FROM (\S+) AS site$", (ROOT / "Dockerfile").read_text(), re.M)[
        1
    ]


def image():
    """Measure what the site's image adds to its base, and how fast it starts."""
    ours, base = (
        json.loads(call([*DOCKER, "image", "inspect", name]).stdout)[0]["Size"]
        for name in ("aaqi", base_image())
    )
    megabytes = (ours - base) / 1e6
    check(megabytes < 120, f"The site adds {megabytes:.0f} MB to its base image.")
    container = containers()["web-b"]["Id"]
    compose("stop", "web-b")
    begun = time.monotonic()
    # `compose start` would also run the services that this one depends on.
    call([*DOCKER, "start", container])
    code = "from operations import healthcheck; print(healthcheck.web())"
    wait_for(
        lambda: "True" in execute("web-b", "python", "-c", code, must=False),
        30,
        "web-b does not start",
    )
    seconds = time.monotonic() - begun
    check(seconds < 10, f"A web service took {seconds:.1f} s to start.")
    say(
        f"The image is {megabytes:.0f} MB on top of {base_image()}; a web service "
        f"was ready {seconds:.1f} s after `docker start`."
    )


def publish():
    """Publish the waiting voices, as a moderator does; return the newest voice's id."""
    return int(
        python(
            "web-a",
            "from django.contrib.auth import get_user_model as model\n"
            "from voices.moderation import decide\n"
            "by, _ = model().objects.get_or_create(username='moderator')\n"
            "decide.publish(Voice.objects.waiting(), by)\n"
            "print(Signature.objects.latest('pk').voice_id)",
        )
    )


def properties():
    for service, container in containers().items():
        if service == "mail":
            continue
        config, host = container["Config"], container["HostConfig"]
        added = ["CAP_NET_BIND_SERVICE"] if service == "proxy" else None
        named = [f"CAP_{cap.removeprefix('CAP_')}" for cap in host["CapAdd"] or []]
        check((named or None) == added, f"{service} has {host['CapAdd']}.")
        check(host["CapDrop"] == ["ALL"], f"{service} does not drop all capabilities.")
        check(host["ReadonlyRootfs"], f"{service} can write to its file system.")
        check(
            any("no-new-privileges" in opt for opt in host["SecurityOpt"]),
            f"{service} can gain privileges.",
        )
        check(config["User"] not in {"", "root", "0"}, f"{service} runs as root.")
        check(host["Memory"] and host["PidsLimit"], f"{service} has no limits.")
        options = host["LogConfig"]["Config"]
        check(options.get("max-size"), f"{service}'s log grows without limit.")
        if service in SERVICES:
            check(config.get("Healthcheck"), f"{service} has no health check.")
    for tool in ("gcc", "cc", "make", "pip", "git"):
        found = execute("web-a", "sh", "-c", f"command -v {tool} || true").strip()
        # The base image includes pip, which is useless on a read-only file system.
        check(not found or tool == "pip", f"The site's image has {found}.")
    check(execute("web-a", "id", "-u").strip() == "10001", "Not user 10001.")
    written = execute("web-a", "sh", "-c", "touch /srv/aaqi/x 2>&1 || true")
    check("Read-only" in written, "The site can modify its own code.")
    for service in ("db", "web-a", "web-b", "backup"):
        networks = list(containers()[service]["NetworkSettings"]["Networks"])
        check(networks == [f"{NAME}_data"], f"{service} is on {networks}.")
    check(not containers()["db"]["HostConfig"]["PortBindings"], "db has a port.")
    say("Every container is restricted as it should be.")


def database_roles():
    """The site can't empty a log, and no service has the owner's login."""
    said = python(
        "web-a",
        "from django.db import connection\n"
        "try: connection.cursor().execute('TRUNCATE voices_decision')\n"
        "except Exception as error: print(error)",
    )
    check("permission denied" in said, f"The site can empty a log: {said}")
    for service in ("web-a", "web-b", "worker"):
        known = execute(service, "sh", "-c", "env; ls /run/secrets")
        check("database_owner_url" not in known, f"{service} has the owner's login.")
    found = execute(
        *("db", "psql", "--username=postgres", "-Atc"),
        "SELECT rolname FROM pg_authid WHERE rolsuper AND rolpassword IS NOT NULL",
    )
    check(not found.strip(), f"A superuser has a password: {found}")
    say("The site can't empty a log, and no service has the owner's login.")


if __name__ == "__main__":
    prove()
