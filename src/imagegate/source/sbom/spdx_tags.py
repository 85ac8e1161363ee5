"""SPDX in tag-value form (SPDX 2.3, clause 4.4 and the tags of each field), brought into the form of its JSON."""

import re
from collections.abc import Iterator
from typing import Any

from imagegate.errors import SourceError
from imagegate.source.sbom.reading import VALUES

MARK = re.compile(rb"(?:\A(?:\xef\xbb\xbf)?|\n)[ \t]*SPDXVersion[ \t]*:")
_LINE = re.compile(r"\s*(?P<tag>[A-Za-z][A-Za-z0-9]*)\s*:(?P<value>.*)\Z", re.DOTALL)
_PACKAGE = {
    "PackageVersion": "versionInfo",
    "PackageSourceInfo": "sourceInfo",
    "PackageDescription": "description",
    "PrimaryPackagePurpose": "primaryPackagePurpose",
}
_DOCUMENT = {"SPDXVersion": "spdxVersion", "DocumentName": "name"}
_SECTIONS = {"PackageName": "packages", "FileName": "files", "SnippetSPDXID": "snippets", "LicenseID": "licenses"}
_CUT_OFF = "It is damaged or was cut off: write the document again."


def parse(data: bytes, what: str) -> dict[str, Any]:
    """Return the document as it would be in JSON; raises SourceError for what is no tag-value, or was cut off."""
    if data.count(b"\n") > VALUES:
        raise SourceError(f"{what}: more than {VALUES:,} lines are too many for an SBOM", "Is it the right file?")
    if not data.endswith((b"\n", b"\r")):
        raise SourceError(f"{what}: its last line does not end", _CUT_OFF)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{what}: byte {error.start}: not UTF-8", _CUT_OFF) from None
    document: dict[str, Any] = {key: [] for key in (*_SECTIONS.values(), "relationships", "externalDocumentRefs")}
    document["creationInfo"] = {"creators": []}
    comments: list[tuple[str, str]] = []  # annotations come after all elements, and name the one that they are about
    here, section, about = document, "", ""
    for tag, value in _tags(text, what):
        if tag in _SECTIONS:
            section = _SECTIONS[tag]
            here = {"name": value, "externalRefs": [], "attributionTexts": [], "annotations": []}
            here |= {"SPDXID": value} if section == "snippets" else {}
            document[section].append(here)
        elif tag == "SPDXID":
            here["SPDXID"] = value
        elif tag == "SPDXREF":
            about = value
        elif tag == "AnnotationComment":
            comments.append((about, value))
        elif section == "packages":
            _of_package(tag, value, here)
        _of_document(tag, value, document)
    packages = {package.get("SPDXID"): package for package in document["packages"]}
    for about, comment in comments:
        if about in packages:
            packages[about]["annotations"].append({"comment": comment})
    return document


def _of_package(tag: str, value: str, package: dict[str, Any]) -> None:
    if tag in _PACKAGE:
        package[_PACKAGE[tag]] = value
    elif tag == "ExternalRef":
        words = value.split(None, 2)
        package["externalRefs"].append({"referenceType": words[1], "referenceLocator": words[2]} if len(words) == 3 else value)
    elif tag == "PackageAttributionText":
        package["attributionTexts"].append(value)


def _of_document(tag: str, value: str, document: dict[str, Any]) -> None:
    """Take what belongs to the document wherever it stands."""
    if tag in _DOCUMENT:
        document[_DOCUMENT[tag]] = value
    elif tag == "Creator":
        document["creationInfo"]["creators"].append(value)
    elif tag == "CreatorComment":
        document["creationInfo"]["comment"] = value
    elif tag == "ExternalDocumentRef":
        document["externalDocumentRefs"].append({"externalDocumentId": value})
    elif tag == "Relationship":
        words = value.split()
        keys = ("spdxElementId", "relationshipType", "relatedSpdxElement")
        document["relationships"].append(dict(zip(keys, words, strict=True)) if len(words) == 3 else value)


def _tags(text: str, what: str) -> Iterator[tuple[str, str]]:
    """Yield each tag with its value; one in `<text>` may go over several lines."""
    lines = enumerate(text.split("\n"), 1)
    for number, line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _LINE.match(line)
        if found is None:
            raise SourceError(f"{what}: line {number}: not a tag with a value", _CUT_OFF)
        value = found["value"].strip()
        if value.startswith("<text>"):
            parts = [value.removeprefix("<text>")]
            while not parts[-1].rstrip().endswith("</text>"):
                _, more = next(lines, (0, None))
                if more is None:
                    raise SourceError(f"{what}: line {number}: a <text> that does not end", _CUT_OFF)
                parts.append(more)
            value = "\n".join(parts).rstrip().removesuffix("</text>")
        yield found["tag"], value
