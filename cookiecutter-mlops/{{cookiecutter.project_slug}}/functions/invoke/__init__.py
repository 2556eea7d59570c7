"""The function that applications call."""
