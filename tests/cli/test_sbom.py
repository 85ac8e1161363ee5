"""`check sbom:FILE` from end to end: documents of real tools, every exit code, every report."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema  # type: ignore[import-untyped]
import pytest

from tests.advisories import build_store, padding, record
from tests.cli.process import Run, imagegate, result
from tests.images import DEBIAN_11, Image, dpkg, layer
from tests.source.sboms import DATA, data

DEBIAN_12 = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nID=debian\n'
POLICY = "version: 1\nextends: [recommended]\nevidence: {end_of_life: warn}\n"  # the tests outlive every release
SYFT = ("syft.json", "syft.cdx.json", "syft.spdx.json")
# What those documents list, as dpkg's own database has it.
OF_SYFT = dpkg(
    ("bsdutils", "1:2.38.1-5+deb12u3", "util-linux (2.38.1-5+deb12u3)"),
    ("e2fsprogs", "1.47.0-2+b2", "e2fsprogs (1.47.0-2)"),
    ("libacl1", "2.3.1-3", "acl"),
    ("libc6", "2.36-9+deb12u14", "glibc"),
    ("libstdc++6", "12.2.0-14+deb12u1", "gcc-12"),
    ("zlib1g", "1:1.2.13.dfsg-1", "zlib"),
)
OF_TRIVY = dpkg(("libssl1.1", "1.1.1k-1", "openssl"), ("openssl", "1.1.1k-1"), ("sed", "4.7-1"), ("bash", "5.1-2+deb11u1"))
CRITICAL = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]


@pytest.fixture(scope="module")
def bills(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of today, a policy, and an image for each maker's document."""
    folder = tmp_path_factory.mktemp("bills")
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    facts = {"severity": CRITICAL, "modified": now}
    records = {
        "Debian": [
            record("CVE-2025-1", "Debian:12", "glibc", "2.36-9+deb12u99", **facts),
            record("CVE-2025-2", "Debian:12", "util-linux", "2.38.1-6", **facts),  # below the binary's epoch
            record("CVE-2025-3", "Debian:12", "e2fsprogs", "1.47.0-2", **facts),  # the binary's own version is above
            record("CVE-2025-4", "Debian:12", "zlib", "1:1.2.13.dfsg-1", **facts),  # fixed
            record("CVE-2025-5", "Debian:12", "gcc-12", None, **facts),
            record("CVE-2025-6", "Debian:11", "openssl", "1.1.1n-0+deb11u3", **facts),
            *padding("Debian:11"),
            *padding("Debian:12"),
        ],
        "npm": [record("GHSA-1", "npm", "lodash", "4.17.21", **facts), *(_many("npm"))],
    }
    build_store(folder / "store.db", records, exploited=["CVE-2024-9"])
    (folder / "policy.yaml").write_text(POLICY)
    for name, release, status in (("syft.tar", DEBIAN_12, OF_SYFT), ("trivy.tar", DEBIAN_11, OF_TRIVY)):
        image = Image([layer({"etc/os-release": release, "var/lib/dpkg/status": status})])
        image.docker_archive(folder / name)
    return folder


def _many(ecosystem: str) -> Iterable[dict[str, Any]]:
    return (record(f"PAD-{ecosystem}-{number}", ecosystem, f"nobody-has-{number}", "0.1") for number in range(6000))


def check(bills: Path, document: str | Path, *more: str | Path) -> Run:
    return imagegate("check", document, "--db", bills / "store.db", "-p", bills / "policy.yaml", "--offline", *more)


def judged(bills: Path, folder: Path, document: str | Path, code: int, *more: str) -> dict[str, Any]:
    """Check, hold the result against its schema, and return it."""
    report = folder / "result.json"
    done = check(bills, document, "-r", f"json={report}", *more)
    assert done.code == code, done.text
    found = result(report)
    jsonschema.validate(found, json.loads(files("imagegate").joinpath("report/result.schema.json").read_text()))
    return found


