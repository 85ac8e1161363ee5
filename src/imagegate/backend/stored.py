"""Reads a stored result back into what a backend had answered: nothing is scanned again."""

import json
from dataclasses import replace
from typing import Any

from imagegate import schema
from imagegate.errors import BackendError
from imagegate.model.image import Evidence, Image, Layer
from imagegate.model.inventory import Distribution, Location, Package
from imagegate.model.scan import BackendRun, Database, Finding, ScanReport, Score
from imagegate.text import clean

_LARGEST = 1 << 30  # bytes
# What depends on the clock, the policy or on this reading is worked out again.
_COMPUTED = ("stale_database", "end_of_life", "missing_data")
_NOTE = "read from a stored result, which nobody has authenticated"


def read(data: bytes, name: str) -> list[ScanReport | BackendError]:
    """Return the scans of a result document, an error in the place of each that reached none.

    Raises BackendError for anything but a result document of this version.
    """
    if len(data) > _LARGEST:
        raise BackendError(f"{name}: {len(data):,} bytes are too many for a result", "Is it the right file?")
    try:
        document = json.loads(data)
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
        raise BackendError(f"{name}: {clean(where, 200)}: {problem.message}", "It was changed, or written by another version.")
    results = document["results"] if kind == "results" else [document]
    if not results:
        raise BackendError(f"{name}: holds no result", "Write one with `imagegate check IMAGE -r json=FILE`.")
    return [_scan(result, name) for result in results]


def _scan(result: dict[str, Any], name: str) -> ScanReport | BackendError:
    reference = clean(result["image"]["reference"], 1000)
    if not result["backend"]:
        reasons = "; ".join(clean(reason, 300) for reason in result["verdict"]["reasons"])
        return BackendError(f"{name}: holds no scan of {reference}: {reasons}", "Scan the image again with `imagegate check`.")
    packages = tuple(_package(package) for package in result["packages"])
    places = {(package.purl, location): package for package in packages for location in package.locations}
    layers = len(result["image"]["layers"])
    findings = []
    for index, facts in enumerate(result["findings"]):
        location = Location(clean(facts["location"]["path"], 4096), facts["location"]["layer"])
        package = places.get((clean(facts["package"]), location))
        if package is None or location.layer >= layers:
            raise BackendError(f"{name}: findings.{index}: its package or layer is not in the result", "It was changed, or cut.")
        findings.append(_finding(facts, package, location))
    evidence = [
        Evidence(clean(item["kind"], 40), item["found"], clean(item["detail"]))
        for item in result["evidence"]
        if item["kind"] not in _COMPUTED and item["detail"] != _NOTE
    ]
    if not packages and not any(item.kind == "no_packages" for item in evidence):
        evidence.append(Evidence("no_packages", "fail", "the stored result lists no package"))
    evidence.append(Evidence("backend", "ok", _NOTE))
    return ScanReport(
        _image(result["image"]), tuple(_run(run) for run in result["backend"]), _distribution(result["distribution"]), packages, tuple(findings), tuple(evidence)
    )  # fmt: skip


def _image(facts: dict[str, Any]) -> Image:
    layers = tuple(Layer(**{**layer, "created_by": clean(layer["created_by"])}) for layer in map(_layer, facts["layers"]))
    return Image(
        clean(facts["reference"], 1000),
        clean(facts["source"], 40),
        facts["id"],
        clean(facts["digest"], 100) if facts["digest"] else None,
        clean(facts["platform"], 200),
        tuple(sorted((clean(key), clean(value)) for key, value in facts["labels"].items())),
        layers,
    )


def _layer(facts: dict[str, Any]) -> dict[str, Any]:
    return {key: facts[key] for key in ("index", "digest", "diff_id", "size", "created_by", "base")}


def _run(facts: dict[str, Any]) -> BackendRun:
    database = facts["database"]
    texts = ("digest", "built", "newest", "confirmed")
    numbers = ("records", "scores", "exploited")
    known = database and Database(**{key: clean(database[key], 100) for key in texts}, **{key: database[key] for key in numbers})
    return BackendRun(clean(facts["name"], 100), clean(facts["version"], 100), known or None)


def _distribution(facts: dict[str, Any] | None) -> Distribution | None:
    if facts is None:
        return None
    found = Distribution(*(clean(facts[key], 200) for key in ("id", "version", "codename", "pretty_name")))
    return replace(found, end_of_life=clean(facts["end_of_life"], 10) if facts["end_of_life"] else None)


def _package(facts: dict[str, Any]) -> Package:
    locations = tuple(Location(clean(place["path"], 4096), place["layer"]) for place in facts["locations"])
    texts = (clean(facts[key]) for key in ("type", "name", "version", "purl"))
    owner = facts["owned_by"]
    return Package(
        *texts, locations, clean(facts["source_name"]), clean(facts["source_version"]), clean(owner) if owner else None
    )


def _finding(facts: dict[str, Any], package: Package, location: Location) -> Finding:
    return Finding(
        id=clean(facts["id"], 200),
        aliases=_texts(facts["aliases"]),
        raw_severity=clean(facts["raw_severity"], 40),
        scores=tuple(
            Score(clean(score["type"], 20), float(score["score"]), clean(score["vector"], 300), clean(score["source"], 200))
            for score in facts["scores"]
        ),
        fixed_in=_texts(facts["fixed_in"]),
        fix_state=facts["fix_state"],
        published=clean(facts["published"], 40) if facts["published"] else None,
        known_exploited=facts["known_exploited"],
        package=package,
        location=location,
        title=clean(facts["title"]),
        url=clean(facts["url"]),
        advisories=_texts(facts.get("advisories", ())),
    )


def _texts(values: list[str]) -> tuple[str, ...]:
    return tuple(clean(value, 300) for value in values)
