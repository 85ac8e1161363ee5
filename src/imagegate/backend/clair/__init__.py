"""Clair as a backend: version 4, and the first API, which Clair 1 and 2 speak."""