def findings(found: dict[str, Any]) -> list[tuple[object, ...]]:
    packages = {(package["purl"]): package for package in found["packages"]}
    return sorted(
        (one["id"], package["name"], package["version"], one["severity"], one["status"], one["fixed_in"], one["rules"])
        for one in found["findings"]
        for package in [packages[one["package"]]]
    )


def failing(found: dict[str, Any]) -> dict[str, str]:
    return {item["kind"]: item["detail"] for item in found["evidence"] if item["status"] == "fail"}


def written(folder: Path, *purls: str, **facts: Any) -> str:
    parts = [{"type": "library", "name": purl.partition("@")[0].rpartition("/")[2], "purl": purl} for purl in purls]
    document = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": parts, **facts}
    (folder / "a.cdx.json").write_text(json.dumps(document))
    return f"sbom:{folder}/a.cdx.json"


@pytest.mark.parametrize(("name", "image"), [*((name, "syft.tar") for name in SYFT), ("trivy.cdx.json", "trivy.tar")])
def test_documents_of_real_tools_give_the_findings_of_the_image(bills: Path, tmp_path: Path, name: str, image: str) -> None:
    of_image = findings(judged(bills, tmp_path, f"docker-archive:{bills / image}", 10))
    of_document = judged(bills, tmp_path, f"sbom:{DATA / name}", 10)
    assert findings(of_document) == of_image
    assert {one[0] for one in of_image} == ({"CVE-2025-6"} if "trivy" in name else {"CVE-2025-1", "CVE-2025-2", "CVE-2025-5"})
    assert failing(of_document) == {}
    assert "nobody looked into the image" in str(of_document["evidence"])


def test_a_stored_result_of_a_document_is_judged_to_the_same_verdict(bills: Path, tmp_path: Path) -> None:
    first = judged(bills, tmp_path, f"sbom:{DATA}/syft.spdx.json", 10)
    stored = tmp_path / "stored.json"
    (tmp_path / "result.json").rename(stored)
    done = imagegate("evaluate", stored, "-p", bills / "policy.yaml", "-r", f"json={tmp_path / 'again.json'}")
    again = result(tmp_path / "again.json")
    assert done.code == 10
    for key in ("verdict", "image", "packages", "distribution"):
        assert again[key] == first[key], key
    assert findings(again) == findings(first)


def test_0_where_nothing_is_vulnerable_and_everything_was_told(bills: Path, tmp_path: Path) -> None:
    found = judged(bills, tmp_path, written(tmp_path, "pkg:npm/lodash@4.17.21"), 0)
    assert (found["image"]["id"], found["image"]["digest"], found["image"]["platform"]) == ("", None, "")
    purl = "pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1?distro=debian-12&upstream=zlib"
    assert judged(bills, tmp_path, written(tmp_path, purl), 0)["distribution"]["version"] == "12"


def test_language_packages_alone_need_no_distribution(bills: Path, tmp_path: Path) -> None:
    found = judged(bills, tmp_path, written(tmp_path, "pkg:npm/lodash@4.17.20"), 10)
    assert found["distribution"] is None
    assert [one[:2] for one in findings(found)] == [("GHSA-1", "lodash")]


def test_4_without_a_distribution_and_one_may_be_given(bills: Path, tmp_path: Path) -> None:
    document = written(tmp_path, "pkg:deb/libssl1.1@1.1.1k-1?upstream=openssl")
    assert "unknown_distro" in failing(judged(bills, tmp_path, document, 4))
    found = judged(bills, tmp_path, document, 10, "--distro", "debian:11")
    assert [one[0] for one in findings(found)] == ["CVE-2025-6"]
    assert "uncovered" in failing(judged(bills, tmp_path, document, 4, "--distro", "debian:10"))
    done = check(bills, document, "--distro", "debian")
    assert (done.code, "such as debian:11" in done.err) == (2, True)


