"""Factories for texts and files, with defaults for what a test is not about."""

from itertools import count

from django.utils import timezone

from faq.models import Case, Chart, Page, Question, TimelineEntry

SOURCE = {
    "citation": "Harlow v. Fitzgerald, 457 U.S. 800 (1982)",
    "url": "https://www.example.org/harlow",
    "fact": 7,
    "confidence": "high",
}

numbers = count(1)


def text(**fields):
    return {"publish_at": timezone.now(), "sources": [SOURCE], **fields}


def make_question(question="What is it?", answer="A rule of *judges*.", **fields):
    fields.setdefault("slug", f"question-{next(numbers)}")
    fields.setdefault("topic", "basics")
    return Question.objects.create(question=question, answer=answer, **text(**fields))


def make_case(title="Doe v. Roe", **fields):
    fields = {
        "slug": f"case-{next(numbers)}",
        "kind": "police",
        "state": "TX",
        "place": "Laredo",
        "happened_in": 2017,
        "decided_in": 2020,
        "who": "Jane Doe",
        "officials": "Officer Richard Roe",
        "court": "U.S. Court of Appeals, Fifth Circuit",
        "citation": "1 F.4th 1 (5th Cir. 2020)",
        "url": "https://www.example.org/doe",
        "summary": "She said that an officer took her camera.",
        "outcome_sentence": "The officer was immune.",
        "ending": "No earlier ruling was close enough.",
        "outcome": "immunity-granted",
        "lawfulness": "not-decided",
        "body": "## What happened\n\nShe filmed.\n\n## What the court decided\n\nNo.\n",
        "confidence": "high",
        **fields,
    }
    return Case.objects.create(title=title, **text(**fields))


def make_entry(year=1871, title="The promise", **fields):
    fields.setdefault("slug", f"entry-{next(numbers)}")
    fields.setdefault("body", "Congress passes the Act.")
    return TimelineEntry.objects.create(year=year, title=title, **text(**fields))


def make_chart(title="Who pays", **fields):
    fields = {
        "slug": f"chart-{next(numbers)}",
        "unit": "% of the dollars",
        "points": [
            {"label": "Governments", "value": 99.98},
            {"label": "Officers", "value": 0.02, "note": "about"},
        ],
        "body": "From a study of 81 agencies.",
        **fields,
    }
    return Chart.objects.create(title=title, **text(**fields))


def make_page(slug="about", **fields):
    fields = {"title": "About us", "lede": "Who we are.", "body": "## Who\n\nUs.\n"} | (
        fields
    )
    return Page.objects.create(slug=slug, **text(**fields))


QUESTION_FILE = """+++
slug = "{slug}"
topic = "basics"
order = 1
question = "What is it?"
updated = 2026-11-20

[[sources]]
citation = "Harlow v. Fitzgerald, 457 U.S. 800 (1982)"
url = ""
fact = 7
confidence = "high"
+++

{body}
"""

CASE_FILE = """+++
slug = "{slug}"
title = "Doe v. Roe"
order = 1
kind = "police"
state = "TX"
happened_in = 2017
decided_in = 2020
who = "Jane Doe"
officials = "Officer Richard Roe"
place = "Laredo"
court = "U.S. Court of Appeals, Fifth Circuit"
citation = "1 F.4th 1 (5th Cir. 2020)"
url = "https://www.example.org/doe"
summary = "She said that an officer took her camera."
outcome_sentence = "The officer was immune."
ending = "No earlier ruling was close enough."
outcome = "immunity-granted"
featured = true
confidence = "high"
lawfulness = "not-decided"
updated = 2026-11-20

[[sources]]
citation = "1 F.4th 1 (5th Cir. 2020)"
confidence = "high"
+++

## What happened

She filmed.
"""


def write_question(folder, name="what", body="A rule of *judges*.", **changes):
    return write(
        folder / "questions" / f"{name}.md", QUESTION_FILE, name, body, changes
    )


def write_case(folder, name="doe-v-roe", **changes):
    return write(folder / "cases" / f"{name}.md", CASE_FILE, name, "", changes)


def write(path, file, name, body, changes):
    """Write a file; `changes` maps keys to the lines that replace theirs."""
    said = file.replace("{slug}", name).replace("{body}", body)
    for line, instead in changes.items():
        said = replace_line(said, line, instead)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(said)
    return path


def replace_line(said, key, instead):
    lines = said.split("\n")
    found = [n for n, line in enumerate(lines) if line.startswith(f"{key} =")]
    assert found, key
    lines[found[0]] = instead
    return "\n".join(lines)
