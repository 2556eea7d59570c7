"""Which models learn on several machines at once. A use case that has some has a file of its own here.

By the name that [model] of project.toml gives, what each machine learns from:

    share    its part of the rows, and what the machines learn is averaged (training/hosts.py)
    all      every row, of which the model's own library gives each machine its part

Standard library only: pipelines/train.py reads this before it rents machines.
"""

MODELS: dict[str, str] = {}
