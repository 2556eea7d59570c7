"""SageMaker Pipelines with real execution: the JSON definition of version 2020-12-01, step by step.

https://aws-sagemaker-mlops.github.io/sagemaker-model-building-pipeline-definition-JSON-schema/
"""
