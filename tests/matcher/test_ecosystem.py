"""Which ecosystems are asked for a distribution, and which builds of a module are compared."""

import pytest

from imagegate.matcher.ecosystem import (
    base_of,
    ecosystem_of_type,
    ecosystems_of,
    fewest_of_type,
    fewest_records,
    is_subscribed,
    subscription_ecosystems_of,
)
from imagegate.matcher.streams import other_stream, rebuilds, stream_mismatch
from imagegate.model.inventory import Distribution
from imagegate.model.releases import FAMILIES
from imagegate.version import order_of

RED_HAT = (
    "Red Hat:enterprise_linux:9::baseos",
    "Red Hat:enterprise_linux:9::appstream",
    "Red Hat:enterprise_linux:9::highavailability",
    "Red Hat:enterprise_linux:8::baseos",
    "Red Hat:enterprise_linux:9.4::baseos",
    "Red Hat:rhel_eus:9.2::baseos",
    "Red Hat:rhel_els:7",
    "Red Hat:rhel_els:9",
    "Red Hat:openshift:4.9::el9",
)
SUSE = (
    "SUSE:Linux Enterprise Server 15 SP5",
    "SUSE:Linux Enterprise Module for Basesystem 15 SP5",
    "SUSE:Linux Enterprise Module for Basesystem 15 SP4",
    "SUSE:Linux Enterprise Server 15 SP5-LTSS",
    "SUSE:Linux Enterprise High Performance Computing 15 SP5-ESPOS",
    "SUSE:Linux Enterprise Server 15",
    "SUSE:Linux Enterprise Server LTSS Extended Security 12 SP5",
)


@pytest.mark.parametrize(
    ("identity", "version", "pretty", "expected"),
    [
        ("rocky", "9", "", ("Rocky Linux:9",)),
        ("almalinux", "8", "", ("AlmaLinux:8",)),
        ("opensuse-leap", "15.5", "", ("openSUSE:Leap 15.5",)),
        ("opensuse-tumbleweed", "", "", ("openSUSE:Tumbleweed",)),
        ("openeuler", "22.03", "openEuler 22.03 (LTS-SP3)", ("openEuler:22.03-LTS-SP3",)),
        ("openeuler", "22.03", "openEuler 22.03 LTS", ("openEuler:22.03-LTS",)),
        ("openeuler", "23.09", "openEuler 23.09", ("openEuler:23.09",)),
        ("openeuler", "22.03", "openEuler Embedded 22.03", ()),
        ("mageia", "9", "", ("Mageia:9",)),
        ("photon", "4.0", "", ("Photon OS:4.0",)),
        ("azurelinux", "3", "", ("Azure Linux:3",)),
        ("mariner", "2", "", ("Azure Linux:2",)),
        ("sles", "15.5", "", ("SUSE:Linux Enterprise Server 15 SP5",)),
        ("sles", "15", "", ("SUSE:Linux Enterprise Server 15",)),
        ("sles", "16.0", "", ("SUSE:Linux Enterprise Server 16.0",)),
        ("ubuntu", "22.04", "", ("Ubuntu:22.04", "Ubuntu:22.04:LTS")),
        ("alpine", "3.24", "Docker Hardened Images/Alpine Linux v3.24", ("Docker Hardened Images:Alpine:3.24",)),
        ("wolfi", "", "Docker Hardened Images/Wolfi", ("Wolfi",)),
        ("fedora", "40", "", ()),
        ("amzn", "2", "", ()),
        ("ol", "9", "", ()),
        ("rocky", "", "", ()),
        ("centos", "9", "CentOS Stream 9", ()),
        ("centos", "8", "CentOS Stream 8", ()),
        ("centos", "10", "", ()),
    ],
)
def test_a_release_has_these_ecosystems(identity: str, version: str, pretty: str, expected: tuple[str, ...]) -> None:
    assert ecosystems_of(Distribution(identity, version, "", pretty)) == expected


def test_packages_that_docker_built_anew_are_judged_by_its_own_records_alone() -> None:
    hardened = Distribution("debian", "13", "trixie", "Docker Hardened Images/Debian GNU/Linux 13 (trixie)")
    assert base_of(hardened) == "Docker Hardened Images"
    names = ecosystems_of(hardened)
    assert names == ("Docker Hardened Images:Debian:13", "Docker Hardened Images:Debian:trixie")
    assert all(order_of(name)("9.7-3+dhi3", "9.7-3") > 0 for name in names)


@pytest.mark.parametrize("identity", FAMILIES)
def test_every_distribution_has_an_order_or_no_ecosystem(identity: str) -> None:
    distribution = Distribution(identity, "9")
    assert fewest_records(distribution) > 0
    for ecosystem in ecosystems_of(distribution):
        assert ecosystem.partition(":")[0] == base_of(distribution)
        order_of(ecosystem)


