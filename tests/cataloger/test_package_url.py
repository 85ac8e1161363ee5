"""Package URLs against the reference implementation."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packageurl import PackageURL

from imagegate.model.inventory import package_url

VERSIONS = ["1.0", "1:2.3-4+deb11u1", "1.1.1n-0+deb11u5", "2.0~rc1-1", "1.2.3-r0", "3%20", "1/2", "a b", "1@2", "1?x=y#z", "ü"]
NAMES = [
    "libc6",
    "libstdc++6",
    "g++",
    "python3.11",
    "a~b",
    "a_b",
    "linux-image-6.1.0-10-amd64",
    "libX11",
    "a@b",
    "a?b",
    "a b",
    "a%2Fb",
]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["deb", "apk"])
def test_a_package_url_is_the_canonical_one(kind: str, name: str, version: str) -> None:
    qualifiers = {"distro": "debian-11", "arch": "amd64", "empty": ""}
    expected = PackageURL(kind, "debian", name, version, qualifiers).to_string()
    # It lowers the case of an apk name after encoding, which also reaches the digits of the codes.
    expected = re.sub("%..", lambda code: code[0].upper(), expected)
    found = package_url(kind, "debian", name, version, qualifiers)
    assert found == expected
    assert PackageURL.from_string(found).version == version


TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="/"), min_size=1, max_size=8).filter(
    lambda text: text == text.strip()
)


@settings(max_examples=500, deadline=None)
@given(TEXT, TEXT, TEXT)
def test_a_package_url_of_any_text_reads_back(name: str, version: str, value: str) -> None:
    found = PackageURL.from_string(package_url("deb", "debian", name, version, {"arch": value}))
    assert found.name == name
    assert found.version == version
    assert found.qualifiers == {"arch": value}
