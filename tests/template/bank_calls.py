"""Judge a call-analytics project's own code on the bank calls of MultiDoGO, with its files as they are given.

python bank_calls.py FOLDER WORK PART     # in the project's folder; prints JSON. FOLDER holds finance-*.tsv
"""

import csv
import json
import sys
from pathlib import Path

sys.path.insert(0, ".")

from training import model, turns
from training.data import load_table
from training.settings import parse_settings

CALL, TEXT, SLOTS, INTENT = "conversationId", "utterance", "slot-labels", "intent"
PRIVATE = ["name", "address", "card_number", "ssn", "account_number", "target_account_number"]
SETTINGS = parse_settings(
    {
        "problem": {"type": "multilabel", "target": INTENT, "metric": "exact_match"},
        "data": {"group": CALL},
        "model": {"name": "linear-svm", "hyperparameters": {"C": 0.3}},
        "use_case": {"text": TEXT, "slots": SLOTS, "private": PRIVATE},
        "columns": [
            {"name": CALL, "type": "category", "missing": 0},
            {"name": TEXT, "type": "text"},
            {"name": SLOTS, "type": "text", "training_only": True},
            {"name": INTENT, "type": "labels", "separator": "<div>"},
        ],
    }
)


def table(folder: Path, work: Path, part: str):
    """The turns of a file; it quotes nothing, and one line repeats the header."""
    with (folder / f"finance-{part}.tsv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if row[INTENT] != INTENT]
    with (work / f"{part}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [CALL, TEXT, SLOTS, INTENT], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return load_table(work / f"{part}.csv", SETTINGS)


def hidden(fitted: model.Model, rows) -> float:
    """The share of the private words that redaction takes out."""
    known = left = 0
    seen = turns.inputs(rows[CALL], rows[TEXT])
    for text, tags, redacted in zip(seen["text"], rows[SLOTS].fillna(""), fitted.redacted(seen)[0], strict=True):
        remaining = redacted.split()
        for word, tag in zip(text.split(), tags.split(), strict=False):
            kept = word in remaining
            if kept:
                remaining.remove(word)
            known += tag in PRIVATE
            left += kept and tag in PRIVATE
    return 1 - left / known


if __name__ == "__main__":
    source, work = Path(sys.argv[1]), Path(sys.argv[2])
    learn, judge = table(source, work, "train"), table(source, work, sys.argv[3])
    fitted = model.fit(learn, SETTINGS)
    told = {name: model.evaluate(one, judge, SETTINGS)[0] for name, one in
            {"model": fitted, "trivial": model.trivial(learn, SETTINGS)}.items()}  # fmt: skip
    told |= {"turns": [len(learn), len(judge)], "groups": fitted.groups.facts, "hidden": hidden(fitted, judge)}
    (work / "judged.json").write_text(json.dumps(told))
