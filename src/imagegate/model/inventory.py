"""What is installed: packages, where they are, and the distribution they belong to."""

from dataclasses import dataclass
from urllib.parse import quote

from imagegate.model.image import Evidence, Image


@dataclass(frozen=True, slots=True)
class Location:
    """A path from the image's root, without a leading slash, and the index of the layer that brought it."""

    path: str
    layer: int


@dataclass(frozen=True, slots=True)
class Package:
    """An installed package; `name` is the name that OSV uses in its ecosystem, `type` the purl type.

    `owned_by` names the operating system's package that brought it, `by_distribution` whether that one is the
    distribution's own; `basis` is how it is known: "installed", "locked" (only a lock file says so) or "guessed"
    (from the name of a file).
    """

    type: str
    name: str
    version: str
    purl: str
    locations: tuple[Location, ...]
    source_name: str = ""
    source_version: str = ""
    owned_by: str | None = None
    by_distribution: bool = False
    basis: str = "installed"


@dataclass(frozen=True, slots=True)
class Distribution:
    """The distribution of an image as its files tell it; `end_of_life` is the last day of support, if known."""

    id: str
    version: str
    codename: str = ""
    pretty_name: str = ""
    end_of_life: str | None = None


@dataclass(frozen=True, slots=True)
class Bill:
    """What a bill of materials says in place of an image's files.

    `distribution` is id, version, codename and pretty name as the document has them, None where it names none.
    """

    packages: tuple[Package, ...]
    distribution: tuple[str, str, str, str] | None


@dataclass(frozen=True, slots=True)
class Inventory:
    """An image and everything that was recognised in it."""

    image: Image
    distribution: Distribution | None
    packages: tuple[Package, ...]
    evidence: tuple[Evidence, ...] = ()


def package_url(kind: str, namespace: str, name: str, version: str, qualifiers: dict[str, str]) -> str:
    """Return the canonical package URL (purl specification: type lower case, qualifiers sorted, empty ones left out)."""
    if kind == "apk":  # names are not case sensitive there
        name = name.lower()
    path = "/".join(quote(part, safe=":~.-_") for part in (*namespace.split("/"), name) if part)
    pairs = "&".join(f"{key}={quote(value, safe=':/~.-_')}" for key, value in sorted(qualifiers.items()) if value)
    return f"pkg:{kind}/{path}@{quote(version, safe=':/~.-_')}" + (f"?{pairs}" if pairs else "")
