"""Lock files say what should be installed: they count only where nothing that is installed says more."""

from collections import defaultdict

from imagegate.cataloger.interface import Catalog
from imagegate.model.inventory import Package


def without_locked(packages: list[Package], notes: Catalog) -> list[Package]:
    """Return the packages without those of lock files that were carried out in this image; these are noted.

    A lock file was carried out where one of its packages is installed in that very version, anywhere, or where any
    package of its kind is installed below its folder.
    """
    installed = {(one.type, one.name, one.version) for one in packages if one.basis != "locked"}
    folders = {(one.type, folder) for one in packages if one.basis != "locked" for folder in _above(one.locations[0].path)}
    files: dict[tuple[str, str], list[Package]] = defaultdict(list)
    for one in packages:
        if one.basis == "locked":
            files[one.type, one.locations[0].path].append(one)
    kept = [one for one in packages if one.basis != "locked"]
    for (kind, path), locked in files.items():
        done = (kind, path.rpartition("/")[0]) in folders
        if done or any((one.type, one.name, one.version) in installed for one in locked):
            notes.harmless(f"{path}: {len(locked)} packages not counted, because those that it names are installed")
        else:
            kept += locked
    return kept


def _above(path: str) -> list[str]:
    """Return every folder that the path lies in, without the root: what is below that says nothing."""
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]
