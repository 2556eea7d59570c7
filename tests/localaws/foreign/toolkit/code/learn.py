"""The user's program: arguments from hyperparameters, folders from SM_ variables."""

import argparse
import json
import os
import pathlib

parser = argparse.ArgumentParser()
parser.add_argument("--rate", type=float)
parser.add_argument("--layers", type=int)
parser.add_argument("--model-dir", default=os.environ["SM_MODEL_DIR"])
parser.add_argument("--train", default=os.environ["SM_CHANNEL_TRAINING"])
options = parser.parse_args()
if options.rate > 1:
    raise ValueError(f"rate must be at most 1, got {options.rate}")
seen = {"rows": sum(len(file.read_text().splitlines()) for file in sorted(pathlib.Path(options.train).glob("*.csv")))}
seen |= {"rate": options.rate, "layers": options.layers, "hosts": json.loads(os.environ["SM_HOSTS"])}
pathlib.Path(options.model_dir, "model.json").write_text(json.dumps(seen))
