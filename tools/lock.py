"""Write and check the lock files: hash-pinned requirements from pyproject.toml."""

import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

PROJECT = Path("pyproject.toml")
CONSTRAINTS = re.compile(r"constraint-dependencies = \[.*?\]", re.DOTALL)
# The second lock file is constrained by the first, so that their versions agree.
LOCKS = {
    Path("requirements.txt"): [],
    Path("requirements-dev.txt"): [
        *("--group", "dev"),
        *("--constraints", "requirements.txt"),
    ],
}
OPTIONS = ["--quiet", "--universal", "--generate-hashes", "--no-header"]
# Leave the package index's URL out of the lock files, so that each machine can use its
# own index.
OPTIONS += ["--no-emit-index-url", "--no-emit-find-links"]


def header() -> str:
    """Return the first line of both lock files, with a hash of the requirements."""
    project = tomllib.loads(PROJECT.read_text())
    wishes = {
        "python": project["project"]["requires-python"],
        "dependencies": project["project"]["dependencies"],
        "groups": project["dependency-groups"],
    }
    digest = hashlib.sha256(json.dumps(wishes, sort_keys=True).encode()).hexdigest()
    return f"# Written by `make lock` from pyproject.toml; input hash {digest}\n"


def write(*arguments: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        for path, options in LOCKS.items():
            draft = Path(folder) / path
            # uv keeps the versions in an existing output file if they still fit, unless
            # `--upgrade` is given.
            if path.exists():
                shutil.copy(path, draft)
            command = [os.environ.get("UV", "uv"), "pip", "compile", str(PROJECT)]
            command += ["-o", str(draft), *OPTIONS, *options, *arguments]
            done = subprocess.run(command, check=False)  # noqa: S603
            if done.returncode:
                return done.returncode
            text = header() + draft.read_text()
            # Don't write an unchanged file: its new modification time would cause make
            # to reinstall the packages.
            if not path.exists() or path.read_text() != text:
                path.write_text(text)
    constrain()
    return 0


def constraints() -> str:
    """Return the TOML for `[tool.uv]` that makes `uv sync` use the locked versions."""
    text = Path("requirements-dev.txt").read_text()
    pinned = re.findall(r"^([\w.-]+==[^\s;]+)", text, re.MULTILINE)
    lines = "".join(f'  "{each}",\n' for each in sorted(set(pinned)))
    return f"constraint-dependencies = [\n{lines}]"


def constrain() -> None:
    """Write the locked versions into pyproject.toml."""
    text = PROJECT.read_text()
    PROJECT.write_text(CONSTRAINTS.sub(lambda match: constraints(), text))


def check() -> int:
    late = [str(path) for path in LOCKS if not path.read_text().startswith(header())]
    if constraints() not in PROJECT.read_text():
        late.append("[tool.uv] constraint-dependencies")
    if late:
        sys.stderr.write(
            f"{' and '.join(late)} no longer match pyproject.toml; run `make lock`.\n"
        )
    return 1 if late else 0


def licenses() -> int:
    """List each installed package's license; return 1 if any is unknown, else 0."""
    unknown = 0
    for package in sorted(
        importlib.metadata.distributions(), key=lambda found: found.name.lower()
    ):
        about = package.metadata
        named = about.get("License-Expression") or ", ".join(
            value.rpartition(" :: ")[2]
            for value in about.get_all("Classifier", [])
            if value.startswith("License :: ")
        )
        named = named or (about.get("License") or "").partition("\n")[0].strip()
        # Some packages have no license field, but include the license's text, which
        # starts with the license's name.
        for name in about.get_all("License-File", []):
            text = package.read_text(f"licenses/{name}") or ""
            named = named or text.partition("\n")[0].strip()
        unknown += not named
        sys.stdout.write(f"{package.name:30} {named or 'UNKNOWN'}\n")
    return 1 if unknown else 0


COMMANDS = {"lock": write, "check-lock": check, "licenses": licenses}
