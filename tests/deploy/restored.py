"""A backup under load brings every row back after the database's volume is gone."""

import json
import re
import time

from tests.deploy.from_nothing import publish
from tests.deploy.load import Load
from tests.deploy.project import (
    DOCKER,
    NAME,
    SERVICES,
    call,
    check,
    compose,
    execute,
    say,
    wait_healthy,
)
from tests.deploy.visitor import confirm, get, link, mail_to, post, sign

COUNT = """
from django.apps import apps
names = ("Signature", "Submission", "Voice", "Letter", "Decision", "Tally", "Arrival")
models = {name: apps.get_model("voices", name) for name in names}
print(json.dumps({name: model.objects.count() for name, model in models.items()}))
"""


def prove():
    wait_healthy(SERVICES, 120)
    with Load() as load:
        begun = time.monotonic()
        said = execute("backup", "manage.py", "backup")
        seconds = time.monotonic() - begun
    check("restored and counted" in said, said)
    check(not load.failed, f"A backup made requests fail: {load.failed[:3]}")
    say(f"A backup under load took {seconds:.0f} s; {load}.")
    compose("stop", "--timeout", "30", "web-a", "web-b", "worker")
    file = execute("backup", "manage.py", "backup").split(":")[0]
    before = rows()
    wreck()
    compose("up", "--detach", "--wait", "db", timeout=240)
    compose("run", "--rm", "--no-deps", "migrate")
    compose("up", "--detach", "--no-deps", "backup")
    empty = rows()
    check(empty["Signature"] == 0 and empty["Submission"] == 0, f"Still there: {empty}")
    refusals(file)
    begun = time.monotonic()
    said = execute("backup", "manage.py", "restore", file, "--replace")
    check("as many as were backed up" in said, said)
    after = rows()
    check(after == before, f"{before} became {after}.")
    seconds = time.monotonic() - begun
    say(f"After losing the volume: {after}, all back in {seconds:.0f} s.")
    compose("up", "--detach", timeout=240)
    wait_healthy(SERVICES, 120)
    check(get("/voices/add/").status == 200, "The site is not back.")
    taken_back()


def taken_back():
    """Who withdrew since the backup is not brought back by it."""
    email = "taken-back@example.com"
    check(sign(email, statement="Once more.").status == 303, "Signing failed.")
    confirm(mail_to(email, "confirm"))
    page = f"/voices/{publish()}/"
    manage = link(mail_to(email, "published"), "/manage/")
    file = execute("backup", "manage.py", "backup").split(":")[0]
    done = post(manage, {"action": "withdraw", "sure": "on"})
    check(done.status == 303, f"Withdrawing answers {done.status}.")
    compose("stop", "--timeout", "30", "web-a", "web-b", "worker")
    said = execute("backup", "manage.py", "restore", file, "--replace")
    check(re.search(r"signatures withdrawn +1\n", said), said)
    check("may be back" not in said, said)
    compose("up", "--detach", timeout=240)
    wait_healthy(SERVICES, 120)
    check(get(page).status == 410, "What was withdrawn is back.")
    say("What was withdrawn after a backup is not brought back by it.")


def rows():
    return json.loads(
        compose(
            *("run", "--rm", "--no-deps", "-T", "migrate", "manage.py", "shell"),
            *("--verbosity=0", "--command", f"import json{COUNT}"),
        ).stdout
    )


def wreck():
    compose("stop", "--timeout", "5", "backup", "db")
    compose("rm", "--force", "backup", "db", "migrate")
    call([*DOCKER, "volume", "rm", f"{NAME}_database"])


def refusals(file):
    """What must not be restored is refused, and changes nothing."""
    before = rows()
    folder = "/backups"
    execute("backup", "sh", "-c", f"head -c 20000 {file} > {folder}/short.tar")
    execute("backup", "sh", "-c", f"head -c 100 {file} > {folder}/shorter.tar")
    execute("backup", "python", "-c", NEWER, file, f"{folder}/newer.tar")
    for arguments, words in {
        (file,): "add --replace",
        (f"{folder}/short.tar", "--replace"): "truncated or damaged",
        (f"{folder}/shorter.tar", "--replace"): "not a backup",
        (f"{folder}/newer.tar", "--replace"): "newer release",
        (f"{folder}/none", "--replace"): "There is no file",
    }.items():
        done = compose(
            "exec", "-T", "backup", "manage.py", "restore", *arguments, must=False
        )
        check(done.returncode, f"It restored {arguments}.")
        check(words in done.stderr, f"{arguments}: {done.stderr}")
    execute("backup", "sh", "-c", f"rm {folder}/*.tar")
    check(rows() == before, "A refused restore changed something.")
    say("An unasked, truncated, damaged, newer or missing backup is refused.")


# The same backup, of a release that has one migration more.
NEWER = """
import io, json, sys, tarfile
with tarfile.open(sys.argv[1]) as old, tarfile.open(sys.argv[2], "w") as new:
    about = json.load(old.extractfile("about.json"))
    about["migrations"].append(["voices", "9999_of_next_year"])
    text = json.dumps(about).encode()
    entry = tarfile.TarInfo("about.json")
    entry.size = len(text)
    new.addfile(entry, io.BytesIO(text))
    dump = old.getmember("database.dump")
    new.addfile(dump, old.extractfile(dump))
"""

if __name__ == "__main__":
    prove()