def test_all_products_of_a_release_of_red_hat_count_and_no_other() -> None:
    found = ecosystems_of(Distribution("rhel", "9"), RED_HAT)
    assert set(found) & {*RED_HAT} == {RED_HAT[0], RED_HAT[1], RED_HAT[2], RED_HAT[4]}
    assert len(found) == len(set(found))
    assert subscription_ecosystems_of(Distribution("rhel", "9"), RED_HAT) == ("Red Hat:rhel_els:9",)
    minors = ("Red Hat:enterprise_linux:10.0", "Red Hat:enterprise_linux:10.2")  # as the records of RHEL 10 say
    assert {*minors} <= {*ecosystems_of(Distribution("rhel", "10"), (*RED_HAT, *minors))}
    assert not {*minors} & {*ecosystems_of(Distribution("rhel", "1"), minors)}
    assert "Red Hat:enterprise_linux:7::baseos" in ecosystems_of(Distribution("centos", "7", "", "CentOS Linux 7 (Core)"))
    assert subscription_ecosystems_of(Distribution("centos", "7"), RED_HAT) == ("Red Hat:rhel_els:7",)
    assert subscription_ecosystems_of(Distribution("centos", "9"), RED_HAT) == ()


def test_all_products_of_a_service_pack_of_suse_count_and_no_other() -> None:
    assert ecosystems_of(Distribution("sles", "15.5"), SUSE) == (SUSE[0], SUSE[1])
    assert ecosystems_of(Distribution("sles", "15"), SUSE) == (SUSE[5],)
    assert set(subscription_ecosystems_of(Distribution("sles", "15.5"), SUSE)) == {SUSE[3], SUSE[4]}
    assert subscription_ecosystems_of(Distribution("sles", "12.5"), SUSE) == (SUSE[6],)


def test_what_ubuntu_sells_is_apart() -> None:
    assert subscription_ecosystems_of(Distribution("ubuntu", "18.04")) == ("Ubuntu:Pro:18.04:LTS", "Ubuntu:Pro:18.04")
    assert subscription_ecosystems_of(Distribution("debian", "12")) == ()
    assert all(is_subscribed(version) for version in ("2.27-3ubuntu1.6+esm1", "1:4.1.48-9ubuntu0.1~esm1"))
    assert not any(is_subscribed(version) for version in ("2.27-3ubuntu1.6", "1.0~esmeralda1"))


@pytest.mark.parametrize("kind", ["npm", "pypi", "gem", "golang", "maven", "composer", "cargo", "nuget", "hex", "pub", "conan"])
def test_languages_have_an_ecosystem(kind: str) -> None:
    assert ecosystem_of_type(kind)
    assert fewest_of_type(kind) > 0
    assert ecosystem_of_type("deb") is None


@pytest.mark.parametrize(
    ("installed", "bound", "expected"),
    [
        ("1.0-1.module_el8.6.0+2750+78feabcb", "1.0-2.module+el8.8.0+18745+f1bef313", False),
        ("1.0-1.module_el8.6.0+2750+78feabcb", "1.0-2.el8", True),
        ("1:1.0-1.el8", "1:1.0-2.module_el8.6.0+2750+78feabcb", True),
        ("1.0-1.el8", "1.0-2.el8", False),
        ("1.0-1.module_f31+1", "0", False),
        ("1.0-1.modules.el8", "1.0-2.el8", False),
    ],
)
def test_a_modules_build_is_only_compared_with_a_modules_build(installed: str, bound: str, expected: bool) -> None:
    assert stream_mismatch(installed, bound) is expected


def test_of_rebuilds_for_later_minor_releases_the_first_one_has_the_fix() -> None:
    # ALBA-2019:0973, oci-systemd-hook
    builds = [f"1:0.1.15-2.git2d0b8a3.module_el8.{minor}.0+{build}" for minor, build in ((3, "1+a"), (4, "2+b"), (5, "3+c"))]
    compare = order_of("AlmaLinux:8")
    assert rebuilds(builds, compare) == {builds[1], builds[2]}
    # ALEA-2022:0352, runc: another epoch is another version
    two = ["1.0.3-1.module_el8.5.0+2613+1b78b731", "1:1.0.3-1.module_el8.6.0+2877+8e437bf5"]
    assert rebuilds(two, compare) == set()
    assert rebuilds(["1.0-1.el8", "1.0-2.el8"], compare) == set()


@pytest.mark.parametrize(
    ("label", "title", "expected"),
    [
        ("nodejs:16:8060020230302:ad008a3a", "Important: nodejs:18 security update", True),
        ("nodejs:16:8060020230302:ad008a3a", "Important: nodejs:16 security update", False),
        ("nodejs:16:8060020230302:ad008a3a", "nodejs:14 and nodejs:16 security update", False),
        ("nodejs:16:8060020230302:ad008a3a", "nodejs security update", False),
        ("ruby:2.7:1:2", "jruby:9 update", False),
        ("virt%3Arhel%3A8060020230302%3Aad008a3a", "virt:av and virt-devel:av update", True),
        ("", "nodejs:18 security update", False),
    ],
)
def test_a_record_of_another_stream_is_told_by_its_title(label: str, title: str, expected: bool) -> None:
    assert other_stream(f"pkg:rpm/a/b@1?arch=x&rpmmod={label}" if label else "pkg:rpm/a/b@1", title) is expected
