"""What each layer of an image brought: its packages, and what is wrong with them."""

from collections import Counter
from dataclasses import dataclass

from imagegate.model.image import Layer
from imagegate.model.severity import Severity
from imagegate.model.verdict import Verdict
from imagegate.report import wording


@dataclass(frozen=True, slots=True)
class Share:
    """One layer: `packages` counts those that it brought, `findings` are indexes into those of the verdict.

    `severities` is as wording.tally counts them.
    """

    layer: Layer
    packages: int
    severities: dict[Severity, int]
    findings: tuple[int, ...]


def shares(verdict: Verdict) -> list[Share]:
    """Return every layer of the image, the base first; also those that only the findings know, as in a bill of materials."""
    packages = Counter(index for package in verdict.scan.packages for index in {place.layer for place in package.locations})
    found: dict[int, list[int]] = {}
    for number, judged in enumerate(verdict.findings):
        found.setdefault(judged.finding.location.layer, []).append(number)
    layers = {layer.index: layer for layer in verdict.scan.image.layers}
    for index in sorted((found.keys() | packages.keys()) - layers.keys()):
        layers[index] = Layer(index, "", "", 0)
    result = []
    for layer in layers.values():
        numbers = tuple(found.get(layer.index, ()))
        severities = wording.tally(verdict.findings[number] for number in numbers)
        result.append(Share(layer, packages[layer.index], severities, numbers))
    return result
