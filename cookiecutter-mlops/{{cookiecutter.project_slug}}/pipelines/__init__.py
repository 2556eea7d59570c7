"""What the buildspecs run. boto3 and the standard library only; each answers to `python -m pipelines.x --help`."""
