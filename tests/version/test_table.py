"""Which ecosystem has which order, by the names of the OSV schema, and that an order is imported only when asked for."""

import subprocess
import sys

import pytest

from imagegate.version import is_readable, is_valid, order_of


@pytest.mark.parametrize(
    ("ecosystem", "file"),
    [
        ("Debian:12", "dpkg"),
        ("Ubuntu:22.04:LTS", "dpkg"),
        ("Ubuntu:Pro:18.04:LTS", "dpkg"),
        ("Echo", "dpkg"),
        ("Alpine:v3.19", "apk"),
        ("Wolfi", "apk"),
        ("MinimOS", "apk"),
        ("BellSoft Hardened Containers:23", "apk"),
        ("Rocky Linux:9", "rpm"),
        ("Red Hat:enterprise_linux:9::baseos", "rpm"),
        ("openSUSE:Leap 15.6", "rpm"),
        ("SUSE:Linux Enterprise Server 15 SP5", "rpm"),
        ("Azure Linux:3", "rpm"),
        ("Photon OS:5.0", "rpm"),
        ("Packagist:https://packages.drupal.org/8", "composer"),
        ("Maven:https://maven.google.com", "maven"),
        ("PyPI", "pypi"),
        ("npm", "semver"),
        ("crates.io", "semver"),
        ("GitHub Actions", "semver"),
        ("Go", "go"),
        ("Kubernetes", "go"),
        ("Pub", "builds"),
        ("Julia", "builds"),
        ("NuGet", "nuget"),
        ("RubyGems", "gem"),
        ("Hackage", "numeric"),
        ("GHC", "numeric"),
        ("CRAN", "numeric"),
        ("Bioconductor", "numeric"),
        ("ConanCenter", "conan"),
        ("Bitnami", "bitnami"),
        ("TuxCare:Alpine:v3.16", "apk"),
        ("Docker Hardened Images:Debian:trixie", "dpkg"),
        ("Root:PyPI", "pypi"),
        ("Echo:npm", "builds"),
        ("Echo:Maven", "maven"),
    ],
)
def test_the_ecosystem_has_the_order_of_its_package_manager(ecosystem: str, file: str) -> None:
    assert order_of(ecosystem).__module__ == f"imagegate.version.{file}"
    assert order_of(ecosystem) is order_of(ecosystem)
    assert is_valid(order_of(ecosystem), "1.0.0")
    assert is_readable(order_of(ecosystem), "1.0.0")


@pytest.mark.parametrize(
    "ecosystem", ["", "Android", "Linux", "OSS-Fuzz", "Root", "TuxCare:TuxCare:npm", "debian", "keys", "GIT"]
)
def test_an_ecosystem_without_an_order_is_a_key_error(ecosystem: str) -> None:
    with pytest.raises(KeyError):
        order_of(ecosystem)


def test_a_check_of_a_debian_image_imports_no_other_order() -> None:
    code = "import sys; from imagegate.version import order_of; order_of('Debian:12'); print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    ours = {name for name in modules if name.startswith("imagegate.version.")}
    assert ours == {"imagegate.version.keys", "imagegate.version.dpkg"}
    assert "packaging" not in modules
