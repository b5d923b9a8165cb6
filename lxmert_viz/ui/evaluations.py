"""Evaluations that go on while pages change and sessions end, one for each run at a time."""
