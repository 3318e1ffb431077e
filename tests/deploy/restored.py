"""The runbook's commands restore every row of a backup on a new server."""

import json
import re
import time

from tests.deploy import runbook
from tests.deploy.from_nothing import database_roles, publish
from tests.deploy.load import Load
from tests.deploy.project import (
    FOLDER,
    SECRETS,
    SERVICES,
    check,
    compose,
    execute,
    remove,
    say,
    start,
    wait_healthy,
    write_secret,
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
    check("verified" in said, said)
    check(not load.failed, f"Requests failed during a backup: {load.failed[:3]}")
    say(f"A backup under load took {seconds:.0f} s; {load}.")
    compose("stop", "--timeout", "30", "web-a", "web-b", "worker")
    file = execute("backup", "manage.py", "backup").split(":")[0]
    before = rows()
    refusals(file)
    backup = take_off(file)
    new_server()
    empty = rows()
    check(empty["Signature"] == 0 and empty["Submission"] == 0, f"Not empty: {empty}")
    put_back(backup, before)
    taken_back()


def take_off(file):
    """Copy a backup off the server, following the runbook; return its name."""
    name = file.rpartition("/")[2]
    (command,) = runbook.lines("docker compose cp")
    runbook.run(command, backup=name)
    check((FOLDER / name).stat().st_size > 20_000, "The copy is too small.")
    return name


def new_server():
    """Delete all volumes, and install again with only the old secret key."""
    key = (SECRETS / "django_secret_key").read_text()
    remove()
    runbook.make_secrets()
    write_secret("django_secret_key", key)
    start()


def put_back(backup, before):
    """Restore the copy, following the runbook."""
    stop, look, replace, up = runbook.lines("--replace")
    begun = time.monotonic()
    runbook.run(stop)
    refused = runbook.run(look, backup=backup, must=False)
    check("add --replace" in refused.stderr, refused.stderr)
    said = runbook.run(replace, backup=backup).stdout
    check("Restored and verified" in said, said)
    after = rows()
    check(after == before, f"{before} became {after}.")
    seconds = time.monotonic() - begun
    runbook.run(up, timeout=240)
    wait_healthy(SERVICES, 120)
    check(get("/voices/add/").status == 200, "The site does not respond with 200.")
    database_roles()
    say(f"On a new server: {after}, all restored in {seconds:.0f} s.")


def taken_back():
    """Restoring a backup does not bring back what was withdrawn since."""
    email = "taken-back@example.com"
    check(sign(email, statement="Once more.").status == 303, "Signing failed.")
    confirm(mail_to(email, "confirm"))
    page = f"/voices/{publish()}/"
    manage = link(mail_to(email, "published"), "/manage/")
    file = execute("backup", "manage.py", "backup").split(":")[0]
    done = post(manage, {"action": "withdraw", "sure": "on"})
    check(done.status == 303, f"Withdrawing responds with {done.status}.")
    compose("stop", "--timeout", "30", "web-a", "web-b", "worker")
    said = execute("backup", "manage.py", "restore", file, "--replace")
    check(re.search(r"signatures withdrawn +1\n", said), said)
    check("may be public again" not in said, said)
    compose("up", "--detach", timeout=240)
    wait_healthy(SERVICES, 120)
    check(get(page).status == 410, "A withdrawn voice is back.")
    say("Restoring a backup does not bring back a voice withdrawn since.")


def rows():
    return json.loads(
        compose(
            *("run", "--rm", "--no-deps", "-T", "migrate", "manage.py", "shell"),
            *("--verbosity=0", "--command", f"import json{COUNT}"),
        ).stdout
    )


def refusals(file):
    """An invalid restore is refused and changes nothing."""
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
        (f"{folder}/none", "--replace"): "does not exist",
    }.items():
        done = compose(
            "exec", "-T", "backup", "manage.py", "restore", *arguments, must=False
        )
        check(done.returncode, f"It restored {arguments}.")
        check(words in done.stderr, f"{arguments}: {done.stderr}")
    execute("backup", "sh", "-c", f"rm {folder}/*.tar")
    check(rows() == before, "A refused restore changed something.")
    say("A restore without --replace or of a bad, newer, or missing file is refused.")


# Write a copy of a backup, from a release with one more migration.
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
