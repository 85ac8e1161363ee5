"""What `inspect` writes, `check sbom:` judges as the image itself."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from imagegate.matcher.ecosystem import fewest_of_type
from tests.advisories import build_store, padding, record
from tests.cataloger.jars import jar, library
from tests.cataloger.rpms import ROCKY, SQLITE, header, sqlite
from tests.cataloger.test_executable import elf
from tests.cataloger.test_golang import inline
from tests.cli.process import imagegate, result
from tests.cli.test_sbom import CRITICAL, DEBIAN_12, POLICY
from tests.images import Image, apk, dpkg, layer

ALPINE = 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.22.1\nPRETTY_NAME="Alpine Linux v3.22"\n'
MODULES = "path\texample.com/app\nmod\texample.com/app\t(devel)\t\ndep\tgithub.com/Azure/go-ntlmssp\tv0.1.0\th1:x=\n"
LANGUAGES: dict[str, str | bytes] = {
    "app/node_modules/@scope/name/package.json": '{"name": "@scope/name", "version": "1.0.0"}',
    "app/node_modules/a/node_modules/@scope/name/package.json": '{"name": "@scope/name", "version": "1.0.0"}',
    "usr/lib/python3.12/site-packages/Zope.Interface-5.0.dist-info/METADATA": "Name: Zope.Interface\nVersion: 5.0\n\n",
    "app/app.jar": jar({"BOOT-INF/lib/core-1.0.jar": library("org.example", "core", "1.0")}),
    "app/tool": elf({".go.buildinfo": inline("go1.21.5", MODULES)}) + bytes(200_000),
}
IMAGES: dict[str, list[dict[str, str | bytes]]] = {
    "debian": [
        {"etc/os-release": DEBIAN_12, "var/lib/dpkg/status": dpkg(("libc6", "2.36-9", "glibc"))},
        {
            "var/lib/dpkg/status": dpkg(
                ("libc6", "2.36-9", "glibc"),
                ("bsdutils", "1:2.38.1-5", "util-linux (2.38.1-5)"),
                ("libstdc++6", "12.2.0-14+b1", "gcc-12 (12.2.0-14)"),
            ),
            **LANGUAGES,
        },
    ],
    "alpine": [
        {
            "etc/os-release": ALPINE,
            "lib/apk/db/installed": apk(("ssl_client", "1.37.0-r1", "busybox"), ("libcurl", "8.9.0-r0", "curl")),
        }
    ],
    "rocky": [
        {
            "etc/os-release": ROCKY,
            SQLITE: sqlite(
                header("openssl-libs", "3.0.7", "1.el9", 1, t1022="x86_64", t1044="openssl-3.0.7-1.el9.src.rpm"),
                header("bash", "5.1.8", "6.el9", t1022="x86_64", t1044="bash-5.1.8-6.el9.src.rpm"),
            ),
        }
    ],
}
EXPECTED = {
    "debian": {
        "glibc",
        "util-linux",
        "gcc-12",
        "@scope/name",
        "zope-interface",
        "org.example:core",
        "github.com/Azure/go-ntlmssp",
        "stdlib",
    },
    "alpine": {"busybox", "curl"},
    "rocky": {"openssl-libs", "bash"},
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store and a policy."""
    folder = tmp_path_factory.mktemp("home")
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def bad(ecosystem: str, name: str, fixed: str | None = None) -> dict[str, Any]:
        return record(f"OF:{name}", ecosystem, name, fixed, severity=CRITICAL, modified=now)

    records = {
        "Debian": [bad("Debian:12", "glibc", "2.36-10"), bad("Debian:12", "util-linux", "2.38.1-6"), bad("Debian:12", "gcc-12")],
        "Alpine": [bad("Alpine:v3.22", "busybox", "1.37.0-r2"), bad("Alpine:v3.22", "curl", "8.9.1-r0")],
        "Rocky Linux": [bad("Rocky Linux:9", "openssl-libs", "1:3.0.7-2.el9"), bad("Rocky Linux:9", "bash", "0:5.1.8-7.el9")],
        "npm": [bad("npm", "@scope/name", "1.0.1")],
        "PyPI": [bad("PyPI", "zope-interface", "5.1")],
        "Maven": [bad("Maven", "org.example:core", "1.1")],
        "Go": [bad("Go", "github.com/Azure/go-ntlmssp", "0.1.1"), bad("Go", "stdlib", "1.21.6")],
    }
    for ecosystem in ("Debian:12", "Alpine:v3.22"):
        records[ecosystem.partition(":")[0]] += padding(ecosystem)
    records["Rocky Linux"] += padding("Rocky Linux:9", 3000)
    for ecosystem, kind in (("npm", "npm"), ("PyPI", "pypi"), ("Maven", "maven"), ("Go", "golang")):
        records[ecosystem] += padding(ecosystem, fewest_of_type(kind))
    build_store(folder / "store.db", records, exploited=["CVE-2024-9"])
    (folder / "policy.yaml").write_text(POLICY)
    return folder


