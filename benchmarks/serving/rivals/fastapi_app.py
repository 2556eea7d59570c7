"""FastAPI as most tutorials write it."""

import os

import joblib
import pandas as pd
from fastapi import FastAPI

pipeline = joblib.load(os.environ["BENCH_MODEL"])
app = FastAPI()


@app.get("/ping")
def ping():
    return {}


@app.post("/invocations")
def invocations(body: dict):
    return {"predictions": pipeline.predict(pd.DataFrame(body["instances"])).tolist()}
