"""Lock files say what should be installed: they count only where nothing that is installed says more."""

from dataclasses import dataclass

from imagegate.cataloger.interface import Catalog
from imagegate.model.inventory import Package


@dataclass(slots=True)
class Seen:
    """What one file told: packages, and (found, detail) for what it did not tell."""

    path: str
    packages: list[Package]
    problems: list[tuple[str, str]]


def without_locked(files: list[Seen]) -> Catalog:
    """Return what the files told together, without the lock files that were carried out in this image; these are noted.

    A lock file was carried out where more than half of its packages are installed in that very version, anywhere (some
    are always there: npm brings two hundred), or where one of them is installed below its folder.
    """
    installed = [one for file in files for one in file.packages if one.basis != "locked"]
    versions = {(one.type, one.name, one.version) for one in installed}
    folders = {(one.type, one.name, folder) for one in installed for folder in _above(one.locations[0].path)}
    found = Catalog()
    for file in files:
        locked = [one for one in file.packages if one.basis == "locked"]
        here = file.path.rpartition("/")[0]
        there = sum((one.type, one.name, one.version) in versions for one in locked)
        done = 2 * there > len(locked) or any((one.type, one.name, here) in folders for one in locked)
        if done:
            found.note("ok", f"{file.path}: {len(locked)} packages not counted, because those that it names are installed")
        for kind, detail in file.problems:
            found.note("ok" if done else kind, f"{file.path}: {detail}")
        found.packages += [one for one in file.packages if one.basis != "locked"] if done else file.packages
    return found


def _above(path: str) -> list[str]:
    """Return every folder of the image that the path lies in, without the root: what is below that says nothing."""
    parts = path.partition("!/")[0].split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]
