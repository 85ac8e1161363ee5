"""Reads a layer of Clair's first API, asked for with `?features&vulnerabilities`: the last layer tells of the whole image.

Format: api/v1/models.go of quay/clair 2.1.8, where every key is left out that is empty; the metadata of a vulnerability as
ext/vulnmdsrc/nvd of that release writes them, and namespaces as its ext/featurens does. Of dpkg, Clair knows only the
source packages (ext/featurefmt/dpkg).
"""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from imagegate.backend.clair import names
from imagegate.backend.clair.names import LONGEST_CLEAN, LONGEST_NAME, text
from imagegate.backend.clair.package import package, unversioned
from imagegate.backend.clair.report import Layers, Reading, assembled, nothing_recognised
from imagegate.backend.clair.v4_findings import Entry, merged, moment_of, title
from imagegate.errors import BackendError
from imagegate.model.image import Evidence
from imagegate.model.inventory import Distribution, Location, Package
from imagegate.model.releases import FAMILIES
from imagegate.model.scan import Score
from imagegate.text import clean

_MOST = 200_000  # packages, vulnerabilities
_HINT = "Is it an answer of Clair's first API to GET /v1/layers/NAME?features&vulnerabilities, and was it changed or cut?"
_IDS = {"oracle": "ol", "opensuse": "opensuse-leap"}
_FORMATS = {"dpkg": "deb", "rpm": "rpm"}
_DATABASES = {
    "deb": "var/lib/dpkg/status",
    "rpm": "var/lib/rpm/Packages",
    "apk": "lib/apk/db/installed",
}  # the only ones it reads
_NO_FIX = "#MAXV#"  # ext/versionfmt/driver.go


def is_report(document: Mapping[str, Any]) -> bool:
    """Return whether a document has the keys that only a layer of this API has."""
    layer = document.get("Layer")
    return isinstance(layer, dict) and isinstance(layer.get("Name"), str)


def namespaces(document: Mapping[str, Any]) -> Counter[str]:
    """Return the distributions in a report, each with how many vulnerabilities are told of its packages."""
    layer, features = _features(document)
    lost: Counter[str] = Counter()  # told by `read`
    found = Counter({name: 0 for name in (text(layer, "NamespaceName", 200, lost),) if name})
    for index, feature in enumerate(features):
        found[text(feature, "NamespaceName", 200, lost)] += len(_list(feature, "Vulnerabilities", f"Layer.Features.{index}"))
    return found


def read(document: Mapping[str, Any], layers: Mapping[str, int] | None) -> Reading:
    """Return what a report says; `layers` has the index of each layer's name, None where it is not known.

    Then they are numbered as the report mentions them. Raises BackendError for a report that has not this form.
    """
    layer, features = _features(document)
    system = _System()
    lost: Counter[str] = Counter()
    spaces = [text(feature, "NamespaceName", 200, lost) for feature in features]
    distribution = system.main(text(layer, "NamespaceName", 200, lost), spaces)
    places = Layers(layers)
    known: dict[tuple[str, Location], Package] = {}
    said: dict[tuple[str, Location], list[Entry]] = {}
    total = 0
    for index, feature in enumerate(features):
        where = f"Layer.Features.{index}"
        path = _DATABASES.get(system.kind(spaces[index], text(feature, "VersionFormat", 40, lost)), "")
        facts = {key.lower(): text(feature, key, LONGEST_NAME, lost) for key in ("Name", "Version")}
        place = Location(path, places.of(text(feature, "AddedBy", 200, lost)))
        one = package(facts, path, "", place, system.named(spaces[index]), lost)
        told = _list(feature, "Vulnerabilities", where)
        total += len(told)
        if total > _MOST:
            raise BackendError(f"Clair's report cannot be read: more than {_MOST:,} vulnerabilities", _HINT)
        if one is None:
            continue
        key = one.purl, one.locations[0]
        known.setdefault(key, one)
        entries = said.setdefault(key, [])
        for number, row in enumerate(told):
            if (found := _entry(_object(row, f"{where}.Vulnerabilities.{number}"), lost)) is None:
                continue
            entries.append(found)
            total += len(found.identities) - 1  # an advisory may cover many
            if total > _MOST:
                raise BackendError(f"Clair's report cannot be read: more than {_MOST:,} vulnerabilities", _HINT)
    findings = [finding for key, one in known.items() for finding in merged(one, said[key])]
    evidence = [*system.evidence, *_recognised(list(known.values()), layers is None and not total)]
    return assembled(distribution, known.values(), findings, evidence, lost, places)


