"""Components of Bitnami: their SPDX documents `.spdx-NAME.spdx`, and the older list `.bitnami_components.json`.

Formats: SPDX 2.3 as JSON, clause 7.21 (external references); package URL specification, type `bitnami`: the version
is that of the component and, after a dash, the revision of Bitnami's package. Both stay: OSV's records of Bitnami
name revisions too. What the document says of packages of other kinds is seen where those are installed.
"""

import re

from imagegate.cataloger.interface import Sightings
from imagegate.cataloger.records import PRINTED, Finds, Unreadable, parsed, read_json
from imagegate.model.image import Content

_NAME = re.compile(r"[a-z0-9._-]{1,200}\Z")
_LIST = ".bitnami_components.json"
_NONE = "it names no component of Bitnami"


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
        parse = _listed if path.endswith(_LIST) else _described
        return parsed(content, parse, "bitnami", names=_NAME, versions=PRINTED)


def _listed(text: str, finds: Finds) -> None:
    components = read_json(text)
    if not components:
        raise Unreadable(_NONE)
    for name, about in components.items():
        one = about if isinstance(about, dict) else {}
        finds.add(name.lower(), one.get("version"), arch=one.get("arch"), distro=one.get("distro"))


def _described(text: str, finds: Finds) -> None:
    locators = _locators(read_json(text))
    if not locators:
        raise Unreadable(_NONE)
    for locator in dict.fromkeys(locators):
        _component(locator, finds)


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


def _component(locator: str, finds: Finds) -> None:
    from urllib.parse import parse_qsl, unquote

    main, _, query = locator.removeprefix("pkg:bitnami/").partition("#")[0].partition("?")
    name, _, version = main.partition("@")
    try:
        said = dict(parse_qsl(query, max_num_fields=20))
    except ValueError:
        finds.lost(f"a package URL that cannot be read: {locator!r}")
        return
    finds.add(unquote(name).lower(), unquote(version), arch=said.get("arch"), distro=said.get("distro"))
