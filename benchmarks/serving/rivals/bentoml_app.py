"""BentoML: one service that answers each request alone, one that lets it batch them."""

import os

import bentoml
import joblib
import pandas as pd


@bentoml.service(workers=1)
class Plain:
    def __init__(self):
        self.pipeline = joblib.load(os.environ["BENCH_MODEL"])

    @bentoml.api(route="/invocations")
    def invocations(self, instances: list[dict]) -> dict:
        return {"predictions": self.pipeline.predict(pd.DataFrame(instances)).tolist()}


@bentoml.service(workers=1)
class Batched:
    def __init__(self):
        self.pipeline = joblib.load(os.environ["BENCH_MODEL"])

    @bentoml.api(route="/invocations", batchable=True)
    def invocations(self, instances: list[dict]) -> list[float]:
        return self.pipeline.predict(pd.DataFrame(instances)).tolist()
