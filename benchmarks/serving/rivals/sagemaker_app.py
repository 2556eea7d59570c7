"""AWS's scikit-learn container without the container: `python sagemaker_app.py FOLDER` starts nginx and gunicorn.

Its toolkit, sagemaker-containers, is the released one; `main` does what the container's own serving module does, which
is on no registry. Python is this machine's, pandas and scikit-learn are those of the model.
"""

import collections
import collections.abc
import sys
from pathlib import Path

# As the container's Dockerfile mends the toolkit.
collections.Mapping = collections.abc.Mapping  # type: ignore[attr-defined]

from sagemaker_containers import _server  # noqa: E402
from sagemaker_containers.beta.framework import env, transformer, worker  # noqa: E402

app = None


def main(environ, start_response):
    """The WSGI application that each gunicorn worker makes with its first request."""
    global app
    if app is None:
        import sagemaker_script as script

        one = transformer.Transformer(script.model_fn, script.input_fn, script.predict_fn, script.output_fn)
        one.initialize()
        app = worker.Worker(transform_fn=one.transform, module_name=env.ServingEnv().module_name)
    return app(environ, start_response)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    _server.nginx_config_file = str(folder / "nginx.conf")  # in place of /etc
    _server.start("sagemaker_app:main")
