"""Images of real engines over their real API, and what their tools write: the packages are those that dpkg finds."""

import gzip
import hashlib
import shutil
from pathlib import Path

import pytest

from imagegate.cataloger.collect import INTEREST, take_inventory
from imagegate.errors import SourceError
from imagegate.model.inventory import Inventory
from imagegate.source.opening import Options, open_image
from tests.ci.tools import passes, require
from tests.real.conftest import LAYER_OF, Containers, Docker, Root, installed


def inventory(reference: str | Path, **env: str) -> Inventory:
    return take_inventory(open_image(str(reference), INTEREST, Options(env=env)))


def same(found: Inventory, root: Root) -> None:
    """Hold an inventory against what dpkg says of the root that the image was made of."""
    assert sorted(f"{package.name} {package.version}" for package in found.packages) == installed(root.upper)
    assert {package.name: package.locations[0].layer for package in found.packages} == LAYER_OF
    assert [item for item in found.evidence if item.found == "fail"] == []
    assert found.distribution is not None
    assert found.distribution.codename == "bullseye"
    assert len(found.image.layers) == 2


@pytest.mark.parametrize("prefix", ["docker:", ""])
def test_docker_hands_out_its_image(docker: Docker, docker_image: str, root: Root, prefix: str) -> None:
    found = inventory(prefix + docker_image, DOCKER_HOST=docker.address)
    same(found, root)
    assert found.image.source == "docker"
    assert found.image.id == docker.run("image", "inspect", "--format={{.Id}}", docker_image)


def test_docker_hands_out_an_image_by_its_id(docker: Docker, docker_image: str, root: Root) -> None:
    identity = docker.run("image", "inspect", "--format={{.Id}}", docker_image)
    same(inventory(f"docker:{identity}", DOCKER_HOST=docker.address), root)
    same(inventory(f"docker:{identity[7:19]}", DOCKER_HOST=docker.address), root)


def test_layers_of_docker_can_be_lent_to_a_scanner_elsewhere(docker: Docker, docker_image: str, root: Root) -> None:
    image = open_image(f"docker:{docker_image}", INTEREST, Options(env={"DOCKER_HOST": docker.address}, offer=True))
    assert image.offer is not None
    for layer in image.image.layers:
        content = image.offer.here(layer.index)
        assert content is not None
        assert "sha256:" + hashlib.sha256(content.read_at(0, content.size)).hexdigest() == layer.digest
    same(take_inventory(image), root)


def test_docker_does_not_have_every_image(docker: Docker) -> None:
    with pytest.raises(SourceError, match="docker has no image imagegate-test:missing"):
        inventory("docker:imagegate-test:missing", DOCKER_HOST=docker.address)


def test_docker_says_why_a_name_is_impossible(docker: Docker) -> None:
    with pytest.raises(SourceError):
        inventory("docker:Not A Name", DOCKER_HOST=docker.address)


@pytest.mark.parametrize("compress", [False, True])
def test_what_docker_saves_is_read(saved: Path, root: Root, tmp_path: Path, compress: bool) -> None:
    path = saved
    if compress:
        path = tmp_path / "image.tar.gz"
        path.write_bytes(gzip.compress(saved.read_bytes(), 1))
    same(inventory(path), root)


def test_two_images_that_docker_saves_together_are_told_apart(
    docker: Docker, docker_image: str, root: Root, tmp_path: Path
) -> None:
    path = tmp_path / "two.tar"
    docker.run("save", "--output", path, docker_image, "imagegate-test:base")
    same(inventory(f"docker-archive:{path}:{docker_image}"), root)
    base = inventory(f"docker-archive:{path}:imagegate-test:base")
    assert sorted(f"{package.name} {package.version}" for package in base.packages) == installed(root.lower)
    with pytest.raises(SourceError, match="holds 2 images"):
        inventory(path)


@pytest.fixture(scope="session")
def podman_image(podman: Containers, saved: Path) -> str:
    podman.run("load", "--quiet", "--input", saved)
    return "imagegate-test:app"


def test_podman_hands_out_its_image(podman: Containers, podman_image: str, root: Root) -> None:
    for name in (podman_image, f"localhost/{podman_image}"):
        found = inventory(f"podman:{name}", CONTAINER_HOST=podman.address)
        same(found, root)
        assert found.image.source == "podman"
    with pytest.raises(SourceError, match="podman has no image"):
        inventory("podman:imagegate-test:missing", CONTAINER_HOST=podman.address)


@pytest.mark.parametrize("form", ["docker-archive", "oci-archive", "oci-dir"])
def test_what_podman_saves_is_read(podman: Containers, podman_image: str, root: Root, tmp_path: Path, form: str) -> None:
    path = tmp_path / "image"
    podman.run("save", "--quiet", f"--format={form}", "--output", path, podman_image)
    same(inventory(f"{'oci' if form == 'oci-dir' else form}:{path}"), root)


