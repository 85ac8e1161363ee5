"""Bills of materials as real tools write them: every form of one image gives the same packages."""

import json
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from imagegate.model.image import Evidence, Image, Layer
from imagegate.model.inventory import Distribution, Inventory, Location, package_url
from imagegate.report.inventory import cyclonedx as write_cyclonedx
from imagegate.report.inventory import spdx as write_spdx
from imagegate.source.sbom import ImageFacts, read_sbom
from tests.scans import package

from .sboms import data, names, said

SYFT = ("syft.json", "syft.cdx.json", "syft.spdx.json")


def test_all_forms_of_one_image_give_the_same_packages() -> None:
    first, second, third = (read_sbom(data(name), name) for name in SYFT)
    assert first.packages == second.packages == third.packages
    sources = {one.name: f"{one.source_name} {one.source_version}" for one in first.packages}
    assert sources == {
        "adduser": "adduser 3.134",
        "bash": "bash 5.2.15-2",
        "bsdutils": "util-linux 2.38.1-5+deb12u3",
        "e2fsprogs": "e2fsprogs 1.47.0-2",
        "libacl1": "acl 2.3.1-3",
        "libc6": "glibc 2.36-9+deb12u14",
        "libcap2": "libcap2 1:2.66-4+deb12u3",
        "libstdc++6": "gcc-12 12.2.0-14+deb12u1",
        "zlib1g": "zlib 1:1.2.13.dfsg-1",
    }
    assert {one.locations for one in first.packages} == {(Location("var/lib/dpkg/status", 0),)}
    assert [said(listing, found) for listing in (first, second, third) for found in ("fail", "warn")] == [[]] * 6


def test_a_document_says_what_it_is_who_made_it_and_which_image_it_is_about() -> None:
    first, second, third = (read_sbom(data(name), name) for name in SYFT)
    assert [one.format for one in (first, second, third)] == ["syft JSON 16.1.10", "CycloneDX 1.7 JSON", "SPDX 2.3 JSON"]
    assert all(one.made_by.startswith("syft") for one in (first, second, third))
    assert {one.image.name for one in (first, second, third)} == {"images/debian-min.tar"}
    assert {one.image.digest[:15] for one in (first, second, third)} == {"sha256:5e59fe88"}
    assert first.image.id.startswith("sha256:70dbc262")
    assert first.layers == second.layers
    assert first.layers[0].startswith("sha256:b33fbccb")
    assert third.layers == ("",)  # SPDX of syft names no layers
    assert first.distribution == second.distribution == ("debian", "12.15", "bookworm", "Debian GNU/Linux 12 (bookworm)")
    assert third.distribution == ("debian", "12.15", "", "")


def test_trivy_tells_of_sources_and_layers_in_its_properties() -> None:
    listing = read_sbom(data("trivy.cdx.json"), "trivy")
    assert names(listing) == [
        "base-files 11.1+deb11u11",
        "bash 5.1-2+deb11u1",
        "libssl1.1 1.1.1k-1",
        "openssl 1.1.1k-1",
        "sed 4.7-1",
    ]
    assert (listing.packages[1].source_name, listing.packages[1].source_version) == ("bash", "5.1-2+deb11u1")
    assert (listing.packages[2].source_name, listing.packages[2].source_version) == ("openssl", "1.1.1k-1")
    assert listing.layers[0].startswith("sha256:6268838b")
    assert listing.image.id.startswith("sha256:6d7f2768")
    assert listing.distribution == ("debian", "11.1", "", "")
    assert said(listing, "fail") == said(listing, "warn") == []
    assert "vulnerabilities" in said(listing, "ok")[0]


def own() -> Inventory:
    layers = tuple(Layer(index, f"sha256:{index:064x}", f"sha256:{index:064x}", 9) for index in range(3))
    image = Image("app:1", "docker-archive", "sha256:" + "a" * 64, "sha256:" + "b" * 64, "linux/amd64", (), layers)
    packages = tuple(
        package(
            name,
            version,
            purl=package_url("deb", "debian", name, version, {"arch": "amd64", "distro": "debian-12"}),
            locations=(Location("var/lib/dpkg/status", layer),),
            source_name=source,
            source_version=version,
        )
        for name, version, source, layer in (("libssl3", "3.0.1-1", "openssl", 2), ("zlib1g", "1:1.2-1", "zlib", 0))
    )
    return Inventory(image, Distribution("debian", "12", "bookworm", "Debian 12"), packages)


@pytest.mark.parametrize("write", [write_cyclonedx, write_spdx])
def test_our_own_documents_read_back_to_the_same_inventory(write: Callable[[Inventory, str], str]) -> None:
    listing, image = read_sbom(write(own(), "2026-11-22T12:00:00Z").encode(), "own"), own().image
    assert listing.packages == own().packages
    assert listing.distribution == ("debian", "12", "bookworm", "Debian 12")
    assert listing.image == ImageFacts(image.reference, image.digest or "", image.id, image.platform)
    assert (listing.layers[0], listing.layers[2]) == (image.layers[0].digest, image.layers[2].digest)
    assert said(listing, "fail") == said(listing, "warn") == []
    damaged = replace(own(), evidence=(Evidence("unreadable", "fail", "a damaged stanza"),))
    again = read_sbom(write(damaged, "2026-11-22T12:00:00Z").encode(), "own")
    assert "not complete" in said(again, "fail")[0]


@pytest.mark.parametrize("version", ["V1_2", "V1_3", "V1_4", "V1_5", "V1_6"])
@pytest.mark.parametrize("form", ["JSON", "XML"])
def test_every_version_of_cyclonedx_written_by_its_own_library(form: str, version: str) -> None:
    warnings.simplefilter("ignore")
    from cyclonedx.model.bom import Bom
    from cyclonedx.output import make_outputter
    from cyclonedx.schema import OutputFormat, SchemaVersion

    document = json.loads(data("trivy.cdx.json"))
    del document["vulnerabilities"]
    bom = Bom.from_json(document)  # type: ignore[attr-defined]
    text = make_outputter(bom, OutputFormat[form], SchemaVersion[version]).output_as_string()
    found, expected = read_sbom(text.encode(), "made"), read_sbom(data("trivy.cdx.json"), "trivy")
    assert found.format == f"CycloneDX {version[1:].replace('_', '.')} {form}"
    assert found.distribution == expected.distribution
    assert [(one.purl, one.name, one.version) for one in found.packages] == [
        (one.purl, one.name, one.version) for one in expected.packages
    ]
    if version != "V1_2":  # which has no properties
        assert found.packages == expected.packages
        assert found.layers == expected.layers


def test_tag_value_written_by_the_tools_of_spdx_says_what_the_json_says(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from spdx_tools.spdx.parser.parse_anything import parse_file
        from spdx_tools.spdx.writer.write_anything import write_file

        source = tmp_path / "a.spdx.json"
        source.write_bytes(data("syft.spdx.json"))
        write_file(parse_file(str(source)), str(tmp_path / "a.spdx"), validate=False)
    found, expected = read_sbom((tmp_path / "a.spdx").read_bytes(), "made"), read_sbom(data("syft.spdx.json"), "syft")
    assert found.format == "SPDX 2.3 tag-value"
    assert (found.packages, found.distribution, found.image) == (expected.packages, expected.distribution, expected.image)
    assert said(found, "fail") == said(found, "warn") == []
