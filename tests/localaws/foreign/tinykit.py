"""A toolkit in the manner of SageMaker's: variables from the files under /opt/ml, then the user's program."""

import http.server
import json
import os
import pathlib
import subprocess
import sys

BASE = pathlib.Path("/opt/ml")


def train():
    config, program = BASE / "input" / "config", os.environ["SAGEMAKER_PROGRAM"]
    settings = json.loads((config / "hyperparameters.json").read_text())
    resources = json.loads((config / "resourceconfig.json").read_text())
    made = {"SM_MODEL_DIR": str(BASE / "model"), "SM_HOSTS": json.dumps(resources["hosts"])}
    for channel in json.loads((config / "inputdataconfig.json").read_text()):
        made[f"SM_CHANNEL_{channel.upper()}"] = str(BASE / "input" / "data" / channel)
    arguments = [word for name, value in settings.items() for word in (f"--{name}", value)]
    command = [sys.executable, os.path.join(os.environ["SAGEMAKER_SUBMIT_DIRECTORY"], program), *arguments]
    done = subprocess.run(command, env=os.environ | made, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        (BASE / "output" / "failure").write_text(f"ExecuteUserScriptError: {done.stderr.splitlines()[-1]}")
        sys.exit(done.returncode)


def serve():
    model = json.loads((BASE / "model" / "model.json").read_text())

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.do_POST()

        def do_POST(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(model).encode())

    http.server.ThreadingHTTPServer(("", 8080), Handler).serve_forever()


if __name__ == "__main__":
    {"train": train, "serve": serve}[sys.argv[1]]()
