"""Reads a stored report, our own or another scanner's, into what a backend had answered: nothing is scanned again."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imagegate.backend import stored
from imagegate.backend.strict import refused, unique
from imagegate.errors import BackendError
from imagegate.model.image import Evidence, Image, Layer
from imagegate.model.scan import BackendRun, ScanReport
from imagegate.text import clean

if TYPE_CHECKING:
    from imagegate.backend.clair.report import Reading

OURS = "imagegate"
FORMATS = (OURS, "clair-v4", "clair-v1")
_NOTE = "read from a stored report of Clair, which nobody has authenticated, and whose data may be of any age"


@dataclass(frozen=True)
class _Format:
    """A report of Clair: `is_it` knows its keys, `read` reads it, `name` says what it is about."""

    is_it: Callable[[Mapping[str, Any]], bool]
    read: Callable[[Mapping[str, Any], Mapping[str, int] | None], "Reading"]
    name: Callable[[Mapping[str, Any]], str]


def read(data: bytes, name: str, form: str = "") -> list[ScanReport | BackendError]:
    """Return the scans in a file, an error in the place of each that reached none; `form` "" finds out what it is.

    Raises BackendError for anything but a report of one of FORMATS.
    """
    if form == OURS or (not form and b'"imagegate/result' in data):
        return stored.read(data, name)
    if len(data) > stored.LARGEST:
        raise BackendError(f"{name}: {len(data):,} bytes are too many for a report", "Is it the right file?")
    documents = list(_documents(data, name))
    if not documents:
        raise BackendError(f"{name}: the file is empty", "Did the scanner write its report?")
    found: list[ScanReport | BackendError] = []
    for document in documents:
        try:
            found.append(_scan(document, name, form))
        except BackendError as error:
            found.append(error)
    return found


def _documents(data: bytes, name: str) -> Iterator[object]:
    """Yield the JSON documents of a file: clairctl writes one after the other for several images."""
    decoder = json.JSONDecoder(parse_constant=refused, object_pairs_hook=unique)
    try:
        text = data.decode("utf-8-sig")
        at = _after_blanks(text, 0)
        while at < len(text):
            document, at = decoder.raw_decode(text, at)
            yield document
            at = _after_blanks(text, at)
    except (ValueError, RecursionError) as error:
        raise BackendError(f"{name}: not JSON: {clean(str(error), 200)}", "Was the report cut off?") from None


def _after_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _scan(document: object, name: str, form: str) -> ScanReport:
    if document is None:
        raise BackendError(f"{name}: null, which clairctl writes where it got no report", "Its own output says why.")
    if not isinstance(document, dict):
        raise BackendError(f"{name}: not a report of a scanner that is known here", _known())
    formats = _formats()
    found = form or next((key for key, one in formats.items() if one.is_it(document)), "")
    if not found:
        message = document.get("message") if isinstance(document.get("code"), str) else None
        if isinstance(message, str):
            raise BackendError(f"{name}: an error of Clair in the place of a report: {clean(message, 300)}", "Scan again.")
        raise BackendError(f"{name}: not a report of a scanner that is known here", _known())
    try:
        reading = formats[found].read(document, None)
    except BackendError as error:
        raise BackendError(f"{name}: {error.message}", error.hint) from None
    image = Image(
        reference=clean(formats[found].name(document), 1000) or name,
        source=found,
        id="",
        digest=None,
        platform="",
        layers=tuple(
            Layer(index, layer if layer.startswith("sha256:") else "", "", 0, "" if layer.startswith("sha256:") else layer)
            for index, layer in enumerate(reading.layers)
        ),
    )
    evidence = [*reading.evidence, Evidence("backend", "ok", _NOTE)]
    if reading.packages and not reading.findings and not any(item.kind == "uncovered" for item in evidence):
        detail = "the report names no vulnerability at all, and nothing tells whether that Clair was fed with any"
        evidence.append(Evidence("uncovered", "fail", detail))
    run = BackendRun("clair", found.removeprefix("clair-"), None)
    return ScanReport(image, (run,), reading.distribution, reading.packages, reading.findings, tuple(evidence))


def _formats() -> dict[str, _Format]:
    from imagegate.backend.clair import v1_report, v4_report

    return {
        "clair-v4": _Format(v4_report.is_report, v4_report.read, lambda document: str(document.get("manifest_hash", ""))),
        "clair-v1": _Format(v1_report.is_report, v1_report.read, _layer_name),
    }


def _layer_name(document: Mapping[str, Any]) -> str:
    layer = document.get("Layer")
    return str(layer.get("Name", "")) if isinstance(layer, dict) else ""


def _known() -> str:
    return f"Known: {', '.join(FORMATS)}; --from says which it is."
