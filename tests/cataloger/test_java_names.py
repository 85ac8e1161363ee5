"""Names of archives in which Maven left no record; manifests are those of the published files, shortened."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagegate.cataloger.javaname import guess, manifest, split
from tests.cataloger.jars import CODE, jar, placed, record, seen
from tests.cataloger.jars import manifest as made

# file, a folder in it, manifest, group and artifact on Maven Central, version
PUBLISHED = [
    (
        "spring-core-5.3.20.jar",
        "org/springframework/core",
        {"Automatic_Module_Name": "spring.core"},
        "org.springframework:spring-core",
    ),
    ("spring-boot-2.6.3.jar", "org/springframework/boot", {}, "org.springframework.boot:spring-boot"),
    (
        "spring-security-core-5.6.0.jar",
        "org/springframework/security/core",
        {},
        "org.springframework.security:spring-security-core",
    ),
    (
        "tomcat-embed-core-9.0.50.jar",
        "org/apache/catalina",
        {"Bundle_SymbolicName": "org.apache.tomcat-embed-core"},
        "org.apache.tomcat.embed:tomcat-embed-core",
    ),
    (
        "hibernate-core-5.4.20.Final.jar",
        "org/hibernate",
        {"Implementation_Vendor_Id": "org.hibernate"},
        "org.hibernate:hibernate-core",
    ),
    ("mysql-connector-java-8.0.28.jar", "com/mysql/cj", {"Implementation_Vendor_Id": "com.mysql"}, "mysql:mysql-connector-java"),
    ("mysql-connector-j-8.0.33.jar", "com/mysql/cj", {}, "com.mysql:mysql-connector-j"),
    ("bcprov-jdk15on-1.60.jar", "org/bouncycastle/asn1", {"Bundle_SymbolicName": "bcprov"}, "org.bouncycastle:bcprov-jdk15on"),
    ("h2-1.4.200.jar", "org/h2", {"Bundle_SymbolicName": "com.h2database"}, "com.h2database:h2"),
    ("okhttp-4.9.0.jar", "okhttp3", {"Automatic_Module_Name": "okhttp3"}, "com.squareup.okhttp3:okhttp"),
    ("okhttp-2.7.5.jar", "com/squareup/okhttp", {}, "com.squareup.okhttp:okhttp"),
    (
        "kotlin-stdlib-1.4.0.jar",
        "kotlin",
        {"Implementation_Version": "1.4.0-release-329 (1.4.0)"},
        "org.jetbrains.kotlin:kotlin-stdlib",
    ),
    ("dom4j-1.6.1.jar", "org/dom4j", {"Implementation_Version": "1.6.1"}, "dom4j:dom4j"),
    ("dom4j-2.1.3.jar", "org/dom4j", {}, "org.dom4j:dom4j"),
    ("netty-3.2.10.Final.jar", "org/jboss/netty", {}, "org.jboss.netty:netty"),
    ("guava-31.1-jre.jar", "com/google/common/base", {"Bundle_Version": "31.1.0.jre"}, "com.google.guava:guava"),
    (
        "scala-library-2.12.8.jar",
        "scala",
        {"Bundle_Version": "2.12.8.v20181128-140630-VFINAL-38cd84d"},
        "org.scala-lang:scala-library",
    ),
    (
        "HikariCP-3.4.5.jar",
        "com/zaxxer/hikari",
        {"Bundle_SymbolicName": "com.zaxxer.HikariCP;singleton:=true"},
        "com.zaxxer:HikariCP",
    ),
    ("undertow-core-2.2.0.Final.jar", "io/undertow", {"Implementation_Vendor_Id": "io.undertow"}, "io.undertow:undertow-core"),
]


@pytest.mark.parametrize(("file", "folder", "said", "name"), PUBLISHED, ids=[one[0] for one in PUBLISHED])
def test_a_published_library_without_a_record_is_guessed(file: str, folder: str, said: dict[str, str], name: str) -> None:
    found = seen(f"lib/{file}", jar({**made(**said), f"{folder}/A.class": b""}))
    artifact = name.partition(":")[2]
    assert placed(found) == [(name, file.removeprefix(f"{artifact}-").removesuffix(".jar"), "", "guessed")]
    assert found.problems == []


def test_the_manifest_of_a_library_that_was_put_into_another_is_not_its_own() -> None:
    said = made(Implementation_Vendor_Id="org.example", Implementation_Version="7")
    data = jar({**said, **record("org.example", "inner", "7"), **record("g", "b", "1"), "org/example/A.class": b""})
    assert ("outer", "1.0", "", "guessed") in placed(seen("outer-1.0.jar", data))


def test_a_name_alone_is_no_group() -> None:
    """A file of a library's name without its classes matches nothing, and that is said."""
    found = seen("lib/spring-core-5.3.20.jar", jar(CODE))
    assert placed(found) == [("spring-core", "5.3.20", "", "guessed")]
    assert found.packages[0].purl == "pkg:maven/spring-core@5.3.20"
    assert found.problems == [("warn", "spring-core 5.3.20: its group is not known")]


