"""Writes a few dialogues in the form of Schema-Guided Dialogue, for a reader who has the corpus: `... OUT.jsonl.gz`."""

import gzip
import json
import sys

CITIES = ("Berlin", "Paris", "Oslo", "Lima", "Rome", "Cairo", "Delhi", "Osaka")


def dialogue(number: int) -> dict:
    city, people = CITIES[number % len(CITIES)], str(number % 5 + 1)
    first = {"restaurants": {"city": city}}
    second = {"restaurants": {"city": city, "party_size": people}}
    turns = [
        {
            "user": f"Find me a table in {city}.",
            "state": first,
            "system": "For how many people?",
            "system_acts": [{"act": "REQUEST", "slot": "party_size"}],
        },
        {
            "user": f"For {people}, please.",
            "state": second,
            "system": f"A table for {people} in {city} is booked.",
            "system_acts": [{"act": "NOTIFY_SUCCESS", "slot": ""}],
        },
    ]
    return {"id": f"{number}", "split": "train", "services": ["restaurants"], "turns": turns}


if __name__ == "__main__":
    with gzip.open(sys.argv[1], "wt", encoding="utf-8") as lines:
        for number in range(200):
            lines.write(json.dumps(dialogue(number)) + "\n")
