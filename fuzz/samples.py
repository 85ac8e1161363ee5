"""Real samples, those of the tests and some made by code, to begin with."""

# ruff: noqa: E501, PLC0415 (written samples, imports where they are needed)

import gzip
import json
import sqlite3
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory

import zstandard
from tests import images
from tests.advisories import archive, catalogue, record
from tests.cataloger import samples_interpreted
from tests.cataloger.jars import jar, library, manifest
from tests.cataloger.jars import record as maven
from tests.cataloger.rpms import sample as rpm
from tests.cataloger.test_executable import MADE, elf
from tests.cataloger.test_golang import BLOB, MODULES, PROGRAMS, pointing
from tests.cataloger.test_rust import REAL, program

_TESTS = Path(__file__).parent.parent / "tests"
_LOCKS = _TESTS / "cataloger" / "data" / "locks"

FILES = {
    "etc/os-release": images.DEBIAN_11,
    "var/lib/dpkg/status": images.dpkg(("libc6", "2.31-13"), ("ssl", "1.1", "openssl (1.1)")),
}


def layers() -> list[bytes]:
    """Return archives with everything that a layer may hold."""
    entries = [
        images.folder("usr/lib"), images.symlink("lib", "usr/lib"), images.file("lib/apk/db/installed", images.apk(("busybox", "1.31"))),
        images.hardlink("etc/alpine-release", "usr/lib/x"), images.whiteout("var/lib/dpkg/status"), images.opaque("var/lib"),
        images.file("a/" * 60 + "package.json", "{}"), images.file("app/node_modules/x/package.json", '{"name":"x","version":"1"}'),
        images.symlink("loop", "loop"), images.symlink("up", "../../.."), images.file("app/\u00e9" + "x" * 120, "x"),
    ]  # fmt: skip
    import tarfile

    plain = images.layer(FILES)
    return [plain, *(images.layer(entries, form) for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT)), images.layer([])]


def archives() -> list[bytes]:
    """Return whole images as the tools write them."""
    image = images.Image([images.layer(FILES), images.layer(FILES | {"x": "y"})], labels={"a": "b"})
    forms = [image.docker_members(), image.engine_members(), image.oci_members(), image.oci_members("zstd")]
    plain = [images.layer(members) for members in forms]
    return [*plain, gzip.compress(plain[0], 1), zstandard.compress(plain[2], 1)]


def config() -> list[bytes]:
    """Return the configuration of an image."""
    return [images.Image([images.layer(FILES)], labels={"a": "b"}).config()]


def manifests() -> list[bytes]:
    """Return manifests and indexes."""
    members = images.Image([images.layer(FILES)]).oci_members()
    return [raw for name, raw in members.items() if b"schemaVersion" in raw[:200] or name == "index.json"]


def docker_manifest() -> list[bytes]:
    """Return manifest.json of `docker save`."""
    return [images.Image([images.layer(FILES)]).docker_members()["manifest.json"]]


def compressed() -> list[bytes]:
    """Return streams of gzip and zstd, some of several members."""
    text = b"".join(b"%d " % number for number in range(3000))
    one, two = gzip.compress(text, mtime=0), zstandard.compress(text)
    return [one, one + one, one + bytes(100), gzip.compress(b"", mtime=0), two, two + two, b"\x50\x2a\x4d\x18\4\0\0\0abcd" + two]


def rpms(name: str) -> list[bytes]:
    """Return the real databases of a kind."""
    names = {
        "rpmdb.sqlite": ["rpmdb.sqlite"],
        "Packages.db": ["Packages.db"],
        "Packages": ["Packages", "Packages.big-endian", "Packages.inline"],
    }
    return [rpm(one) for one in names[name]]


def executables() -> list[bytes]:
    """Return programs of every format, with modules and crates."""
    old = [pointing(0x400000, "go1.16", MODULES, width=8, big=False)]
    return [*PROGRAMS.values(), *MADE.values(), program(REAL), program(zlib.compress(b'{"packages":[{"name":"a","version":"1"}]}')),
            elf({".go.buildinfo": BLOB}), *(elf({".go.buildinfo": one}) for one in old)]  # fmt: skip


