"""Python distributions and conda packages, against what pip, setuptools and conda write."""

import importlib.metadata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagegate.cataloger.python import Python
from tests.cataloger.contents import known, look
from tests.cataloger.samples_interpreted import BROKEN_JSON, WRONG, canonical, failed, fields, sample

SITE = "usr/lib/python3/dist-packages/"
METADATA = SITE + "zope.interface-7.2.dist-info/METADATA"
CONDA = "opt/conda/conda-meta/openssl-3.0.13-h7f8727e_0.json"


@pytest.mark.parametrize(
    ("path", "name", "package"),
    [
        (METADATA, "zope.METADATA", ("zope-interface", "7.2")),
        ("src/src/My.Tool.egg-info/PKG-INFO", "editable.PKG-INFO", ("my-tool", "0.4.dev1")),
        ("usr/lib/python2.7/wsgiref.egg-info", "wsgiref.egg-info", ("wsgiref", "0.1.2")),
        ("lib/zope.interface-7.2-py3.7.egg/EGG-INFO/PKG-INFO", "zope.METADATA", ("zope-interface", "7.2")),
    ],
)
def test_what_an_installer_leaves_is_seen(path: str, name: str, package: tuple[str, str]) -> None:
    seen = look(Python(), path, sample(name))
    assert known(seen) == [package]
    assert canonical(seen) == [f"pkg:pypi/{package[0]}@{package[1]}"]
    assert seen.packages[0].basis == "installed"
    assert not seen.problems


def test_everything_installed_here_is_seen_as_the_standard_library_sees_it() -> None:
    count = 0
    for distribution in importlib.metadata.distributions():
        metadata = Path(str(distribution.locate_file(""))) / Path(getattr(distribution, "_path", "")).name / "METADATA"
        if not metadata.is_file():
            continue
        count += 1
        seen = look(Python(), str(metadata).lstrip("/"), metadata.read_bytes())
        name = distribution.metadata["Name"].lower().replace("_", "-").replace(".", "-")
        assert known(seen) == [(name, distribution.version)]
        assert not seen.problems
        canonical(seen)
    assert count > 10


@pytest.mark.parametrize(
    "path",
    [
        "src/PKG-INFO",
        "usr/lib/METADATA",
        "x/METADATA",
        SITE + "a-1.dist-info/RECORD",
        SITE + "a-1.dist-info/x/METADATA",
        "usr/lib/python3.11/ensurepip/_bundled/pip-24.0-py3-none-any.whl",
        "app/package.json",
        "opt/conda/pkgs/openssl-3.0.13-h7f8727e_0/info/index.json",
        "opt/conda/conda-meta/history",
    ],
)
def test_other_files_are_not_wanted(path: str) -> None:
    assert not Python().wants(path)


def test_a_package_of_conda_is_seen_without_its_channel() -> None:
    seen = look(Python(), CONDA, sample("openssl.conda.json"))
    assert known(seen) == [("openssl", "3.0.13")]
    assert canonical(seen) == ["pkg:conda/openssl@3.0.13?build=h7f8727e_0&subdir=linux-64"]
    assert "secret" not in repr(seen)


@pytest.mark.parametrize(
    ("path", "package"),
    [
        ("lib/example-21.12-py3.6.egg", ("example", "21.12")),
        ("lib/zope.interface-5.0-py3.8-linux-x86_64.egg", ("zope-interface", "5.0")),
    ],
)
def test_a_zipped_egg_is_known_by_its_name(path: str, package: tuple[str, str]) -> None:
    seen = look(Python(), path, b"PK\x03\x04")
    assert known(seen) == [package]
    assert [one.basis for one in seen.packages] == ["guessed"]


def test_an_egg_without_a_version_in_its_name_is_reported() -> None:
    assert failed(look(Python(), "lib/example.egg", b"PK\x03\x04"))


@pytest.mark.parametrize(
    "data",
    [
        "Metadata-Version: 2.1\r\nName: Zope_.interface\r\nVersion: 7.2\r\n\r\ntext",
        "Metadata-Version: 2.1\rName: zope.interface\rVersion: 7.2\r\rtext",
        "\ufeffName: zope.interface\nVersion: 7.2\n",
        "NAME:zope.interface\nversion :\t7.2  \nname: other\nVersion: 8",
        b"Author: \xff\xfe\x00\nName: zope.interface\nVersion: 7.2",
        "License: a\n  Name: indented\n  Version: 0\nName: zope.interface\nVersion: 7.2\n",
        "Description: " + "x" * 500_000 + "\nName: zope.interface\nVersion: 7.2\n",
        b"Name: zope.interface\nVersion: 7.2\n\n" + b"x" * (50 << 20),
    ],
    ids=["line ends", "old line ends", "byte order mark", "spelling", "not UTF-8", "folded", "long header", "50 MB"],
)
def test_headers_are_read_leniently(data: str | bytes) -> None:
    seen = look(Python(), METADATA, data)
    assert known(seen) == [("zope-interface", "7.2")]
    assert not seen.problems