def test_4_for_a_contradiction(bills: Path, tmp_path: Path) -> None:
    found = judged(bills, tmp_path, f"sbom:{DATA}/syft.cdx.json", 4, "--distro", "debian:11")
    assert "debian 11 and debian 12.15" in failing(found)["unknown_distro"]
    rpm = written(tmp_path, "pkg:rpm/redhat/bash@5.1-1.el9", components=[])
    system = {"type": "operating-system", "name": "debian", "version": "12"}
    rpm = written(tmp_path, components=[system, {"type": "library", "name": "bash", "purl": "pkg:rpm/redhat/bash@5.1-1.el9"}])
    assert "unknown_distro" in failing(judged(bills, tmp_path, rpm, 4))


@pytest.mark.parametrize(
    ("purls", "kind", "detail"),
    [
        ([], "no_packages", "the document lists no package"),
        (["pkg:swift/github.com/apple/swift-nio@2.0.0", "pkg:npm/a@1"], "uncovered", "holds nothing for SwiftURL"),
        (["pkg:huggingface/gpt2@1", "pkg:npm/a@1"], "uncovered", "1 packages of type huggingface"),
        (["pkg:rpm/almalinux/bash@5.1-1.el9?distro=almalinux-9.4"], "uncovered", "holds nothing for almalinux 9"),
        (["pkg:npm/a@1", "pkg:npm/b"], "unreadable", "a package without a version"),
        (["pkg:npm/a@1", "no purl"], "unreadable", "a package URL cannot be read"),
    ],
)
def test_4_for_what_cannot_be_judged(bills: Path, tmp_path: Path, purls: list[str], kind: str, detail: str) -> None:
    assert detail in failing(judged(bills, tmp_path, written(tmp_path, *purls), 4))[kind]


def test_3_for_what_cannot_be_read(bills: Path, tmp_path: Path) -> None:
    whole = data("syft.cdx.json")
    for name, content in (
        ("cut.json", whole[:-100]),
        ("empty.json", b""),
        ("page.json", b"<html><p>login</html>"),
        ("zip", b"PK\3\4"),
    ):
        (tmp_path / name).write_bytes(content)
        done = check(bills, f"sbom:{tmp_path / name}", "-r", f"json={tmp_path / 'r'}", "-r", "junit")
        assert (done.code, f"{name}: " in done.err, "hint: " in done.err) == (3, True, True), done.text
        assert result(tmp_path / "r")["verdict"]["exit_code"] == 3
        assert int(ElementTree.fromstring(done.out).get("errors", "0")) == 1
    for name in ("", "none.json"):
        assert check(bills, f"sbom:{tmp_path}/{name}").code == 3


def test_2_for_an_empty_name(bills: Path) -> None:
    assert check(bills, "sbom:").code == 2


def test_people_and_servers_read_what_a_document_said(bills: Path, tmp_path: Path) -> None:
    junit, sarif = tmp_path / "junit.xml", tmp_path / "sarif.json"
    done = check(bills, f"sbom:{DATA}/syft.spdx.json", "-r", f"junit={junit}", "-r", f"sarif={sarif}", "-r", "console")
    assert done.code == 10
    assert f"FAIL  sbom:{DATA}/syft.spdx.json (exit 10)" in done.out
    assert "libc6 2.36-9+deb12u14: upgrade to 2.36-9+deb12u99 (source glibc)" in done.out
    assert "layer 0 (the SBOM does not say which)" in done.out
    assert "this is what syft-[not provided] says in SPDX 2.3 JSON" in " ".join(done.out.split())
    failed = {case.get("name") for case in ElementTree.parse(junit).iter("testcase") if case.find("failure") is not None}
    assert failed == {
        f"CVE-2025-{one}"
        for one in ("1 in libc6 2.36-9+deb12u14", "2 in bsdutils 1:2.38.1-5+deb12u3", "5 in libstdc++6 12.2.0-14+deb12u1")
    }
    assert "where:    var/lib/dpkg/status, layer 0 (the SBOM does not say which)" in junit.read_text()
    run = json.loads(sarif.read_text())["runs"][0]
    places = {one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in run["results"]}
    assert places == {"var/lib/dpkg/status"}
    assert "backend: nobody looked into the image" in str(run["invocations"])
