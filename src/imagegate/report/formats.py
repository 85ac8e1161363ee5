"""The formats that are built in."""

FORMATS = ("console", "json", "junit", "sarif")
