"""Components of Bitnami: their SPDX documents `.spdx-NAME.spdx`, and the older list `.bitnami_components.json`.

Formats: SPDX 2.3 as JSON, clause 7.21 (external references); package URL specification, type `bitnami`: the version
is that of the component and, after a dash, the revision of Bitnami's package. Both stay: OSV's records of Bitnami
name revisions too. What the document says of packages of other kinds is seen where those are installed.
"""

import re

from imagegate.cataloger.documents import document, note, qualifiers, several, shown
from imagegate.cataloger.interface import Sightings
from imagegate.model.image import Content

_NAME = re.compile(r"[a-z0-9._-]{1,200}\Z")
_LIST = ".bitnami_components.json"


class Bitnami:
    """See interface.FileCataloger."""

    name = "bitnami"
    names = (_LIST,)
    endings = (".spdx",)
    executables = False

    def wants(self, path: str) -> bool:
        """See FileCataloger.wants."""
        name = path.rpartition("/")[2]
        return name == _LIST or (name.startswith(".spdx-") and name.endswith(".spdx"))

    def look(self, path: str, content: Content) -> Sightings:
        """See FileCataloger.look."""
        found = Sightings()
        held = document(content, found)
        fields = held if isinstance(held, dict) else {}
        if path.endswith(_LIST):
            for name, about in several(fields.items(), found):
                one = about if isinstance(about, dict) else {}
                _note(found, name, one.get("version"), one.get("arch"), one.get("distro"))
        else:
            for locator in several(dict.fromkeys(_locators(fields)), found):
                _component(locator, found)
        if not found.packages and not found.problems:
            found.unreadable("names no component of Bitnami")
        return found


def _locators(fields: dict[str, object]) -> list[str]:
    """Return the package URLs of the document that are Bitnami's."""
    found: list[str] = []
    packages = fields.get("packages")
    for package in packages if isinstance(packages, list) else []:
        references = package.get("externalRefs") if isinstance(package, dict) else None
        for reference in references if isinstance(references, list) else []:
            locator = reference.get("referenceLocator") if isinstance(reference, dict) else None
            if isinstance(locator, str) and locator.startswith("pkg:bitnami/"):
                found.append(locator)
    return found


def _component(locator: str, found: Sightings) -> None:
    from urllib.parse import parse_qsl, unquote

    main, _, query = locator.removeprefix("pkg:bitnami/").partition("#")[0].partition("?")
    name, _, version = main.partition("@")
    try:
        said = dict(parse_qsl(query, max_num_fields=20))
    except ValueError:
        found.unreadable(f"a package URL that cannot be read: {shown(locator)}")
        return
    _note(found, unquote(name), unquote(version), said.get("arch"), said.get("distro"))


def _note(found: Sightings, name: str, version: object, arch: object, distro: object) -> None:
    note(found, "bitnami", _NAME, name.lower(), version, more=qualifiers(arch=arch, distro=distro))
