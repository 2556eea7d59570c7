"""Judge a document-extraction project's own code on real receipts (SROIE), by five folds over their file names.

python receipts.py FOLDER OUT [FOLDS]     # in the project's folder; writes JSON. FOLDER holds box/*.csv and key/*.json,
                                          # and img/*.jpg of some, which Tesseract reads where it is installed
"""

import json
import shutil
import sys
from pathlib import Path

sys.path.insert(0, ".")

import pandas as pd
from sklearn.model_selection import KFold

from inference import reading
from training import model
from training.settings import load_settings


def document(path: Path) -> dict:
    """The words of a receipt: eight corner coordinates, then the text, which may hold commas."""
    words = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        *corners, text = line.split(",", 8)
        if len(corners) == 8:
            across, down = sorted(map(int, corners[::2])), sorted(map(int, corners[1::2]))
            words.append({"text": text, "box": [across[0], down[0], across[-1], down[-1]]})
    return {"pages": [{"words": words}]}


def rows(folder: Path) -> pd.DataFrame:
    """Every receipt with its values, in the order of the file names."""
    keys = sorted((folder / "key").glob("*.json"))
    texts = [json.dumps(document(folder / "box" / f"{key.stem}.csv")) for key in keys]
    return pd.DataFrame({"document": texts, "fields": [key.read_text(encoding="utf-8") for key in keys]})


def told(folder: Path, folds: int) -> dict:
    """The metrics of model and rules in the first folds, and how often answers of a confidence were right."""
    settings, table = load_settings(), rows(folder)
    result: dict = {"receipts": len(table), "model": [], "rules": [], "sure": [], "scans": []}
    images = [folder / "img" / f"{key.stem}.jpg" for key in sorted((folder / "key").glob("*.json"))]
    for learn, judge in list(KFold(5, shuffle=True, random_state=0).split(table))[:folds]:
        fitted, judged = model.fit(table.iloc[learn], settings), table.iloc[judge]
        result["model"].append(model.evaluate(fitted, judged, settings)[0])
        result["rules"].append(model.evaluate(model.trivial(table.iloc[learn], settings), judged, settings)[0])
        result["sure"] += sure(fitted, judged)
        if shutil.which("tesseract"):
            result["scans"] += scans(fitted, judged, [images[place] for place in judge])
    return result


def scans(fitted: model.Model, judged: pd.DataFrame, images: list[Path]) -> list[dict[str, bool]]:
    """Of each receipt with an image, which values are right when its words are read from that, as a request is."""
    return [
        {
            name: one["value"] == " ".join(json.loads(truth)[name].split())
            for name, one in model.extract(fitted, reading.of_bytes(image.read_bytes())).items()
        }
        for truth, image in zip(judged["fields"], images, strict=True)
        if image.exists()
    ]


def sure(fitted: model.Model, judged: pd.DataFrame) -> list[tuple[float, bool]]:
    """Confidence, and whether the answer was right, for each value of each receipt."""
    pairs = []
    for text, truth in zip(judged["document"], judged["fields"], strict=True):
        values = {name: " ".join(value.split()) or None for name, value in json.loads(truth).items()}
        found = model.extract(fitted, model.parse(text))
        pairs += [(one["confidence"], one["value"] == values[name]) for name, one in found.items()]
    return pairs


if __name__ == "__main__":
    found = told(Path(sys.argv[1]), int(sys.argv[3]) if len(sys.argv) > 3 else 5)
    Path(sys.argv[2]).write_text(json.dumps(found))
    for who in ("model", "rules"):
        folds = pd.DataFrame(found[who])
        print(who, pd.DataFrame({"mean": folds.mean(), "spread": folds.std(ddof=0)}).round(3), sep="\n")
    print("scans", len(found["scans"]), pd.DataFrame(found["scans"]).mean().round(3), sep="\n")
