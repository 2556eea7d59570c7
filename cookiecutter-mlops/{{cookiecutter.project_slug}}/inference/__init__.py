"""Inference: the server of the endpoint, and the handler between it and the model."""