def checked(home: Path, folder: Path, reference: str) -> tuple[int, dict[str, Any]]:
    report = folder / "result.json"
    arguments = ("--db", home / "store.db", "-p", home / "policy.yaml", "--offline", "--no-cache")
    done = imagegate("check", reference, *arguments, "-r", f"json={report}")
    return done.code, result(report)


def inspected(folder: Path, reference: str) -> list[str]:
    forms = {"cyclonedx": folder / "a.cdx.json", "spdx": folder / "a.spdx.json"}
    done = imagegate("inspect", reference, "--no-cache", *(word for form in forms for word in ("-r", f"{form}={forms[form]}")))
    assert done.code == 0, done.text
    return [f"sbom:{path}" for path in forms.values()]


def packages(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [{key: package[key] for key in package if key != "basis"} for package in found["packages"]]


@pytest.mark.parametrize("name", IMAGES)
def test_documents_of_ours_lead_to_the_findings_of_the_image(home: Path, tmp_path: Path, name: str) -> None:
    image = f"docker-archive:{Image([layer(files) for files in IMAGES[name]]).docker_archive(tmp_path / 'a.tar')}"
    code, of_image = checked(home, tmp_path, image)
    assert code == 10
    assert {finding["id"].removeprefix("OF:") for finding in of_image["findings"]} == EXPECTED[name]
    for document in inspected(tmp_path, image):
        code, of_document = checked(home, tmp_path, document)
        assert code == 10
        assert of_document["findings"] == of_image["findings"]
        assert packages(of_document) == packages(of_image)
        assert of_document["distribution"] == of_image["distribution"]
        assert of_document["verdict"] == of_image["verdict"]
        for key in ("id", "digest", "platform"):
            assert of_document["image"][key] == of_image["image"][key]
        assert len(of_document["image"]["layers"]) == len(of_image["image"]["layers"])
        assert [item for item in of_document["evidence"] if item["status"] == "fail"] == []


def test_what_could_not_be_seen_in_the_image_is_not_clean_in_its_documents(home: Path, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"etc/os-release": DEBIAN_12, "var/lib/dpkg/status": dpkg(("zlib1g", "1:1", "zlib"))}
    damaged = {**files, "app/app.jar": library("org.example", "core", "1.1")[:-30]}
    for content, code in ((files, 0), (damaged, 4)):
        image = f"docker-archive:{Image([layer(content)]).docker_archive(tmp_path / 'a.tar')}"
        assert checked(home, tmp_path, image)[0] == code
        for document in inspected(tmp_path, image):
            found = checked(home, tmp_path, document)
            assert found[0] == code, found[1]["evidence"]
            assert ("is not complete" in json.dumps(found[1]["evidence"])) == bool(code)


def test_an_image_without_packages_has_documents_without_packages(home: Path, tmp_path: Path) -> None:
    image = f"docker-archive:{Image([layer({'app/main': 'static'})]).docker_archive(tmp_path / 'a.tar')}"
    for document in inspected(tmp_path, image):
        code, found = checked(home, tmp_path, document)
        assert code == 4
        assert "no_packages" in {item["kind"] for item in found["evidence"] if item["status"] == "fail"}
