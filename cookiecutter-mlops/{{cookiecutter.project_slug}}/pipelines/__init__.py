"""What the buildspecs run. boto3 and the standard library only; every script answers to `python -m pipelines.x --help`."""
