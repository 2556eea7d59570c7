"""Starts the jobs that need the live model, monitoring and batch inference, and tells CloudWatch how they ended."""