@pytest.mark.parametrize("vendor", ["org.apache", "com.oracle", "Example Inc.", "org.elsewhere", "x"])
def test_a_vendor_is_no_group_without_classes_of_its_name(vendor: str) -> None:
    found = seen("a-1.0.jar", jar({**made(Implementation_Vendor_Id=vendor), "org/apache/a/A.class": b""}))
    assert placed(found) == [("a", "1.0", "", "guessed")]


def test_tomcat_itself_is_known_by_its_own_jars() -> None:
    said = made(Implementation_Title="Apache Tomcat", Implementation_Version="9.0.50")
    found = seen("usr/local/tomcat/lib/catalina.jar", jar({**said, "org/apache/catalina/A.class": b""}))
    assert placed(found) == [
        ("org.apache.tomcat:tomcat", "9.0.50", "", "guessed"),
        ("org.apache.tomcat:tomcat-catalina", "9.0.50", "", "guessed"),
    ]
    found = seen("usr/local/tomcat/lib/tomcat-coyote.jar", jar({**said, "org/apache/coyote/A.class": b""}))
    assert placed(found) == [("org.apache.tomcat:tomcat-coyote", "9.0.50", "", "guessed")]


def test_a_library_that_holds_records_only_of_others_is_guessed_beside_them() -> None:
    data = jar({**record("com.ongres.scram", "client", "2.1"), "org/postgresql/Driver.class": b""})
    assert placed(seen("postgresql-42.5.0.jar", data)) == [
        ("com.ongres.scram:client", "2.1", "", "installed"),
        ("org.postgresql:postgresql", "42.5.0", "", "guessed"),
    ]


@pytest.mark.parametrize("file", ["app.jar", "service-1.jar", "g.service-1.jar", "bundle.name_1.jar"])
def test_a_renamed_library_is_the_one_it_holds_a_record_of(file: str) -> None:
    found = seen(file, jar({**CODE, **record("g", "service", "1")}))
    assert placed(found) == [("g:service", "1", "", "installed")]
    assert found.problems == []


def test_classes_without_any_version_are_doubtful() -> None:
    assert seen("app.jar", jar(CODE)).problems == [("warn", "its name and version are not known")]


def test_files_without_classes_are_nothing() -> None:
    found = seen("theme-1.0.jar", jar({"theme.css": "", **made(Implementation_Version="1.0")}))
    assert (found.packages, found.problems) == ([], [])


@pytest.mark.parametrize(
    ("stem", "said", "expected"),
    [
        ("a-b-1.2.3", {}, ("a-b", "1.2.3")),
        ("a-1.0-SNAPSHOT", {}, ("a", "1.0-SNAPSHOT")),
        ("a-1.0-beta-2", {}, ("a", "1.0-beta-2")),
        ("script-security-1.6.1-hudson-3", {}, ("script-security", "1.6.1-hudson-3")),
        ("log4j-1.2-api-2.17.0", {}, ("log4j-1.2-api", "2.17.0")),
        ("kafka_2.13-3.4.0", {}, ("kafka_2.13", "3.4.0")),
        ("org.eclipse.osgi_3.18.0.v2022", {}, ("org.eclipse.osgi", "3.18.0.v2022")),
        ("a-1.0-linux-x86_64", {"implementation-version": "1.0"}, ("a", "1.0")),
        ("guava-r06", {"implementation-version": "r06"}, ("guava", "r06")),
        ("a", {"implementation-version": "8.0.0 2ae4746"}, ("a", "8.0.0")),
        ("a", {"implementation-version": "${version}", "bundle-version": "2.0.0"}, ("a", "2.0.0")),
        ("a", {"implementation-version": "unknown"}, ("a", "")),
        ("a", {}, ("a", "")),
    ],
)
def test_the_name_of_a_file_is_an_artifact_and_a_version(stem: str, said: dict[str, str], expected: tuple[str, str]) -> None:
    assert split(stem, said) == expected


def test_only_the_main_section_of_a_manifest_counts_and_long_lines_go_on() -> None:
    said = manifest(b"A: 1\r\nLong-Na\r\n me: x\r\n y\r\nA: 2\r\n\r\nName: org/x/\r\nB: 3\r\n")
    assert said == {"a": "2", "long-name": "xy"}


@given(st.binary(max_size=200))
def test_no_manifest_raises(data: bytes) -> None:
    manifest(data)


@given(
    st.text(max_size=30),
    st.dictionaries(st.sampled_from(["bundle-symbolicname", "implementation-version"]), st.text(max_size=20)),
)
def test_no_name_raises(stem: str, said: dict[str, str]) -> None:
    guess(stem, said, lambda folder: len(folder) > 3)


def test_long_names_take_no_long_time() -> None:
    for stem in ("-" * 60_000, "1-" * 30_000, "a-1" * 20_000, "-a-1" * 15_000, "_1" * 30_000, "1-" * 30_000 + " "):
        guess(stem, {"implementation-version": "1", "bundle-symbolicname": "a." * 30_000}, lambda _: False)
