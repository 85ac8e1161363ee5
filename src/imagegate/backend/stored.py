"""Reads a stored result back into what a backend had answered: nothing is scanned again."""

import json
from functools import partial
from typing import Any

from imagegate import schema
from imagegate.backend.strict import refused, unique
from imagegate.errors import BackendError
from imagegate.model.image import Evidence, Image, Layer
from imagegate.model.inventory import Distribution, Location, Package
from imagegate.model.scan import BackendRun, Database, Finding, ScanReport, Score
from imagegate.text import clean

LARGEST = 1 << 28  # bytes
_LONGEST = 40_000  # characters of a text: more than any that was cleaned when it was written
# What depends on the clock, the policy or on this reading is worked out again.
_COMPUTED = ("stale_database", "end_of_life", "missing_data")
_CHANGED = "It was changed, cut, or written by another version: scan the image again."
_text = partial(clean, longest=_LONGEST)
_NOTE = "read from a stored result, which nobody has authenticated"


def read(data: bytes, name: str) -> list[ScanReport | BackendError]:
    """Return the scans of a result document, an error in the place of each that reached none.

    Raises BackendError for anything but a result document of this version.
    """
    if len(data) > LARGEST:
        raise BackendError(f"{name}: {len(data):,} bytes are too many for a result", "Is it the right file?")
    try:
        document = json.loads(data, parse_float=_number, parse_constant=refused, object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise BackendError(
            f"{name}: not JSON: {clean(str(error), 200)}", "Write one with `imagegate check IMAGE -r json=FILE`."
        ) from None
    known = schema.load("report", "result.schema.json")
    if not isinstance(document, dict) or document.get("schema") not in ("imagegate/result/1", "imagegate/results/1"):
        raise BackendError(f"{name}: not a result of imagegate", "Write one with `imagegate check IMAGE -r json=FILE`.")
    kind = "result" if document["schema"] == "imagegate/result/1" else "results"
    form = known["$defs"]["result"] if kind == "result" else known["anyOf"][1]
    problem = next(schema.problems(document, {**form, "$defs": known["$defs"]}), None)
    if problem is not None:
        where = ".".join(str(step) for step in problem.path) or "the document"
        raise BackendError(f"{name}: {clean(where, 200)}: {problem.message}", _CHANGED)
    results = document["results"] if kind == "results" else [document]
    if not results:
        raise BackendError(f"{name}: holds no result", "Write one with `imagegate check IMAGE -r json=FILE`.")
    if kind == "results" and document["verdict"]["reasons"] != [
        f"{result['image']['reference']}: {reason}" for result in results for reason in result["verdict"]["reasons"]
    ]:
        raise BackendError(f"{name}: its results do not give its verdict", _CHANGED)
    for result in results:
        if doubt := _contradiction(result):
            raise BackendError(f"{name}: {doubt}", _CHANGED)
    return [_scan(result, name) for result in results]


def _number(text: str) -> float:
    """To JSON, 1.0 and 1 are one number."""
    number = float(text)
    return int(number) if number.is_integer() else number


def _contradiction(result: dict[str, Any]) -> str:
    """Return what shows that a part of the result was taken out or put in, or ""; a forger who is careful is not found."""
    failed = [f"{item['kind']}: {item['detail']}" for item in result["evidence"] if item["status"] == "fail"]
    broken = [rule for rule in result["policy"]["rules"] if rule["status"] == "violated"]
    if result["backend"]:
        reasons = result["verdict"]["reasons"]
        if reasons[len(broken) :] != failed or len(reasons) < len(broken):
            return "its rules and evidence do not give the reasons of its verdict"
        if (result["verdict"]["status"] == "pass") != (not reasons):
            return "its verdict does not follow from its reasons"
        kinds = {item["kind"] for item in result["evidence"]}
        if (result["distribution"] and "end_of_life" not in kinds) or (result["packages"] and "stale_database" not in kinds):
            return "evidence that every result has is missing"
    elif result["packages"] or result["findings"]:
        return "it has packages or findings, but nobody scanned"
    for rule in result["policy"]["rules"]:
        if any(index >= len(result["findings"]) for index in rule["findings"]):
            return f"rule {clean(rule['id'], 100)}: a finding is missing"
    if [layer["index"] for layer in result["image"]["layers"]] != list(range(len(result["image"]["layers"]))):
        return "its layers are not in order"
    return ""


def _scan(result: dict[str, Any], name: str) -> ScanReport | BackendError:
    reference = clean(result["image"]["reference"], 1000)
    if not result["backend"]:
        reasons = "; ".join(clean(reason, 300) for reason in result["verdict"]["reasons"])
        return BackendError(f"{name}: holds no scan of {reference}: {reasons}", "Scan the image again with `imagegate check`.")
    layers = len(result["image"]["layers"])
    packages = tuple(_package(package) for package in result["packages"])
    places = {(package.purl, location): package for package in packages for location in package.locations}
    for package in packages:
        for location in package.locations:
            if location.layer >= layers or places[package.purl, location] != package:
                raise BackendError(f"{name}: {clean(package.purl, 200)}: its layer is not there, or it is there twice", _CHANGED)
    findings = []
    for index, facts in enumerate(result["findings"]):
        location = Location(_text(facts["location"]["path"]), facts["location"]["layer"])
        found = places.get((_text(facts["package"]), location))
        if found is None:
            raise BackendError(f"{name}: findings.{index}: its package is not in the result", _CHANGED)
        findings.append(_finding(facts, found, location))
    evidence = [
        Evidence(_text(item["kind"]), item["found"], _text(item["detail"]))
        for item in result["evidence"]
        if item["kind"] not in _COMPUTED and item["detail"] != _NOTE
    ]
    if not packages and not any(item.kind == "no_packages" for item in evidence):
        evidence.append(Evidence("no_packages", "fail", "the stored result lists no package"))
    evidence.append(Evidence("backend", "ok", _NOTE))
    return ScanReport(
        image=_image(result["image"]),
        backends=tuple(_run(run) for run in result["backend"]),
        distribution=_distribution(result["distribution"]),
        packages=packages,
        findings=tuple(findings),
        evidence=tuple(evidence),
    )


def _image(facts: dict[str, Any]) -> Image:
    return Image(
        reference=_text(facts["reference"]),
        source=_text(facts["source"]),
        id=facts["id"],
        digest=_text(facts["digest"]) if facts["digest"] else None,
        platform=_text(facts["platform"]),
        labels=tuple(sorted((_text(key), _text(value)) for key, value in facts["labels"].items())),
        layers=tuple(_layer(layer) for layer in facts["layers"]),
    )


def _layer(facts: dict[str, Any]) -> Layer:
    return Layer(
        index=facts["index"],
        digest=facts["digest"],
        diff_id=facts["diff_id"],
        size=facts["size"],
        created_by=_text(facts["created_by"]),
        base=facts["base"],
    )


def _run(facts: dict[str, Any]) -> BackendRun:
    return BackendRun(_text(facts["name"]), _text(facts["version"]), _database(facts["database"]))


def _database(facts: dict[str, Any] | None) -> Database | None:
    if facts is None:
        return None
    return Database(
        digest=_text(facts["digest"]),
        built=_text(facts["built"]),
        newest=_text(facts["newest"]),
        confirmed=_text(facts["confirmed"]),
        records=facts["records"],
        scores=facts["scores"],
        exploited=facts["exploited"],
    )


def _distribution(facts: dict[str, Any] | None) -> Distribution | None:
    if facts is None:
        return None
    return Distribution(
        id=_text(facts["id"]),
        version=_text(facts["version"]),
        codename=_text(facts["codename"]),
        pretty_name=_text(facts["pretty_name"]),
        end_of_life=facts["end_of_life"],
    )


def _package(facts: dict[str, Any]) -> Package:
    return Package(
        type=_text(facts["type"]),
        name=_text(facts["name"]),
        version=_text(facts["version"]),
        purl=_text(facts["purl"]),
        locations=tuple(Location(_text(place["path"]), place["layer"]) for place in facts["locations"]),
        source_name=_text(facts["source_name"]),
        source_version=_text(facts["source_version"]),
        owned_by=None if facts["owned_by"] is None else _text(facts["owned_by"]),
        by_distribution=facts.get("by_distribution", False),
        basis=facts.get("basis", "installed"),
    )


def _finding(facts: dict[str, Any], package: Package, location: Location) -> Finding:
    return Finding(
        id=_text(facts["id"]),
        aliases=_texts(facts["aliases"]),
        raw_severity=_text(facts["raw_severity"]),
        scores=tuple(
            Score(_text(score["type"]), float(score["score"]), _text(score["vector"]), _text(score["source"]))
            for score in facts["scores"]
        ),
        fixed_in=_texts(facts["fixed_in"]),
        fix_state=facts["fix_state"],
        published=None if facts["published"] is None else _text(facts["published"]),
        known_exploited=facts["known_exploited"],
        package=package,
        location=location,
        title=_text(facts["title"]),
        url=_text(facts["url"]),
        advisories=_texts(facts.get("advisories", ())),
        upgrade=_text(facts.get("upgrade", "")),
        deferrable=facts.get("deferrable", False),
    )


def _texts(values: list[str]) -> tuple[str, ...]:
    return tuple(map(_text, values))
