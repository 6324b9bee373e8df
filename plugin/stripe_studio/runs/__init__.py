"""Runs: what ran, how it ended, and why."""
