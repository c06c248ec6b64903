"""Comparing trackers on one dialogue file: `chatedit compare trackers`."""
