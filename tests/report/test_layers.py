"""Grouped by layer: what each layer brought, in the console report and in the result."""

import json

from imagegate.model.inventory import Location
from imagegate.report.console import Console
from imagegate.report.json import Json
from imagegate.report.layers import shares
from tests.scans import finding, image, judged, package, scan

BASE, TOP = package("bash"), package("openssl", locations=(Location("var/lib/dpkg/status", 1),))
FOUND = (
    finding("CVE-2026-0001", TOP, "high", fixed_in=("3.0.2-1",)),
    finding("CVE-2026-0002", TOP, "low"),
    finding("CVE-2026-0002", TOP, "low", location=Location("other/place", 1)),
    finding("CVE-2026-0003", BASE, "medium"),
)


def test_every_layer_has_its_packages_and_distinct_findings_by_severity() -> None:
    base, top = shares(judged(scan(FOUND, packages=(BASE, TOP), of=image(layers=2))))
    assert (base.packages, [(step.word, count) for step, count in base.severities.items()], base.findings) == (
        1,
        [("medium", 1)],
        (3,),
    )
    assert (top.packages, [(step.word, count) for step, count in top.severities.items()]) == (1, [("high", 1), ("low", 1)])
    assert top.findings == (0, 1, 2)


def test_the_console_report_names_each_layer_before_its_findings() -> None:
    verdict = judged(scan(FOUND, packages=(BASE, TOP), of=image(layers=2)))
    text = Console(120, layers=True).render([verdict])
    positions = [
        text.index(part)
        for part in ("Layer 0, 1 packages, 1 medium", "CVE-2026-0003", "Layer 1, 1 packages, 1 high, 1 low", "CVE-2026-0001")
    ]
    assert positions == sorted(positions)
    for layer in verdict.scan.image.layers:
        assert layer.digest in text
        assert layer.created_by in text
        assert f"{layer.size:,} bytes" in text
    assert text.count("breaks no rule") == 2


def test_the_result_has_the_same() -> None:
    verdict = judged(scan(FOUND, packages=(BASE, TOP), of=image(layers=2)))
    document = json.loads(Json().render([verdict]))
    layers = verdict.scan.image.layers
    assert document["by_layer"] == [
        {
            "layer": 0,
            "digest": layers[0].digest,
            "created_by": layers[0].created_by,
            "size": layers[0].size,
            "packages": 1,
            "severities": {"medium": 1},
            "findings": [3],
        },
        {
            "layer": 1,
            "digest": layers[1].digest,
            "created_by": layers[1].created_by,
            "size": layers[1].size,
            "packages": 1,
            "severities": {"high": 1, "low": 1},
            "findings": [0, 1, 2],
        },
    ]


def test_findings_of_an_image_without_layers_are_not_lost() -> None:
    verdict = judged(scan(FOUND, packages=(BASE, TOP), of=image(layers=0)))
    assert [number for share in shares(verdict) for number in share.findings] == [3, 0, 1, 2]
    text = Console(120, layers=True).render([verdict])
    assert "CVE-2026-0001" in text
    assert "Layer 1, 1 packages" in text
