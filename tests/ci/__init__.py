"""Checks of the pipeline files with the tools that read them."""
