"""A real registry of Docker's: open, with passwords, and with TLS of its own authority; filled by skopeo."""

import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagegate.cataloger.collect import INTEREST, take_inventory
from imagegate.errors import SourceError
from imagegate.model.image import OpenImage, Platform
from imagegate.source.opening import Options, open_image
from tests.ci.tools import environment, missing, passes, require
from tests.cli.conftest import clean, home, store, vulnerable  # noqa: F401
from tests.cli.process import imagegate, result
from tests.images import DEBIAN_11, Image, dpkg, layer

# bcrypt of "s3cret-pass", as htpasswd writes it.
HTPASSWD = "me:$2y$05$abcdefghijklmnopqrstuuV7fpPozvyqJfnY19y0802WTlXUm6Rjy"
USER = {"IMAGEGATE_REGISTRY_USERNAME": "me", "IMAGEGATE_REGISTRY_PASSWORD": "s3cret-pass"}
BASE = layer({"etc/os-release": DEBIAN_11, "var/lib/dpkg/status": dpkg(("libc6", "2.31-13+deb11u4", "glibc"))})
SECOND = layer({"var/lib/dpkg/status": dpkg(("libc6", "2.31-13+deb11u5", "glibc"), ("zlib1g", "1:1.2.11.dfsg-2", "zlib"))})


class Registry:
    """A docker-registry on a free port; `credentials` are those that skopeo pushes with."""

    def __init__(self, folder: Path, settings: str = "", tls: str = "", credentials: str = "") -> None:
        program = require("docker-registry")
        self.credentials, self.ca = credentials, str(folder / "ca.pem") if tls else ""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.host = f"127.0.0.1:{port}"
        config = folder / "config.yml"
        config.write_text(
            f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {folder}/data}}}}\n"
            f"http: {{addr: '{self.host}'{tls}}}\n{settings}"
        )
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen([program, "serve", config], stdout=log, stderr=log, env=environment())
        end = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    self.stop()
                    missing(f"docker-registry does not start here: {(folder / 'log').read_text(errors='replace')[-500:]}")
                time.sleep(0.05)

    def push(self, source: Path, name: str, *options: str) -> str:
        """Copy an OCI layout into the registry and return the digest that skopeo finds there."""
        skopeo = require("skopeo")
        login = [f"--dest-creds={self.credentials}"] if self.credentials else []
        target = f"docker://{self.host}/{name}"
        passes(
            skopeo, "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", *login, *options, f"oci:{source}", target
        )
        login = [f"--creds={self.credentials}"] if self.credentials else []
        return passes(skopeo, "inspect", "--tls-verify=false", *login, "--format={{.Digest}}", target).strip()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Image([BASE, SECOND]).oci(tmp_path_factory.mktemp("image"))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    registry = Registry(tmp_path_factory.mktemp("plain"))
    yield registry
    registry.stop()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "htpasswd").write_text(f"{HTPASSWD}\n")
    settings = f"auth: {{htpasswd: {{realm: test, path: {folder}/htpasswd}}}}\n"
    registry = Registry(folder, settings, credentials="me:s3cret-pass")
    yield registry
    registry.stop()


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    folder = tmp_path_factory.mktemp("encrypted")
    openssl = require("openssl")
    subject = ("-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1")
    kind = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    passes(openssl, "req", "-x509", *kind, *subject, "-keyout", folder / "key.pem", "-out", folder / "ca.pem")
    registry = Registry(folder, tls=f", tls: {{certificate: {folder}/ca.pem, key: {folder}/key.pem}}")
    yield registry
    registry.stop()


def pull(reference: str, architecture: str = "amd64", insecure: bool = False, **env: str) -> OpenImage:
    options = Options(platform=Platform("linux", architecture), env=env, registry_insecure=insecure)
    return open_image(f"registry:{reference}", INTEREST, options)


def fails(reference: str, **env: str) -> str:
    with pytest.raises(SourceError) as caught:
        pull(reference, "amd64", False, **env)
    return f"{caught.value.message} | {caught.value.hint}"


def same(found: OpenImage, digest: str) -> None:
    inventory = take_inventory(found)
    assert sorted((package.name, package.locations[0].layer) for package in inventory.packages) == [("libc6", 1), ("zlib1g", 1)]
    assert [item for item in inventory.evidence if item.found == "fail"] == []
    assert (found.image.source, found.image.digest) == ("registry", digest)


@pytest.mark.parametrize("options", [(), ("--format=v2s2",), ("--format=oci", "--dest-compress-format=zstd")])
def test_what_skopeo_pushed_is_read_by_tag_and_digest(plain: Registry, image: Path, options: tuple[str, ...]) -> None:
    digest = plain.push(image, "team/app:1", *options)
    same(pull(f"{plain.host}/team/app:1"), digest)
    same(pull(f"{plain.host}/team/app@{digest}"), digest)
    assert "has no image team/app 2" in fails(f"{plain.host}/team/app:2")
    assert "has no image team/none" in fails(f"{plain.host}/team/none:1")


