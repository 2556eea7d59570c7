"""A small project of calls that is independent of project.toml, for the tests beside it."""

import pandas as pd

from training.settings import Settings, parse_settings

COLUMNS = [
    {"name": "call", "type": "category", "missing": 0},
    {"name": "speaker", "type": "category", "categories": ["agent", "customer"], "missing": 0},
    {"name": "text", "type": "text"},
    {"name": "slots", "type": "text", "training_only": True},
    {"name": "intents", "type": "labels"},
]
SAID = {
    "lost": ["i lost my card", "my card was stolen", "somebody took my credit card", "cannot find my debit card"],
    "balance": ["what is my balance", "check the balance of my account", "how much money is on my account"],
    "lost|balance": ["i lost my card and what is my balance"],
}
NAMES = ["Ada Castillo", "Bruno Keller", "Carla Novak", "Dario Hansen"]


def settings_for(**sections) -> Settings:
    use_case = {"speaker": "speaker", "slots": "slots", "private": ["name"], "groups": sections.pop("groups", {})}
    problem = {"type": "multilabel", "target": "intents", "metric": "exact_match"}
    model = {"name": "linear-svm", "hyperparameters": {"C": 1.0}}
    given = {"problem": problem, "columns": COLUMNS, "data": {"group": "call"}, "model": model, "use_case": use_case}
    return parse_settings(given | sections)


def table(calls: int = 60) -> pd.DataFrame:
    """Each caller says one wish, then a name."""
    rows = []
    for number in range(calls):
        intents = list(SAID)[number % 3]
        said, name = SAID[intents][number // 3 % len(SAID[intents])], NAMES[number % 4]
        wish = "|".join(sorted(intents.split("|")))
        rows.append([f"c{number}", "customer", said, "O " * len(said.split()), wish])
        rows.append([f"c{number}", "customer", f"my name is {name}", "O O O name name", "details"])
    return pd.DataFrame(rows, columns=[column["name"] for column in COLUMNS])


def call(*told: tuple[str, str], name: str = "a") -> dict:
    """An instance from speakers and what they say."""
    return {"call": name, "turns": [{"speaker": speaker, "text": text} for speaker, text in told]}
