"""Write a backup file atomically, read its description, and extract its dump."""

import hashlib
import io
import json
import shutil
import tarfile
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from operations.backups import BackupError

FORMAT = 1
SUFFIX = ".backup"
ABOUT, DUMP = "about.json", "database.dump"


@dataclass(frozen=True)
class About:
    """The description of a backup.

    `rows` maps each table to its number of rows; `sha256` is the checksum of the dump.
    """

    made_at: str
    postgres: int
    migrations: list[list[str]]
    rows: dict[str, int]
    sha256: str
    format: int = FORMAT


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def name_of(made_at: datetime) -> str:
    return f"aaqi-{made_at:%Y%m%d-%H%M%S}{SUFFIX}"


def write(about: About, dump: Path, target: Path) -> None:
    draft = target.with_name(f".{target.name}.part")
    text = json.dumps(asdict(about), indent=1).encode()
    entry = tarfile.TarInfo(ABOUT)
    entry.size = len(text)
    with draft.open("xb") as file:
        # The backup contains private data, so only the file's owner may read it.
        draft.chmod(0o600)
        with tarfile.open(fileobj=file, mode="w") as tar:
            tar.addfile(entry, io.BytesIO(text))
            tar.add(dump, DUMP)
    draft.rename(target)


def read(path: Path) -> About:
    """Return a backup's description; raises BackupError if it can't be read."""
    try:
        with tarfile.open(path) as tar:
            # The description is the tar file's first member, so it can be read even if
            # the rest of the file is damaged.
            first = tar.next()
            if first is None or first.name != ABOUT:
                raise KeyError(ABOUT)
            return parse(path, open_member(tar, first).read())
    except FileNotFoundError:
        raise BackupError(f"{path} does not exist.") from None
    except OSError as error:
        raise BackupError(f"Can't read {path}: {error.strerror}.") from error
    except (tarfile.TarError, KeyError) as error:
        raise BackupError(
            f"{path} is not a backup of this site, or it is damaged."
        ) from error


def parse(path: Path, text: bytes) -> About:
    try:
        found = json.loads(text)
        if found["format"] > FORMAT:
            raise BackupError(
                f"{path} was made by a newer release than this one. Upgrade the site "
                "before you restore it."
            )
        return About(**found)
    except (ValueError, KeyError, TypeError) as error:
        raise BackupError(f"Can't parse the description in {path}.") from error


def extract(path: Path, about: About, target: Path) -> None:
    """Write a backup's dump to `target`; raises BackupError if the dump is damaged."""
    try:
        with tarfile.open(path) as tar, target.open("wb") as file:
            shutil.copyfileobj(open_member(tar, DUMP), file)
    except (tarfile.TarError, KeyError, EOFError) as error:
        raise BackupError(
            f"{path} is truncated or damaged. Use another backup."
        ) from error
    if digest(target) != about.sha256:
        raise BackupError(
            f"{path} is truncated or damaged: its checksum is wrong. Use another "
            "backup."
        )


def open_member(tar: tarfile.TarFile, member: str | tarfile.TarInfo) -> IO[bytes]:
    file = tar.extractfile(member)
    if file is None:
        raise KeyError(member)
    return file
