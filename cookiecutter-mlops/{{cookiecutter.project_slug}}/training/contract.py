"""SageMaker's container contract, implemented once: what its commands mean, and where the files are.

    python -m training.contract train|serve|monitor|preprocess   # the ENTRYPOINT of the image; SageMaker adds the word

/opt/ml/input/data/training          the data snapshot               (read)
/opt/ml/input/data/champion          the live model, to compare with (read, where there is one)
/opt/ml/input/config/hyperparameters.json    texts by name           (read)
/opt/ml/model, /opt/ml/output/data   become model.tar.gz and output.tar.gz on S3
/opt/ml/processing/input, output     of a processing job: see monitoring/monitor.py and preprocessing/run.py
/opt/ml/checkpoints                  copied to S3 while the job runs and back when it is started again
/opt/ml/output/failure               one sentence: the job's FailureReason

SM_BASE_DIR moves /opt/ml: tests and the embedded AWS run the same code without a container.
"""

import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

from training.settings import UserError, load_settings

FAILURE_LENGTH = 1024  # SageMaker cuts the reason there


def base() -> Path:
    """The folder that is /opt/ml inside a container."""
    return Path(os.environ.get("SM_BASE_DIR", "/opt/ml"))


def train() -> None:
    """Train on the channel `training`; hyperparameters of the job lie over those of project.toml."""
    from training import search  # here, because the serving image is without the training libraries
    from training.train import train as run

    given = _hyperparameters()
    # SageMaker's own word in a tuning job: what it looks for. One of pipelines/tune.py asks for a trial, not a model.
    objective = given.pop("_tuning_objective_metric", None)
    settings, source = load_settings().with_hyperparameters(given), base() / "input/data/training"
    if objective == search.OBJECTIVE:
        search.job(source, settings)
    else:
        run(source, base(), settings)


def serve() -> None:
    """Serve the model in /opt/ml/model until SIGTERM."""
    from inference.server import run

    run(base() / "model")


def monitor() -> None:
    """Compare a window of captured requests with the live model's baseline."""
    from monitoring.monitor import Run  # here, because the serving image is without it
    from monitoring.monitor import monitor as run

    run(Run.from_environment(), base() / "processing/input", base() / "processing/output", load_settings())


def preprocess() -> None:
    """Do this host's share of a preprocessing job."""
    from preprocessing.run import job  # here, because the serving image is without it

    job()


def _hyperparameters() -> dict[str, Any]:
    path = base() / "input/config/hyperparameters.json"
    texts = json.loads(path.read_text()) if path.is_file() else {}
    return {name: _parsed(text) for name, text in texts.items()}


def _parsed(text: str) -> Any:
    """SageMaker hands every hyperparameter over as text: "0.1" is a number again, "absolute_error" stays a text."""
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return text


def _fail(reason: str) -> NoReturn:
    (base() / "output").mkdir(parents=True, exist_ok=True)
    for name in ("failure", "message"):  # where a training job's and where a processing job's reason is read
        (base() / "output" / name).write_text(reason[:FAILURE_LENGTH])
    print(reason, file=sys.stderr, flush=True)
    sys.exit(1)


def main(arguments: list[str]) -> None:
    """Run one of the commands; a person's mistake ends as one sentence, a programming error with its traceback."""
    commands = {"train": train, "serve": serve, "monitor": monitor, "preprocess": preprocess}
    if len(arguments) != 1 or arguments[0] not in commands:
        sys.exit("usage: python -m training.contract train|serve|monitor|preprocess")
    # The first process of a container ignores SIGTERM unless it says otherwise. StopTrainingJob sends just that, and so
    # does AWS when it takes a spot machine back; what was done until then is in the newest checkpoint.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        commands[arguments[0]]()
    except UserError as problem:
        _fail(str(problem))
    except Exception as error:
        traceback.print_exc()
        _fail(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
