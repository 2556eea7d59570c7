"""Which models learn on several machines at once, from their `share` of the rows or from `all` of them.

Standard library only: pipelines/train.py reads this before it rents machines.
"""

MODELS = dict.fromkeys(("linear", "lightgbm", "xgboost", "pytorch"), "share")
