"""Hyperparameter tuning jobs with real execution: training jobs with other hyperparameters, until the best is found."""