@pytest.mark.parametrize(
    "data",
    [b"", b"\0" * 100, "Name: zope.interface\n", "Version: 7.2\n", "Name:\nVersion:\n", "\nName: a\nVersion: 1\n"],
    ids=["nothing", "zeros", "no version", "no name", "empty ones", "no headers"],
)
def test_what_the_metadata_do_not_say_is_taken_from_the_name_of_the_folder(data: str | bytes) -> None:
    seen = look(Python(), METADATA, data)
    assert [(one.name, one.version, one.basis) for one in seen.packages] == [("zope-interface", "7.2", "guessed")]
    assert seen.problems
    assert not failed(seen)


@pytest.mark.parametrize("folder", ["src/a.egg-info/PKG-INFO", "src/.egg-info", "src/a-b-c-d.dist-info/METADATA"])
def test_without_a_version_anywhere_it_is_reported(folder: str) -> None:
    seen = look(Python(), folder if Python().wants(folder) else "a.egg-info", "Name: a\n")
    assert failed(seen)
    assert not seen.packages


def test_a_project_whose_name_the_build_lost_is_reported() -> None:
    assert failed(look(Python(), SITE + "UNKNOWN-0.0.0.dist-info/METADATA", "Name: UNKNOWN\nVersion: 0.0.0\n"))


@pytest.mark.parametrize("data", ["Name: other\nVersion: 7.2\n", "Name: zope.interface\nVersion: 99\n"])
def test_metadata_that_are_not_those_of_the_folder_are_seen_and_doubted(data: str) -> None:
    seen = look(Python(), METADATA, data)
    assert len(seen.packages) == 1
    assert seen.problems
    assert not failed(seen)


@pytest.mark.parametrize(
    ("folder", "name", "version"),
    [
        ("foo_bar-1.0+local.1.dist-info", "foo.bar", "1.0+local.1"),
        ("foo_bar-1.0_rc1.egg-info", "foo-bar", "1.0-rc1"),
        ("PyJWT-2.6.0.egg-info", "PyJWT", "2.6.0"),
        ("python_apt-2.6.0.egg-info", "python-apt", "2.6.0"),
    ],
)
def test_folders_that_spell_it_otherwise_are_the_same(folder: str, name: str, version: str) -> None:
    end = "/METADATA" if folder.endswith(".dist-info") else "/PKG-INFO"
    assert not look(Python(), SITE + folder + end, f"Name: {name}\nVersion: {version}\n").problems


@pytest.mark.parametrize("wrong", ["a b", "../x", "a\x1b[2J", "а", "a" * 5000, "-", "a/b", "a\u2028b"], ids=ascii)
def test_a_name_that_is_none_is_reported(wrong: str) -> None:
    seen = look(Python(), METADATA, f"Name: {wrong}\nVersion: 1\n")
    assert failed(seen)
    assert not seen.packages


@pytest.mark.parametrize("data", BROKEN_JSON.values(), ids=BROKEN_JSON)
def test_a_broken_file_of_conda_is_reported(data: bytes) -> None:
    seen = look(Python(), CONDA, data)
    assert failed(seen)
    assert not seen.packages


@pytest.mark.parametrize("wrong", WRONG, ids=ascii)
def test_names_versions_and_builds_of_conda_that_are_none_do_no_harm(wrong: object) -> None:
    assert failed(look(Python(), CONDA, fields(name=wrong, version="1")))
    assert failed(look(Python(), CONDA, fields(name="a", version=wrong)))
    assert canonical(look(Python(), CONDA, fields(name="a", version="1", build=wrong, subdir=wrong))) == ["pkg:conda/a@1"]


def test_long_lines_are_read_in_one_go() -> None:
    for data in (b"Name: a" + b" " * 1_000_000 + b"b", b"name" + b" " * 1_000_000, b"name:\n" * 150_000, b":" * 1_000_000):
        look(Python(), METADATA, data)
    look(Python(), "a" + "-1" * 2000 + ".dist-info/METADATA", b"")
    look(Python(), "a" + ".egg" * 1000 + "/" + "x.dist-info" * 300 + ".egg-info", b"")


@given(st.binary(), st.sampled_from([METADATA, "a.egg-info", "a.egg", CONDA]))
def test_any_bytes_give_an_answer(data: bytes, path: str) -> None:
    seen = look(Python(), path, data)
    assert seen.packages or failed(seen)


@given(st.text(max_size=12), st.text(max_size=12))
def test_any_name_and_version_is_a_canonical_package_url_or_reported(name: str, version: str) -> None:
    seen = look(Python(), "x/a.egg-info/PKG-INFO", f"Name: {name}\nVersion: {version}\n")
    assert canonical(seen) or failed(seen)
