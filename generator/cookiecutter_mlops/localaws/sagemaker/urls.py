"""Where SageMaker is reached: moto's own patterns."""

from moto.sagemaker.urls import url_bases, url_paths

__all__ = ["url_bases", "url_paths"]
