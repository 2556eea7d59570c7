"""The servers that are compared: how each is installed, started and asked. Rivals run at their defaults."""

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent / "rivals"
MODEL = ["joblib==1.6.0", "scikit-learn==1.9.1", "pandas<3"]


@dataclass(frozen=True)
class Stack:
    """`command` is given PORT, and the interpreter's folder for its first word; an empty `packages` is ours."""

    name: str
    packages: tuple[str, ...]
    command: tuple[str, ...]
    ping: str = "/ping"
    body: str = "instances"
    environ: dict[str, str] = field(default_factory=dict)
    ours: bool = False


SERVE = ("python", "-m", "training.contract", "serve")
RIVALS = str(HERE)
STACKS = [
    Stack("ours, compiled", (), SERVE, environ={"SAGEMAKER_MODEL_SERVER_WORKERS": "1"}, ours=True),
    Stack("ours, numpy", (), SERVE, environ={"SAGEMAKER_MODEL_SERVER_WORKERS": "1", "BENCH_RUNG": "numpy"}, ours=True),
    Stack("ours, whole pipeline", (), SERVE, environ={"SAGEMAKER_MODEL_SERVER_WORKERS": "1", "BENCH_RUNG": "none"},
          ours=True),
    Stack("FastAPI", ("fastapi==0.165.0", "uvicorn[standard]==0.54.0"),
          ("uvicorn", "fastapi_app:app", "--app-dir", RIVALS, "--port", "PORT", "--no-access-log")),
    Stack("MLflow", ("mlflow==3.17.2",),
          ("mlflow", "models", "serve", "-m", "MLFLOW", "--env-manager", "local", "-h", "127.0.0.1", "-p", "PORT"),
          body="dataframe_split"),
    Stack("LitServe", ("litserve==0.2.19",), ("python", f"{RIVALS}/litserve_app.py", "PORT", "1")),
    Stack("LitServe, batching", ("litserve==0.2.19",), ("python", f"{RIVALS}/litserve_app.py", "PORT", "64")),
    Stack("BentoML", ("bentoml==1.4.39",),
          ("bentoml", "serve", "bentoml_app:Plain", "--working-dir", RIVALS, "--host", "127.0.0.1", "-p", "PORT"),
          "/livez"),
    Stack("BentoML, batching", ("bentoml==1.4.39",),
          ("bentoml", "serve", "bentoml_app:Batched", "--working-dir", RIVALS, "--host", "127.0.0.1", "-p", "PORT"),
          "/livez"),
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
