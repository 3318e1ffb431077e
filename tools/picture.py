"""Draw the diagram in docs/architecture.md that shows which folder imports which."""

import sys
import tomllib
from pathlib import Path

import grimp

FILE = Path("docs/architecture.md")
BEGIN, END = "<!-- picture -->\n", "<!-- end of picture -->\n"


def draw() -> str:
    """Return a Mermaid flowchart in which each arrow points to an imported folder."""
    project = tomllib.loads(Path("pyproject.toml").read_text())
    folders = project["tool"]["importlinter"]["root_packages"]
    graph = grimp.build_graph(*folders, cache_dir=None)
    rooms = sorted(graph.find_children("voices"))
    rooms = [room for room in rooms if graph.find_children(room)]
    lines = ["flowchart TD"]
    lines += [f"  {each}" for each in folders if each != "voices"]
    lines += ["  subgraph voices"]
    lines += [f"    {name(room)}[{room.rpartition('.')[2]}]" for room in rooms]
    lines += ["  end"]
    for group in (folders, rooms):
        for one in group:
            for other in group:
                if one != other and graph.direct_import_exists(
                    importer=one, imported=other, as_packages=True
                ):
                    lines.append(f"  {name(one)} --> {name(other)}")
    return "```mermaid\n" + "\n".join(lines) + "\n```\n"


def name(module: str) -> str:
    return module.replace(".", "_")


def update(*arguments: str) -> int:
    """Write the diagram into FILE, and return 0.

    With --check, don't write; return 1 if FILE is outdated, else 0.
    """
    text = FILE.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    drawn = before + BEGIN + draw() + END + after
    if drawn == text:
        return 0
    if "--check" in arguments:
        sys.stderr.write(f"The picture in {FILE} is out of date; run `make picture`.\n")
        return 1
    FILE.write_text(drawn)
    return 0
