"""A backup brings every row back on a new server, by the commands of the runbook."""

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
    check("restored and counted" in said, said)
    check(not load.failed, f"A backup made requests fail: {load.failed[:3]}")
    say(f"A backup under load took {seconds:.0f} s; {load}.")
    compose("stop", "--timeout", "30", "web-a", "web-b", "worker")
    file = execute("backup", "manage.py", "backup").split(":")[0]
    before = rows()
    refusals(file)
    backup = take_off(file)
    new_server()
    empty = rows()
    check(empty["Signature"] == 0 and empty["Submission"] == 0, f"Still there: {empty}")
    put_back(backup, before)
    taken_back()


def take_off(file):
    """Copy a backup off the server as the runbook says; return its name."""
    name = file.rpartition("/")[2]
    (command,) = runbook.lines("docker compose cp")
    runbook.run(command, backup=name)
    check((FOLDER / name).stat().st_size > 20_000, "The copy is not the backup.")
    return name


def new_server():
    """Lose all volumes, and install again with the old key only."""
    key = (SECRETS / "django_secret_key").read_text()
    remove()
    runbook.make_secrets()
    write_secret("django_secret_key", key)
    start()


def put_back(backup, before):
    """Restore the copy as the runbook says."""
    stop, look, replace, up = runbook.lines("--replace")
    begun = time.monotonic()
    runbook.run(stop)
    refused = runbook.run(look, backup=backup, must=False)
    check("add --replace" in refused.stderr, refused.stderr)
    said = runbook.run(replace, backup=backup).stdout
    check("as many as were backed up" in said, said)
    after = rows()
    check(after == before, f"{before} became {after}.")
    seconds = time.monotonic() - begun
    runbook.run(up, timeout=240)
    wait_healthy(SERVICES, 120)
    check(get("/voices/add/").status == 200, "The site is not back.")
    database_roles()
    say(f"On a new server: {after}, all back in {seconds:.0f} s.")


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
