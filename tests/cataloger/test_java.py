"""Coordinates of Java archives, and of those in them."""

import pytest
from packageurl import PackageURL

from imagegate.cataloger.java import Java
from tests.cataloger.contents import known
from tests.cataloger.jars import CODE, jar, library, manifest, placed, record, seen


def test_the_record_of_maven_is_the_truth() -> None:
    found = seen("app/lib/log4j-core-9.9.jar", library("org.apache.logging.log4j", "log4j-core", "2.14.1"))
    assert placed(found) == [("org.apache.logging.log4j:log4j-core", "2.14.1", "", "installed")]
    assert found.problems == []
    (package,) = found.packages
    assert package.type == "maven"
    assert package.purl == "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1"
    assert PackageURL.from_string(package.purl).to_string() == package.purl


def test_a_shaded_jar_is_all_that_it_holds_a_record_of() -> None:
    data = jar({**CODE, **record("g", "all", "1"), **record("com.google.guava", "guava", "30.0-jre"), **record("a", "b", "2")})
    assert known(seen("all-1.jar", data)) == [("a:b", "2"), ("com.google.guava:guava", "30.0-jre"), ("g:all", "1")]


@pytest.mark.parametrize("packed", [True, False])
def test_the_libraries_of_an_application_are_seen_where_they_lie(packed: bool) -> None:
    web = jar({"WEB-INF/lib/b-1.jar": library("g", "b", "1"), "index.html": b""}, packed=packed)
    boot = jar(
        {
            **manifest(Start_Class="a.B", Spring_Boot_Version="2.7.18", Main_Class="org.springframework.boot.loader.JarLauncher"),
            "org/springframework/boot/loader/JarLauncher.class": b"x",
            "BOOT-INF/lib/a-1.jar": library("g", "a", "1", packed=packed),
            "BOOT-INF/lib/web.war": web,
        },
        packed=packed,
    )
    found = seen("app/app.jar", boot)
    assert placed(found) == [
        ("g:a", "1", "BOOT-INF/lib/a-1.jar", "installed"),
        ("g:b", "1", "BOOT-INF/lib/web.war!/WEB-INF/lib/b-1.jar", "installed"),
    ]
    assert found.problems == []


@pytest.mark.parametrize("ending", ["jar", "war", "ear", "par", "sar", "nar", "hpi", "jpi", "lpkg", "kar"])
def test_archives_of_every_kind_are_looked_at(ending: str) -> None:
    assert Java().wants(f"app/x.{ending}")
    assert known(seen(f"app/x.{ending}", jar({"lib/a-1.jar": library("g", "a", "1")}))) == [("g:a", "1")]


def test_a_script_before_the_archive_does_not_hide_it() -> None:
    data = b"#!/bin/bash\nexec java -jar $0\n" + jar({"BOOT-INF/lib/a-1.jar": library("g", "a", "1", packed=False)}, packed=False)
    assert known(seen("app.jar", data)) == [("g:a", "1")]


def test_a_comment_that_looks_like_an_end_does_not_hide_the_archive() -> None:
    data = library("g", "a", "1")
    comment = b"PK\5\6" + bytes(18)
    assert known(seen("a-1.jar", data[:-2] + len(comment).to_bytes(2, "little") + comment)) == [("g:a", "1")]


def test_an_unpacked_archive_is_known_by_its_record() -> None:
    path = "app/META-INF/maven/g/a/pom.properties"
    (text,) = record("g", "a", "1").values()
    assert known(seen(path, str(text).encode())) == [("g:a", "1")]
    assert not Java().wants("src/pom.properties")


def test_a_project_file_without_properties_beside_it_names_its_version() -> None:
    text = """<project><!-- <version>9</version> --><parent><groupId>g</groupId><version>7</version></parent>
      <artifactId>a</artifactId>%s<dependencies><dependency><version>8</version></dependency></dependencies></project>"""
    for own, version in (("<version> 1.2 </version>", "1.2"), ("", "7")):
        data = jar({**CODE, "META-INF/maven/g/a/pom.xml": text % own})
        assert placed(seen("x.jar", data)) == [("g:a", version, "", "guessed")]


@pytest.mark.parametrize(
    ("group", "artifact", "version"), [("g", "a", ""), ("g", "a", "${project.version}"), ("${g}", "a", "1"), ("g", "a b", "1")]
)
def test_a_record_without_a_version_or_with_placeholders_is_unreadable(group: str, artifact: str, version: str) -> None:
    found = seen("x.jar", jar({**CODE, **record(group, artifact, version)}))
    assert found.problems[0][0] == "fail"
    assert "cannot be read" in found.problems[0][1]
    assert not any(one.basis == "installed" for one in found.packages)


def test_a_damaged_record_costs_only_itself() -> None:
    data = bytearray(jar({**record("g", "a", "1"), **record("g", "b", "1")}, packed=True))
    at = data.index(b"META-INF/maven/g/a/pom.properties") + 33
    data[at : at + 8] = b"\xff" * 8
    found = seen("x.jar", bytes(data))
    assert known(found) == [("g:b", "1")]
    assert found.problems[0][0] == "fail"


def test_a_plugin_of_jenkins_is_named_by_its_manifest() -> None:
    said = manifest(Group_Id="org.jenkins-ci.plugins", Short_Name="mercurial", Plugin_Version="2.8 (private-x)")
    found = seen("plugins/mercurial.jpi", jar({**said, "WEB-INF/lib/a-1.jar": library("g", "a", "1")}))
    assert placed(found) == [
        ("g:a", "1", "WEB-INF/lib/a-1.jar", "installed"),
        ("org.jenkins-ci.plugins:mercurial", "2.8", "", "installed"),
    ]


def test_the_java_runtime_is_no_package_of_maven() -> None:
    said = manifest(Specification_Title="Java Platform API Specification", Implementation_Version="17.0.15")
    for name in ("jrt-fs.jar", "rt.jar"):
        found = seen(f"usr/lib/jvm/java/lib/{name}", jar({**CODE, **said}))
        assert (found.packages, found.problems) == ([], [])


@pytest.mark.parametrize("name", ["a-1.0-sources.jar", "a-1.0-javadoc.jar"])
def test_sources_and_documentation_are_not_code(name: str) -> None:
    found = seen(name, jar({"a/A.java": "", **CODE}))
    assert (found.packages, found.problems) == ([], [])


def test_one_library_twice_in_one_place_is_one_package() -> None:
    data = jar({**record("g", "a", "1"), "x/META-INF/maven/g/a/pom.properties": "groupId=g\nartifactId=a\nversion=1\n"})
    assert len(seen("a-1.jar", data).packages) == 1


def test_names_are_made_harmless() -> None:
    found = seen("x.jar", jar({"META-INF/maven/g/a/pom.properties": "groupId=g\x1b\nartifactId=a\nversion=1\u202e\n"}))
    assert known(found) == [("g\\u001b:a", "1\\u202e")]
