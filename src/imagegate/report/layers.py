"""What each layer of an image brought: its packages, and what is wrong with them."""

from collections import Counter
from dataclasses import dataclass

from imagegate.model.image import Layer
from imagegate.model.severity import Severity
from imagegate.model.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Share:
    """One layer: `packages` counts those that it brought, `findings` are indexes into those of the verdict.

    `severities` counts distinct vulnerabilities in packages, the worst first, without those that there are none of.
    """

    layer: Layer
    packages: int
    severities: tuple[tuple[Severity, int], ...]
    findings: tuple[int, ...]


def shares(verdict: Verdict) -> list[Share]:
    """Return every layer of the image, the base first; also those that only the findings know, as in a bill of materials."""
    packages = Counter(index for package in verdict.scan.packages for index in {place.layer for place in package.locations})
    found: dict[int, list[int]] = {}
    distinct: dict[int, dict[tuple[str, str], Severity]] = {}
    for number, judged in enumerate(verdict.findings):
        finding = judged.finding
        found.setdefault(finding.location.layer, []).append(number)
        distinct.setdefault(finding.location.layer, {})[finding.id, finding.package.purl] = judged.severity
    layers = {layer.index: layer for layer in verdict.scan.image.layers}
    for index in sorted((found.keys() | packages.keys()) - layers.keys()):
        layers[index] = Layer(index, "", "", 0)
    result = []
    for layer in layers.values():
        counts = Counter(distinct.get(layer.index, {}).values())
        ordered = tuple(sorted(counts.items(), reverse=True))
        result.append(Share(layer, packages[layer.index], ordered, tuple(found.get(layer.index, ()))))
    return result
