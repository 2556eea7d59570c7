"""The servers that are compared: how each is installed, started and asked. Rivals run at their defaults."""

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent / "rivals"
MODEL = ("joblib==1.6.0", "scikit-learn==1.9.1", "pandas<3")


@dataclass(frozen=True)
class Stack:
    """`command` is given PORT and FOLDER, and the interpreter's folder for its first word; no `packages`: ours."""

    name: str
    packages: tuple[str, ...]
    command: tuple[str, ...]
    ping: str = "/ping"
    path: str = "/invocations"
    body: str = "instances"
    environ: dict[str, str] = field(default_factory=dict)
    rung: str = ""  # of ours: numpy is had without the compiled walker, whole without a plan
    prepare: tuple[str, ...] = ()  # a command that is run once


def _ours(name: str, rung: str, workers: int = 1) -> Stack:
    command = ("python", "-m", "training.contract", "serve")
    return Stack(name, (), command, rung=rung, environ={"SAGEMAKER_MODEL_SERVER_WORKERS": str(workers)})


def _bento(name: str, service: str) -> Stack:
    command = ("bentoml", "serve", service, "--working-dir", str(HERE), "--host", "127.0.0.1", "-p", "PORT")
    return Stack(name, ("bentoml==1.4.39",), command, "/livez", environ={"BENTOML_DO_NOT_TRACK": "true"})


def _litserve(name: str, batch: int) -> Stack:
    return Stack(name, ("litserve==0.2.19",), ("python", f"{HERE}/litserve_app.py", "PORT", str(batch)))


# As pinned by aws/sagemaker-scikit-learn-container; its gunicorn and gevent do not run on this Python.
AWS = (
    "sagemaker-containers==2.8.6.post2", "Flask==1.1.1", "Werkzeug==0.15.6", "Jinja2==3.0.3", "itsdangerous==2.0.1",
    "MarkupSafe==2.1.1", "protobuf==3.20.3", "gunicorn==23.0.0", "gevent>=24", "setuptools<81", "wheel",
)  # fmt: skip
STACKS = [
    _ours("ours, compiled", "compiled"),
    _ours("ours, compiled, 2 processes", "compiled", 2),
    _ours("ours, numpy", "numpy"),
    _ours("ours, whole pipeline", "whole"),
    Stack("HTTP floor", (), ("python", f"{HERE}/hello.py", "PORT")),
    Stack("FastAPI", ("fastapi==0.165.0", "uvicorn[standard]==0.54.0"),
          ("uvicorn", "fastapi_app:app", "--app-dir", str(HERE), "--port", "PORT", "--no-access-log")),
    Stack("MLflow", ("mlflow==3.17.2",),
          ("mlflow", "models", "serve", "-m", "FOLDER/mlflow", "--env-manager", "local", "-p", "PORT"),
          body="dataframe_split", environ={"MLFLOW_DISABLE_TELEMETRY": "true"},
          prepare=("python", f"{HERE}/mlflow_model.py", "FOLDER/model.joblib", "FOLDER/mlflow")),
    Stack("AWS scikit-learn, 2 workers", AWS, ("python", f"{HERE}/sagemaker_app.py", "FOLDER/sagemaker"),
          environ={"SAGEMAKER_BIND_TO_PORT": "127.0.0.1:PORT", "SAGEMAKER_BASE_DIR": "FOLDER/sagemaker",
                   "SAGEMAKER_PROGRAM": "sagemaker_script", "SAGEMAKER_SUBMIT_DIRECTORY": f"{HERE}/sagemaker_code",
                   "SAGEMAKER_REGION": "eu-central-1", "SAGEMAKER_MODEL_SERVER_WORKERS": "2", "PYTHONPATH": str(HERE),
                   "PIP_NO_BUILD_ISOLATION": "0"}),
    Stack("MLServer", ("mlserver==1.7.1", "mlserver-sklearn==1.7.1", "uvloop<0.22"),
          ("mlserver", "start", "FOLDER/mlserver"), "/v2/health/ready", "/v2/models/bench/infer", "v2",
          environ={"MLSERVER_HTTP_PORT": "PORT", "MLSERVER_HOST": "127.0.0.1"}),
    _bento("BentoML", "bentoml_app:Plain"),
    _bento("BentoML, batching", "bentoml_app:Batched"),
    _litserve("LitServe", 1),
    _litserve("LitServe, batching", 64),
]  # fmt: skip


def interpreter(stack: Stack, folder: Path) -> Path:
    """The `bin` folder of a rival's own environment, made once."""
    home = folder / stack.packages[0].partition("[")[0]
    if not (home / "complete").exists():
        print(f"installing {stack.name} into {home}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
        subprocess.run([home / "bin/pip", "install", "--quiet", *MODEL, *stack.packages], check=True)
        (home / "complete").touch()
    return home / "bin"
