"""The script that a user gives to AWS's scikit-learn container."""

import json
import os

import joblib
import pandas as pd


def model_fn(model_dir):
    return joblib.load(os.environ["BENCH_MODEL"])


def input_fn(body, content_type):
    return pd.DataFrame(json.loads(body)["instances"])


def predict_fn(table, model):
    return model.predict(table)


def output_fn(answers, accept):
    return json.dumps({"predictions": answers.tolist()}), "application/json"
