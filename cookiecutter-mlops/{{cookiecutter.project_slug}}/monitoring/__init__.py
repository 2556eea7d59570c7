"""Monitoring: is the live model still asked what it was trained for, and are its answers right? See monitor.py."""
