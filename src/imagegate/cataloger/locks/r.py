"""Locks of renv. Format: rstudio/renv, "Lockfiles"."""

from imagegate.cataloger.records import Finds, Unreadable, entries, read_json


def renv(text: str, finds: Finds) -> None:
    """Read renv.lock."""
    document = read_json(text)
    if "Packages" not in document:
        raise Unreadable("it is not a lock of renv")
    for name, entry in entries(document, "Packages", finds):
        kind = "bioconductor" if entry.get("Source") == "Bioconductor" else "cran"
        finds.add(entry.get("Package") or name, entry.get("Version"), kind=kind)