COPIES: dict[str, tuple[str, ...]] = {
    "docker-archive:{}/image.tar:app:1": (),
    "oci:{}/layout:app": (),
    "oci-archive:{}/layout.tar:app": (),
    "oci:{}/zstd:app": ("--dest-compress-format=zstd",),
    "oci-archive:{}/zstd.tar": ("--dest-compress-format=zstd",),
}


@pytest.mark.parametrize("target", COPIES)
def test_what_skopeo_copies_is_read(saved: Path, root: Root, tmp_path: Path, target: str) -> None:
    reference = target.format(tmp_path)
    skopeo = require("skopeo")
    passes(skopeo, "--insecure-policy", "copy", "--quiet", *COPIES[target], f"docker-archive:{saved}", reference)
    found = inventory(reference)
    same(found, root)
    if target.startswith("oci"):
        assert found.image.digest == passes(skopeo, "inspect", "--format={{.Digest}}", reference).strip()


@pytest.fixture(scope="session")
def buildah_image(buildah: Containers, root: Root, root_tar: Path) -> str:
    base = buildah.run("from", "scratch")
    buildah.run("add", "--quiet", base, root_tar, "/")
    buildah.run("config", "--arch=amd64", "--os=linux", base)
    buildah.run("commit", "--quiet", "--rm", base, "imagegate-base")
    container = buildah.run("from", "--pull-never", "localhost/imagegate-base")
    buildah.run("add", "--quiet", container, root.upper, "/")
    (Path(buildah.run("mount", container)) / "etc/motd").unlink()
    buildah.run("umount", container)
    buildah.run("commit", "--quiet", "--rm", container, "imagegate-app")
    return "localhost/imagegate-app"


@pytest.mark.parametrize("target", ["oci:{}/layout:app", "oci-archive:{}/layout.tar", "docker-archive:{}/image.tar:app:1"])
def test_what_buildah_builds_is_read(buildah: Containers, buildah_image: str, root: Root, tmp_path: Path, target: str) -> None:
    reference = target.format(tmp_path)
    buildah.run("push", "--quiet", buildah_image, reference)
    same(inventory(reference), root)
    opened = open_image(reference, INTEREST, Options())
    assert opened.files.exists("etc/motd", 0)
    assert not opened.files.exists("etc/motd", 1)


def test_an_index_of_two_platforms_that_buildah_writes_is_read(
    buildah: Containers, buildah_image: str, root: Root, tmp_path: Path
) -> None:
    from imagegate.model.image import Platform

    arm = buildah.run("from", "scratch")
    buildah.run("add", "--quiet", arm, root.lower, "/")
    buildah.run("config", "--arch=arm64", "--variant=v8", "--os=linux", arm)
    buildah.run("commit", "--quiet", "--rm", arm, "imagegate-arm")
    buildah.run("manifest", "create", "imagegate-multi")
    for name in (buildah_image, "localhost/imagegate-arm"):
        buildah.run("manifest", "add", "imagegate-multi", f"containers-storage:{name}")
    reference = f"oci:{tmp_path}/multi:app"
    buildah.run("manifest", "push", "--quiet", "--all", "imagegate-multi", reference)

    def of(architecture: str) -> Inventory:
        return take_inventory(open_image(reference, INTEREST, Options(platform=Platform("linux", architecture))))

    same(of("amd64"), root)
    assert sorted(f"{package.name} {package.version}" for package in of("arm64").packages) == installed(root.lower)
    assert [item.kind for item in of("s390x").evidence if item.found == "fail"] == ["missing_platform", "no_packages"]


def test_a_real_debian_has_the_packages_that_dpkg_finds(docker: Docker, bootstrapped: Path, tmp_path: Path) -> None:
    import tarfile

    docker.run("import", "--platform=linux/amd64", bootstrapped, "imagegate-test:debian")
    with tarfile.open(bootstrapped) as archive:
        names = [name for name in archive.getnames() if name.lstrip("./").startswith("var/lib/dpkg/status")]
        (tmp_path / "var/lib/dpkg").mkdir(parents=True)
        for name in names:
            data = archive.extractfile(name)
            assert data is not None
            with (tmp_path / name.lstrip("./")).open("wb") as out:
                shutil.copyfileobj(data, out)
    expected = installed(tmp_path)
    assert len(expected) > 50
    found = inventory("docker:imagegate-test:debian", DOCKER_HOST=docker.address)
    assert sorted(f"{package.name} {package.version}" for package in found.packages) == expected
    assert [item for item in found.evidence if item.found == "fail"] == []
    source, version = "${source:Package}", "${source:Version}"
    said = passes("dpkg-query", f"--admindir={tmp_path}/var/lib/dpkg", "-W", f"-f=${{Package}} {source} {version}\n")
    assert sorted(f"{package.name} {package.source_name} {package.source_version}" for package in found.packages) == sorted(
        said.splitlines()
    )