class _System:
    """The distributions by Clair's names for them, `debian:12`, and what was noticed about them."""

    def __init__(self) -> None:
        self.evidence: list[Evidence] = []
        self._named: dict[str, Distribution | None] = {"": None}

    def main(self, namespace: str, spaces: list[str]) -> Distribution | None:
        used = Counter(spaces)
        del used[""]
        if not namespace and used:
            namespace = max(used, key=lambda name: (used[name], name))
        if not namespace:
            detail = "Clair recognised no distribution: it judged no package of an operating system"
            self.evidence.append(Evidence("unknown_distro", "fail", detail))
        if others := sorted(clean(name, 100) for name in set(used) - {namespace}):
            shown = ", ".join([clean(namespace, 100), *others[:4]])
            detail = f"Clair sees {len(others) + 1} distributions ({shown}); taken is that of the last layer"
            self.evidence.append(Evidence("unknown_distro", "warn", detail))
        return self.named(namespace)

    def named(self, namespace: str) -> Distribution | None:
        if namespace not in self._named:
            from imagegate.cataloger.distribution import told

            word, _, version = clean(namespace, 100).partition(":")
            word = _IDS.get(word, word)
            release = version.removeprefix("v") if word == "alpine" else version
            self._named[namespace], notes = told(word, release, "", "", origin="Clair")
            self.evidence += notes
        return self._named[namespace]

    def kind(self, namespace: str, form: str) -> str:
        """Clair compares the versions of Alpine as those of dpkg, and calls that their format."""
        distribution = self.named(namespace)
        return FAMILIES[distribution.id].database if distribution is not None else _FORMATS.get(form, "")


def _recognised(packages: list[Package], silent: bool) -> Iterator[Evidence]:
    """An image in which Clair recognises nothing is answered like one without vulnerabilities."""
    if not packages:
        yield from nothing_recognised()
    elif silent:
        detail = "the report has no vulnerability, and does not tell whether Clair was asked for them, or knows any"
        yield Evidence("uncovered", "fail", detail)
    yield from unversioned(packages)


def _entry(facts: Mapping[str, Any], lost: Counter[str]) -> Entry | None:
    name, link = text(facts, "Name", LONGEST_NAME, lost), text(facts, "Link", sys.maxsize, lost)
    if not name.strip():
        lost["vulnerabilities without a name"] += 1
        return None
    fixed, state = names.fixed(text(facts, "FixedBy", 2000, lost).replace(_NO_FIX, ""))
    scores, published = _metadata(facts.get("Metadata"), lost)
    return Entry(
        name=clean(name, LONGEST_CLEAN),
        identities=names.identities(name, link, (), lost),
        severity=names.severity(text(facts, "Severity", 40, lost)),
        scores=scores,
        fixed=fixed,
        state=state,
        published=published,
        exploited=None,
        title=title(text(facts, "Description", 4000, lost)),
        url=clean(link[:500], 500) if link.startswith(("https://", "http://")) else "",
    )


def _metadata(metadata: object, lost: Counter[str]) -> tuple[tuple[Score, ...], str | None]:
    """Return the scores of NVD, or whoever else is named, and when the vulnerability was published."""
    found: list[Score] = []
    published = ""
    if not isinstance(metadata, dict | None):
        lost["metadata have not the right form"] += 1
    for source, facts in metadata.items() if isinstance(metadata, dict) else ():
        for key, version in (("CVSSv2", "2"), ("CVSSv3", "3")):
            score = facts.get(key) if isinstance(facts, dict) else None
            if score is None:
                continue
            if not isinstance(score, dict) or not isinstance(value := score.get("Score", 0), int | float):
                lost["scores cannot be read"] += 1
                continue
            published = published or text(score, "PublishedDateTime", 40, lost)
            vector = text(score, "Vectors", 300, lost)
            if vector or value:  # Clair writes nothing and 0 where there is no score
                one = _scores(version, value, vector, source)
                if not one:
                    lost["scores cannot be read"] += 1
                found += one
    return tuple(dict.fromkeys(found)), moment_of(published) if published else None


@lru_cache(1 << 14, typed=True)  # many vulnerabilities have the same
def _scores(version: str, value: float, vector: str, source: str) -> tuple[Score, ...]:
    payload = {"version": version, "baseScore": value, "vectorString": vector}
    return names.scores([payload], clean(source.lower(), 40), Counter())


def _features(document: Mapping[str, Any]) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    error = document.get("Error")
    if isinstance(error, dict) and "Layer" not in document:
        raise BackendError(f"it is an error of Clair, not a report: {clean(text(error, 'Message', 500, Counter()), 300)}", _HINT)
    layer = _object(document.get("Layer"), "Layer")
    features = _list(layer, "Features", "Layer")
    if len(features) > _MOST:
        raise BackendError(f"Clair's report cannot be read: more than {_MOST:,} features", _HINT)
    return layer, [_object(feature, f"Layer.Features.{index}") for index, feature in enumerate(features)]


def _list(facts: Mapping[str, Any], key: str, where: str) -> list[Any]:
    found = facts.get(key)
    if found is None:
        return []
    if not isinstance(found, list):
        raise BackendError(f"Clair's report cannot be read: {where}.{key} is not a list", _HINT)
    return found


def _object(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BackendError(f"Clair's report cannot be read: {where} is not an object", _HINT)
    return value
