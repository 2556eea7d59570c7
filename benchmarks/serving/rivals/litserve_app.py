"""LitServe: `python litserve_app.py PORT BATCH`, where a batch above 1 waits 5 ms for company, as its guide shows."""

import os
import sys

import joblib
import litserve
import pandas as pd


class Api(litserve.LitAPI):
    def setup(self, device):
        self.pipeline = joblib.load(os.environ["BENCH_MODEL"])

    def decode_request(self, request):
        return request["instances"]

    def predict(self, instances):
        if self.max_batch_size == 1:
            return self.pipeline.predict(pd.DataFrame(instances)).tolist()
        answers = iter(self.pipeline.predict(pd.DataFrame([row for rows in instances for row in rows])).tolist())
        return [[next(answers) for _ in rows] for rows in instances]

    def batch(self, inputs):
        return inputs

    def unbatch(self, output):
        return output

    def encode_response(self, output):
        return {"predictions": output}


if __name__ == "__main__":
    port, size = map(int, sys.argv[1:])
    batching = {"max_batch_size": size, "batch_timeout": 0.005} if size > 1 else {}
    server = litserve.LitServer(Api(api_path="/invocations", **batching), accelerator="cpu", healthcheck_path="/ping")
    server.run(host="127.0.0.1", port=port, generate_client_file=False, log_level="warning", num_api_servers=1)
