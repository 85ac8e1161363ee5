"""SBOMs in a real registry: Docker's of version 2, which knows no referrers, and so the tags that stand in for them."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from imagegate.cataloger.collect import INTEREST, take_inventory
from imagegate.errors import SourceError
from imagegate.model.image import Platform
from imagegate.source.opening import Options, open_image
from tests.cli.process import imagegate, result
from tests.cli.test_sbom import bills
from tests.images import DEBIAN_11, Image, dpkg, layer, layout, sha256, write_folder
from tests.real.test_registry import HTPASSWD, USER, Registry
from tests.source.sboms import data

__all__ = ["bills"]  # a fixture
OCI, INDEX = (f"application/vnd.oci.image.{kind}.v1+json" for kind in ("manifest", "index"))
CYCLONEDX, SPDX = "application/vnd.cyclonedx+json", "application/spdx+json"
DSSE, STATEMENT = "application/vnd.dsse.envelope.v1+json", "application/vnd.in-toto+json"
OPENSSL = dpkg(("libssl1.1", "1.1.1k-1", "openssl"), ("bash", "5.1-2+deb11u1"))
IMAGES = {
    architecture: Image(
        [layer({"etc/os-release": DEBIAN_11, "var/lib/dpkg/status": OPENSSL, "etc/motd": architecture})],
        architecture=architecture,
    )
    for architecture in ("amd64", "arm64")
}


class Shelf:
    """A repository of a registry, written to over its API as the tools do it."""

    def __init__(self, registry: Registry, name: str) -> None:
        self.name = f"{registry.host}/{name}"
        self._base = f"http://{registry.host}/v2/{name}"
        self._session = requests.Session()
        self._session.trust_env = False
        if registry.credentials:
            user, _, password = registry.credentials.partition(":")
            self._session.auth = (user, password)

    def blob(self, content: bytes) -> dict[str, Any]:
        begun = self._session.post(f"{self._base}/blobs/uploads/", timeout=20)
        begun.raise_for_status()
        place, digest = begun.headers["Location"], sha256(content)
        done = self._session.put(place, params={"digest": digest}, data=content, timeout=20)
        done.raise_for_status()
        return {"digest": digest, "size": len(content)}

    def manifest(self, tag: str, document: dict[str, Any], kind: str = OCI) -> dict[str, Any]:
        raw = json.dumps({"schemaVersion": 2, "mediaType": kind, **document}).encode()
        place = f"{self._base}/manifests/{tag or sha256(raw)}"
        self._session.put(place, data=raw, headers={"Content-Type": kind}, timeout=20).raise_for_status()
        return {"mediaType": kind, "digest": sha256(raw), "size": len(raw)}

    def artifact(self, content: bytes, kind: str, tag: str = "", **more: Any) -> dict[str, Any]:
        """Put an artifact of one blob in, and return its descriptor."""
        notes = more.pop("annotations", {})
        empty = {"mediaType": "application/vnd.oci.image.config.v1+json", **self.blob(b"{}")}
        blob = {"mediaType": kind, **self.blob(content), "annotations": notes}
        return self.manifest(tag, {"config": empty, "layers": [blob], **more})

    def attach(self, content: bytes, kind: str, subject: str) -> None:
        """Attach as the specification says for registries without the API: with a tag made of the digest."""
        descriptor = self.artifact(content, kind, subject={"mediaType": OCI, "digest": subject, "size": 1}, artifactType=kind)
        self.manifest(subject.replace(":", "-"), {"manifests": [descriptor | {"artifactType": kind}]}, INDEX)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    folder = tmp_path_factory.mktemp("registry")
    (folder / "htpasswd").write_text(f"{HTPASSWD}\n")
    settings = f"auth: {{htpasswd: {{realm: test, path: {folder}/htpasswd}}}}\n"
    running = Registry(folder, settings, credentials="me:s3cret-pass")
    yield running
    running.stop()


@pytest.fixture
def pushed(registry: Registry, tmp_path: Path, request: pytest.FixtureRequest) -> tuple[Shelf, str]:
    """Return a repository with an image that skopeo pushed, and its digest."""
    name = "team/" + sha256(request.node.name.encode())[7:20]
    digest = registry.push(IMAGES["amd64"].oci(tmp_path / "image"), f"{name}:1")
    return Shelf(registry, name), digest


def document() -> bytes:
    """Return what Trivy wrote, about no image in particular."""
    found = json.loads(data("trivy.cdx.json"))
    found["metadata"]["component"]["properties"] = []
    for component in found["components"]:
        component["properties"] = [one for one in component.get("properties", []) if "Layer" not in one["name"]]
    return json.dumps(found).encode()


def statement(content: bytes, about: str, kind: str = "https://cyclonedx.org/bom") -> bytes:
    whole = {"_type": "https://in-toto.io/Statement/v1", "predicateType": kind, "predicate": json.loads(content)}
    return json.dumps(whole | {"subject": [{"name": "app", "digest": {"sha256": about.removeprefix("sha256:")}}]}).encode()


def envelope(inner: bytes) -> bytes:
    return json.dumps(
        {"payloadType": STATEMENT, "payload": base64.b64encode(inner).decode(), "signatures": [{"sig": "x"}]}
    ).encode()


def opened(shelf: Shelf, tag: str = "1", architecture: str = "amd64") -> list[str]:
    options = Options(platform=Platform("linux", architecture), env=USER)
    inventory = take_inventory(open_image(f"sbom:registry:{shelf.name}:{tag}", INTEREST, options))
    assert [item.detail for item in inventory.evidence if item.found == "fail"] == []
    return [package.name for package in inventory.packages if "ssl" in package.name]


def test_the_command_line_finds_with_the_sbom_what_it_finds_in_the_image(
    pushed: tuple[Shelf, str], bills: Path, tmp_path: Path
) -> None:
    shelf, digest = pushed
    shelf.attach(document(), CYCLONEDX, digest)
    found = {}
    for source in ("registry:", "sbom:registry:"):
        report = tmp_path / "r.json"
        arguments = ("--db", bills / "store.db", "-p", bills / "policy.yaml", "--platform", "linux/amd64", "-r", f"json={report}")
        done = imagegate("check", f"{source}{shelf.name}:1", *arguments, env=USER)
        assert done.code == 10, done.text
        assert "s3cret-pass" not in done.text
        found[source] = result(report)
    of_image, of_document = found.values()
    assert {one["id"] for one in of_document["findings"]} == {one["id"] for one in of_image["findings"]} == {"CVE-2025-6"}
    for key in ("id", "digest", "platform"):
        assert of_document["image"][key] == of_image["image"][key]


def test_without_an_sbom_or_the_password_there_is_no_verdict(pushed: tuple[Shelf, str], bills: Path) -> None:
    shelf, _ = pushed
    arguments = ("check", f"sbom:registry:{shelf.name}:1", "--db", bills / "store.db", "--platform", "linux/amd64")
    done = imagegate(*arguments, env=USER)
    assert (done.code, "no SBOM is attached to it" in done.err, "oras attach" in done.err) == (3, True, True), done.text
    done = imagegate(*arguments)
    assert (done.code, "gives no access" in done.err) == (3, True), done.text


@pytest.mark.parametrize("wrap", [lambda content, _: (content, CYCLONEDX), lambda *facts: (envelope(statement(*facts)), DSSE)])
def test_the_tag_that_stands_in_for_referrers_is_read(pushed: tuple[Shelf, str], wrap: Any) -> None:
    shelf, digest = pushed
    content, kind = wrap(document(), digest)
    shelf.attach(content, kind, digest)
    assert opened(shelf) == ["libssl1.1", "openssl"]


@pytest.mark.parametrize("ending", ["att", "sbom"])
def test_the_tags_of_cosign_are_read(pushed: tuple[Shelf, str], ending: str) -> None:
    shelf, digest = pushed
    content, kind = (envelope(statement(document(), digest)), DSSE) if ending == "att" else (document(), CYCLONEDX)
    shelf.artifact(content, kind, f"{digest.replace(':', '-')}.{ending}")
    assert opened(shelf) == ["libssl1.1", "openssl"]


def test_one_about_another_image_is_refused(pushed: tuple[Shelf, str]) -> None:
    shelf, digest = pushed
    shelf.attach(envelope(statement(document(), "sha256:" + "e" * 64)), DSSE, digest)
    with pytest.raises(SourceError, match="is about another image"):
        opened(shelf)


def test_the_attestation_of_the_platform_is_taken_from_an_index(registry: Registry, tmp_path: Path) -> None:
    shelf, entries, attestations = Shelf(registry, "team/index"), [], []
    for architecture, image in IMAGES.items():
        members, descriptor = image.blobs()
        registry.push(write_folder(tmp_path / architecture, members | layout([descriptor])), f"team/index:{architecture}")
        entries.append({**descriptor, "platform": {"os": "linux", "architecture": architecture}})
        content = document().replace(b"libssl1.1", b"libssl-" + architecture.encode())
        kind = {"in-toto.io/predicate-type": "https://cyclonedx.org/bom"}
        attestation = shelf.artifact(statement(content, descriptor["digest"]), STATEMENT, annotations=kind)
        marks = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": descriptor["digest"]}
        attestations.append({**attestation, "annotations": marks, "platform": {"os": "unknown", "architecture": "unknown"}})
    shelf.manifest("1", {"manifests": [*entries, *attestations]}, INDEX)
    for architecture in IMAGES:
        assert opened(shelf, "1", architecture) == [f"libssl-{architecture}", "openssl"]
