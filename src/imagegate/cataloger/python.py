"""Python distributions, whoever installed them, and the packages of conda.

Formats: PyPA, "Core metadata" and "Recording installed projects" (`*.dist-info/METADATA`); setuptools, "The Internal
Structure of Python Eggs" (`*.egg-info`, `*.egg`); conda, "Package specification" and `conda-meta/*.json`, which conda
writes for each installed package. A Python package that conda installed is there twice, once as either kind: advisories
exist for the one on PyPI only. A zipped egg is known by its file name, which setuptools makes of the metadata. Wheels
are archives from which something can be installed, as those that `ensurepip` brings, and not installed.
"""

import re

from imagegate.cataloger.interface import Sightings
from imagegate.cataloger.records import PRINTED, Finds, parsed, read_json
from imagegate.model.image import Content
from imagegate.text import decode

_METADATA = re.compile(r"(?:\A|/)[^/]+\.(?:dist-info/METADATA|egg-info(?:/PKG-INFO)?|egg/EGG-INFO/PKG-INFO|egg)\Z")
_CONDA = re.compile(r"(?:\A|/)conda-meta/[^/]+\.json\Z")
_STEM = re.compile(r"(?:\A|/)([^/]+)\.(?:dist-info|egg-info|egg)(?=/|\Z)")
_PARTS = re.compile(r"([^-]+)(?:-([^-]+)(?:-py\d[\d.]*(?:-.*)?)?)?\Z")  # name-version-py3.11-platform
_HEADER = re.compile(r"^(name|version)[ \t]*:[ \t]*(.*)$", re.IGNORECASE | re.MULTILINE)
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,198}[a-z0-9])?\Z")  # once it is normalised
_CONDA_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}\Z")
_HEADERS = 1 << 20  # bytes: licences and descriptions can stand before the name


class Python:
    """See interface.FileCataloger."""

    name = "python"
    names = ("METADATA", "PKG-INFO")
    endings = (".egg-info", ".egg", ".json")
    executables = False

    def wants(self, path: str) -> bool:
        """See FileCataloger.wants."""
        return (_CONDA if path.endswith(".json") else _METADATA).search(path) is not None

    def look(self, path: str, content: Content) -> Sightings:
        """See FileCataloger.look."""
        if path.endswith(".json"):
            return parsed(content, _conda, "conda", names=_CONDA_NAME, versions=PRINTED)
        finds = Finds("pypi", names=_NAME, versions=PRINTED)
        _distribution(path, content, finds)
        return finds.sightings()


def _conda(text: str, finds: Finds) -> None:
    fields = read_json(text)
    # Its channel is left out: it can be an address with a token in it.
    finds.add(fields.get("name"), fields.get("version"), build=fields.get("build"), subdir=fields.get("subdir"))


def _distribution(path: str, content: Content, finds: Finds) -> None:
    said = {} if path.endswith(".egg") else _headers(content)
    stem = _STEM.findall(path)[-1]
    parts = _PARTS.match(stem)
    folder_name, folder_version = parts.groups("") if parts else ("", "")
    name, version = said.get("name") or folder_name, said.get("version") or folder_version
    if name == "UNKNOWN":  # what setuptools calls a project whose name it could not read
        finds.lost("a package that was built without its name")
        return
    basis = "installed" if said.get("name") and said.get("version") else "guessed"
    if basis == "guessed" and said:
        finds.doubtful("has no name or no version; taken from the name of its file")
    elif parts and basis == "installed" and not _same(said, folder_name, folder_version):
        finds.doubtful(f"says that it is {f'{name} {version}'!r}")
    finds.add(_normalised(name), version, basis=basis)


def _headers(content: Content) -> dict[str, str]:
    """Return name and version as the headers say, the first of each, "" for none; they end at the first blank line."""
    text = decode(content.read_at(0, _HEADERS)).removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    said = {"name": "", "version": ""}
    for key, value in _HEADER.findall(("\n" + text).partition("\n\n")[0]):
        said[key.lower()] = said[key.lower()] or value.strip()
    return said


def _normalised(name: str) -> str:
    """Return a name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _same(said: dict[str, str], name: str, version: str) -> bool:
    """Return whether the metadata names what the name of its folder does, which has `_` for `-` and no version if editable."""

    def plain(text: str) -> str:
        return re.sub(r"[^a-z0-9]+", "", text.lower())

    return _normalised(said["name"]) == _normalised(name) and (not version or plain(said["version"]) == plain(version))