def test_the_platform_is_chosen_from_an_index(plain: Registry, tmp_path: Path) -> None:
    from tests.source.test_oci import several

    source = several(tmp_path / "several")
    plain.push(source, "team/several:1", "--all")
    for architecture in ("amd64", "arm64"):
        found = pull(f"{plain.host}/team/several:1", architecture)
        same_here = open_image(f"oci:{source}", INTEREST, Options(platform=Platform("linux", architecture)))
        assert found.image.digest == same_here.image.digest


def test_a_registry_with_passwords_wants_the_right_one(guarded: Registry, image: Path) -> None:
    digest = guarded.push(image, "team/app:1")
    same(pull(f"{guarded.host}/team/app:1", "amd64", False, **USER), digest)
    assert "no credentials found" in fails(f"{guarded.host}/team/app:1")
    wrong = fails(f"{guarded.host}/team/app:1", IMAGEGATE_REGISTRY_USERNAME="me", IMAGEGATE_REGISTRY_PASSWORD="wr0ng")
    assert "credentials used: IMAGEGATE_REGISTRY_USERNAME" in wrong
    assert "wr0ng" not in wrong


def test_what_skopeo_logged_in_with_is_used(guarded: Registry, image: Path, tmp_path: Path) -> None:
    digest = guarded.push(image, "team/app:1")
    file = tmp_path / "auth.json"
    login = ("login", "--tls-verify=false", f"--authfile={file}", "--username=me", "--password=s3cret-pass")
    passes(require("skopeo"), *login, guarded.host)
    same(pull(f"{guarded.host}/team/app:1", REGISTRY_AUTH_FILE=str(file)), digest)
    (tmp_path / "config.json").write_bytes(file.read_bytes())
    same(pull(f"{guarded.host}/team/app:1", DOCKER_CONFIG=str(tmp_path)), digest)


def test_a_certificate_is_believed_only_with_its_authority(encrypted: Registry, image: Path) -> None:
    digest = encrypted.push(image, "team/app:1")
    same(pull(f"{encrypted.host}/team/app:1", REQUESTS_CA_BUNDLE=encrypted.ca), digest)
    assert "its certificate is not trusted" in fails(f"{encrypted.host}/team/app:1")
    assert "REQUESTS_CA_BUNDLE cannot be read" in fails(f"{encrypted.host}/team/app:1", REQUESTS_CA_BUNDLE="/nonexistent")


def test_plain_http_elsewhere_has_to_be_allowed(plain: Registry, encrypted: Registry, image: Path) -> None:
    digest = plain.push(image, "team/app:1")
    elsewhere = plain.host.replace("127.0.0.1", "0.0.0.0")  # reaches this machine, but is no loopback address
    assert "--registry-insecure" in fails(f"{elsewhere}/team/app:1")
    same(pull(f"{elsewhere}/team/app:1", insecure=True), digest)
    said = encrypted.host.replace("127.0.0.1", "0.0.0.0")
    with pytest.raises(SourceError, match="its certificate is not trusted"):  # plain HTTP is no way around a certificate
        pull(f"{said}/team/app:1", insecure=True)


def test_the_command_line_checks_an_image_of_a_registry_and_keeps_the_password_to_itself(
    guarded: Registry,
    image: Path,
    store: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    digest = guarded.push(image, "team/app:1")
    report = tmp_path / "gate.json"
    arguments = ("check", f"registry:{guarded.host}/team/app:1", "--db", store, "--platform", "linux/amd64", "-v")
    done = imagegate(*arguments, "-r", f"json={report}", env=USER)
    assert done.code in (0, 4, 10), done.text
    assert (result(report)["image"]["source"], result(report)["image"]["digest"]) == ("registry", digest)
    assert "s3cret-pass" not in done.text + report.read_text()
    wrong = imagegate(*arguments, "-r", f"json={report}", env=USER | {"IMAGEGATE_REGISTRY_PASSWORD": "wr0ng"})
    assert wrong.code == 3
    assert "wr0ng" not in wrong.text + report.read_text()
    insecure = {"IMAGEGATE_REGISTRY_INSECURE": "1"}
    elsewhere = f"registry:{guarded.host.replace('127.0.0.1', '0.0.0.0')}/team/app:1"
    assert imagegate("check", elsewhere, "--db", store, env=USER).code == 3
    assert imagegate("check", elsewhere, "--db", store, env=USER | insecure).code == done.code
