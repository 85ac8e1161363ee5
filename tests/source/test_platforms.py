"""`--platform all`: every image of an index is judged on its own, and the worst of them is the answer."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imagegate.model.verdict import Failure
from imagegate.report.document import overall
from imagegate.report.json import Json
from imagegate.report.junit import Junit
from imagegate.report.sarif import Sarif
from tests.images import Image, dpkg, file, layer, layout, sha256, write_folder
from tests.silent.conftest import gated, store
from tests.silent.judging import BAD, DEBIAN, GOOD, OS_RELEASE, STATUS, Gate
from tests.source.registries import Registry

__all__ = ["gated", "store"]  # fixtures
INDEX = "application/vnd.oci.image.index.v1+json"
MARKS = {"vnd.docker.reference.type": "attestation-manifest"}


def image(architecture: str, version: str) -> Image:
    files = [file(OS_RELEASE, DEBIAN), file(STATUS, dpkg(("bash", "5.2"), ("openssl", version))), file("arch", architecture)]
    return Image([layer(files)], architecture=architecture)


class Index:
    """An index in the making."""

    def __init__(self) -> None:
        self.members: dict[str, bytes] = {}
        self.descriptors: list[dict[str, Any]] = []

    def add(self, architecture: str, version: str = GOOD, **more: Any) -> "Index":
        found, descriptor = image(architecture, version).blobs()
        self.members |= found
        platform = {"os": "linux", "architecture": architecture}
        self.descriptors.append({**descriptor, "platform": platform, **more})
        return self

    def attest(self) -> "Index":
        return self.add("unknown", platform={"os": "unknown", "architecture": "unknown"}, annotations=MARKS)

    def nest(self) -> "Index":
        raw = self.document()
        self.members["blobs/sha256/" + sha256(raw)[7:]] = raw
        self.descriptors = [{"mediaType": INDEX, "digest": sha256(raw), "size": len(raw)}]
        return self

    def document(self) -> bytes:
        return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": self.descriptors}).encode()

    def lose(self, architecture: str) -> "Index":
        """Damage the layer of one platform."""
        (stored,) = [data for data in image(architecture, GOOD).blobs()[0].values() if data[:2] == b"\x1f\x8b"]
        self.members["blobs/sha256/" + sha256(stored)[7:]] = stored[:-9] + b"x" * 9
        return self

    def folder(self, path: Path) -> str:
        self.nest()
        return f"oci:{write_folder(path, self.members | layout(self.descriptors))}"


@pytest.fixture
def server() -> Iterator[Registry]:
    running = Registry()
    yield running
    running.stop()


def push(server: Registry, index: Index) -> str:
    for path, data in index.members.items():
        server.blobs["sha256:" + path.rpartition("/")[2]] = data
        if data.startswith(b'{"schemaVersion"'):
            kind = json.loads(data)["mediaType"]
            server.documents[sha256(data)] = (data, kind)
    server.put("all", index.document(), INDEX)
    return f"registry:{server.host}/team/app:all"


def everything() -> Index:
    inner = Index().add("arm64", BAD).attest().nest()
    inner.members |= (outer := Index().add("amd64").add("s390x")).members
    inner.descriptors += outer.descriptors
    return inner


def test_every_platform_of_a_folder_and_of_a_registry_is_judged(gated: Gate, tmp_path: Path, server: Registry) -> None:
    for reference in (everything().folder(tmp_path / "oci"), push(server, everything())):
        found = gated.judge(reference, every_platform=True)
        codes = {one.scan.image.platform: one.exit_code for one in found if not isinstance(one, Failure)}
        assert codes == {"linux/amd64": 0, "linux/s390x": 0, "linux/arm64": 10}
        assert len(found) == 3
        assert overall(found) == 10


def test_reports_tell_the_platforms_apart(gated: Gate, tmp_path: Path) -> None:
    found = gated.judge(Index().add("amd64", BAD).add("arm64", BAD).folder(tmp_path / "oci"), every_platform=True)
    for report in (Json(), Sarif(), Junit()):
        text = report.render(found)
        assert "linux/amd64" in text
        assert "linux/arm64" in text
    results = json.loads(Json().render(found))["results"]
    assert [one["image"]["platform"] for one in results] == ["linux/amd64", "linux/arm64"]
    assert len({one["image"]["digest"] for one in results}) == 2


def test_one_damaged_platform_does_not_hide_the_others(gated: Gate, tmp_path: Path) -> None:
    for architectures, expected in (({"amd64": GOOD}, 3), ({"amd64": GOOD, "arm64": BAD}, 10)):
        index = Index()
        for architecture, version in architectures.items():
            index.add(architecture, version)
        found = gated.judge(index.add("s390x").lose("s390x").folder(tmp_path / str(expected)), every_platform=True)
        assert [one.exit_code for one in found] == [0, 3] if expected == 3 else [0, 10, 3]
        assert overall(found) == expected


def test_missing_evidence_on_one_platform_counts_unless_there_is_worse(gated: Gate, tmp_path: Path) -> None:
    def index() -> Index:
        made = Index().add("amd64")
        empty = Image([layer([file("bin/x", "x")])], architecture="arm64")
        members, descriptor = empty.blobs()
        made.members |= members
        made.descriptors.append(descriptor | {"platform": {"os": "linux", "architecture": "arm64"}})
        return made

    cases = {"4": index(), "3": index().add("s390x").lose("s390x"), "10": index().add("s390x").lose("s390x").add("ppc64le", BAD)}
    for code, made in cases.items():
        assert overall(gated.judge(made.folder(tmp_path / code), every_platform=True)) == int(code)


def test_one_image_without_an_index_is_all_there_is(gated: Gate, tmp_path: Path) -> None:
    for name in ("amd64", "arm64"):
        found = gated.judge(f"oci:{image(name, GOOD).oci(tmp_path / name)}", every_platform=True)
        assert [one.exit_code for one in found] == [0]