def jars() -> list[bytes]:
    """Return archives of Java, in each other too."""
    inner = library("org.example", "inner", "1.0", packed=False)
    plain = manifest(Implementation_Version="1.2", Bundle_SymbolicName="org.example.b", Implementation_Vendor_Id="org.example")
    return [
        library("org.apache.logging.log4j", "log4j-core", "2.14.1"), jar({"BOOT-INF/lib/inner-1.0.jar": inner}, packed=False), jar(plain),
        jar({"WEB-INF/lib/a.jar": jar({"b.jar": jar({"c.jar": inner})})}), jar({**maven("a", "b", "1"), **plain}),
        jar({"META-INF/maven/a/b/pom.xml": "<project><parent><version>1</version></parent><version>2</version></project>"}),
        jar({}), b"#!/bin/sh\n" + inner,
    ]  # fmt: skip


def sqlite(*statements: str) -> bytes:
    """Return a database of SQLite."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        connection = sqlite3.connect(path)
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        connection.close()
        return path.read_bytes()


def conan() -> list[bytes]:
    """Return a database of Conan 2."""
    return [sqlite("CREATE TABLE packages (reference text, rrev text)", "INSERT INTO packages VALUES ('zlib/1.2.11', 'a')")]


def interpreted(name: str) -> list[bytes]:
    """Return a sample that a package manager wrote."""
    return [samples_interpreted.sample(name)]


_WRITTEN = {
    "Gemfile.lock": "GEM\n  remote: https://rubygems.org/\n  specs:\n    rack (2.2.3)\n    nokogiri (1.13.8-java)\n\nPLATFORMS\n  ruby\n",
    "composer.lock": '{"packages": [{"name": "a/b", "version": "v1.0"}], "packages-dev": [{"name": "c/d", "version": "1"}]}',
    "Package.resolved": '{"pins": [{"identity": "nio", "kind": "remoteSourceControl", "location": "https://github.com/apple/nio.git", '
                        '"state": {"version": "2.0.0"}}], "version": 2}',
    "packages.lock.json": '{"version": 1, "dependencies": {"net6.0": {"A.B": {"type": "Direct", "resolved": "1.0.0"}}}}',
    "gradle.lockfile": "# x\norg.example:a:1.0=compileClasspath,runtimeClasspath\ncom.example:t:2=testCompileClasspath\nempty=a\n",
    "mix.lock": '%{\n  "plug": {:hex, :plug, "1.10.0", "6508", [:mix], [], "hexpm", "ab"},\n  "x": {:git, "https://x", "y", []},\n}\n',
    "rebar.lock": '{"1.2.0",\n[{<<"cowboy">>,{pkg,<<"cowboy">>,<<"2.9.0">>},0}]}.\n[\n{pkg_hash,[\n {<<"cowboy">>, <<"x">>}]}\n].\n',
    "pubspec.lock": 'packages:\n  args:\n    dependency: "direct main"\n    source: hosted\n    version: "2.3.1"\nsdks:\n  dart: ">=2.0"\n',
    "renv.lock": '{"R": {"Version": "4.2"}, "Packages": {"R6": {"Package": "R6", "Version": "2.5.1", "Source": "Repository"}}}',
    "stack.yaml.lock": "packages:\n- completed:\n    hackage: acme-missiles-0.3@sha256:2ba6,613\nsnapshots:\n- original: x\n",
    "cabal.project.freeze": "active-repositories: hackage.haskell.org:merge\nconstraints: any.aeson ==2.1.2.1,\n  any.base ==4.17\n",
    "plan.json": '{"install-plan": [{"type": "configured", "style": "global", "pkg-name": "aeson", "pkg-version": "2.1"}]}',
    "poetry.lock": '[[package]]\nname = "a"\nversion = "1.0"\ncategory = "main"\n[metadata]\nlock-version = "2.0"\n',
    "pdm.lock": '[[package]]\nname = "a"\nversion = "1.0"\ngroups = ["default"]\n[metadata]\nlock_version = "4.4"\n',
    "gems.locked": "GEM\n  specs:\n    rack (2.2.3)\n",
    "npm-shrinkwrap.json": '{"dependencies": {"a": {"version": "1.0", "dependencies": {"b": {"version": "npm:c@1"}}}}}',
}  # fmt: skip
_OF = {"package-lock.json": "npm", "yarn.lock": "yarn", "pnpm-lock.yaml": "pnpm", "go.mod": "go.mod"}


def locks(name: str) -> list[bytes]:
    """Return lock files of that name."""
    found = [
        path.read_bytes() for path in sorted(_LOCKS.iterdir()) if path.name == name or path.name.startswith(_OF.get(name, "/"))
    ]
    return found + ([_WRITTEN[name].encode()] if name in _WRITTEN else [])


def boms() -> list[bytes]:
    """Return bills of materials of every form."""
    real = [path.read_bytes() for path in sorted((_TESTS / "source" / "data").glob("*.json"))]
    xml = (
        b'<bom xmlns="http://cyclonedx.org/schema/bom/1.5"><metadata><component type="container"><name>x</name></component></metadata>'
        b'<components><component type="library"><name>a</name><version>1</version><purl>pkg:npm/a@1</purl><properties><property name="x">y'
        b"</property></properties></component></components></bom>"
    )
    tags = (
        b"SPDXVersion: SPDX-2.3\nDocumentName: x\n\nPackageName: a\nSPDXID: SPDXRef-a\nPackageVersion: 1\n"
        b"ExternalRef: PACKAGE-MANAGER purl pkg:npm/a@1\nPackageComment: <text>x\ny</text>\n"
    )
    small = b'{"bomFormat":"CycloneDX","specVersion":"1.5","components":[{"type":"library","name":"a","version":"1","purl":"pkg:npm/a@1"}]}'
    import base64

    statement = json.dumps({"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://cyclonedx.org/bom",
                            "subject": [{"digest": {"sha256": "0" * 64}}], "predicate": json.loads(small)})  # fmt: skip
    envelope = json.dumps(
        {"payloadType": "application/vnd.in-toto+json", "payload": base64.b64encode(statement.encode()).decode()}
    )
    return [small, xml, tags, statement.encode(), envelope.encode(), *real]


def osv() -> list[bytes]:
    """Return records of OSV."""
    more = {
        "aliases": ["CVE-2021-1"], "related": ["CVE-2021-2"], "upstream": ["CVE-2021-3"], "withdrawn": "2022-01-01T00:00:00Z",
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}, {"type": "Ubuntu", "score": "high"},
                     {"type": "CVSS_V4", "score": "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"},
                     {"type": "CVSS_V2", "score": "AV:N/AC:L/Au:N/C:P/I:P/A:P"}],
        "references": [{"type": "ADVISORY", "url": "https://example.org/x"}], "database_specific": {"severity": "HIGH"},
    }  # fmt: skip
    plain = record("GHSA-1", "npm", "a", "1.2")
    return [json.dumps(plain).encode(), json.dumps(record("CVE-2021-1", "Debian:11", "a", "1.2-1", **more)).encode()]


def zips() -> list[bytes]:
    """Return archives of records."""
    return [archive([json.loads(one) for one in osv()]), archive([b"[", *osv()])]


def exploited() -> list[bytes]:
    """Return a catalogue as CISA writes it."""
    return [catalogue(["CVE-2021-1", "CVE-2021-2"])]


def versions(name: str) -> list[bytes]:
    """Return pairs of versions."""
    path = next((_TESTS / "version" / "data").glob(f"{name}.tsv"), None)
    lines = path.read_text().splitlines()[:200] if path else ["1.0-1\t<\t1:2.0~rc1-0.1", "1.2_alpha3-r1\t<\t1.2.0a_p1-r2"]
    return [line.encode() for line in lines if "\t" in line]
