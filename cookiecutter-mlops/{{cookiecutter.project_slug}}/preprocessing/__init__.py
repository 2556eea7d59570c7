"""Heavy preprocessing: raw files become the Parquet that training reads, on one machine or many. See run.py."""
