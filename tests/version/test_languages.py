"""The orders of language packages in the cases where scanners go wrong."""

import pytest

from imagegate.version import is_readable, is_valid, order_of
from imagegate.version.ranges import Event, affecting, fixes


@pytest.mark.parametrize(
    ("ecosystem", "earlier", "later"),
    [
        ("PyPI", "0.14.0rc1", "0.14.0"),
        ("PyPI", "1.0", "1.0+x"),
        ("PyPI", "0.0.0-DEVELOPMENT", "0.0.1.dev1"),  # no version at all: before all others
        ("npm", "3.11.0-0", "3.11.0-beta"),
        ("npm", "2.0.0-rc2", "2.0.0"),
        ("npm", "1.2.3beta", "1.2.3"),  # not quite a version: a pre-release
        ("npm", "1." + "9" * 5000 + ".0", "1.1" + "0" * 5000 + ".0"),
        ("Go", "v0.0.0-20210616213533-5ff15b29337e", "0.0.0-20211202192323-5770296d904e"),
        ("Go", "v2.6.0-rc.1.0.20170321120000-abcdef012345+incompatible", "2.7.0-rc.0+incompatible"),
        ("Go", "go1.21rc2", "1.21.0"),
        ("Go", "1.21rc2", "go1.21.0"),
        ("Go", "1.15.0-0", "go1.15rc1"),
        ("Go", "1.14.9", "1.15.0-0"),
        ("Go", "go1.9", "go1.21.3 X:boringcrypto"),
        ("Bitnami", "1.2.3-9", "1.2.3-10"),
        ("Bitnami", "1.2.3", "1.2.3-1"),
        ("Bitnami", "2.6.0-rc7", "2.6.0-0"),
        ("Bitnami", "3.6.5", "3.6.5-8-g210218"),
        ("Pub", "1.0.0", "1.0.0+0.3.7"),  # the list of pub_semver's own test
        ("Pub", "1.0.0-rc.1", "1.0.0-rc.1+build.1"),
        ("Pub", "1.0.0-rc.1+build.1", "1.0.0"),
        ("Pub", "1.3.7+build", "1.3.7+build.2.b8f12d7"),
        ("Pub", "1.3.7+build.2.b8f12d7", "1.3.7+build.11.e0f985a"),
        ("Julia", "4.3.0", "4.3.0+0"),
        ("Julia", "4.3.0+0", "4.3.0+1"),
        ("RubyGems", "6.1.3.a", "6.1.3"),
        ("RubyGems", "6.1.3.a", "6.2.1.1"),
        ("RubyGems", "1.18.8", "1.18.9-x86_64-linux-gnu"),
        ("Maven", "9.1.0.M0", "9.1.0"),
        ("Maven", "1.6.1", "1.6.1-hudson-3"),
        ("Maven", "24.1.1-android", "24.1.1-jre"),
        ("Maven", "2.9.0", "2.9.0.pr1"),
        ("Maven", "r06", "10.0"),  # guava's first releases
        ("Maven", "r06", "r09"),
        ("Packagist", "v3.4.0rc2", "3.4.0"),
        ("Packagist", "2.4.5", "2.4.5-p8"),
        ("Packagist", "1.9.9", "1.x-dev"),
        ("Packagist", "dev-main", "0.0.1"),
        ("NuGet", "1.0.0-alpha", "1.0.0-Beta"),
        ("NuGet", "1.0.0", "1.0.0.1"),
        ("Hackage", "1.2", "1.2.0"),
        ("CRAN", "1.2-9", "1.2.10"),
        ("ConanCenter", "1.1.1", "1.1.1k"),
        ("ConanCenter", "1.1.1w", "1.1.2"),
        ("Rocky Linux:9", "1:1.0~rc1-1.el9", "1:1.0-1.el9"),
        ("Rocky Linux:9", "1.0-1.el9", "1.0^git1-1.el9"),
        ("AlmaLinux:8", "9.0-1.module_el8.5.0+9+ab", "9.0-1.module_el8.6.0+2+ab"),
        ("Red Hat", "99-1", "1:1-1"),
    ],
)
def test_the_order_in_hard_cases(ecosystem: str, earlier: str, later: str) -> None:
    compare = order_of(ecosystem)
    assert compare(earlier, later) < 0 < compare(later, earlier)


@pytest.mark.parametrize(
    ("ecosystem", "left", "right"),
    [
        ("PyPI", "1.0", "1.0.0"),
        ("PyPI", "1.0-ALPHA1", "v1.0a1"),
        ("npm", "v1.2.3", "1.2.3+build"),
        ("Go", "v2.0.0+incompatible", "2.0.0"),
        ("Go", "go1.14", "1.14.0"),
        ("Go", "go1.21.3-vendor", "1.21.3"),
        ("Go", "go1.21rc2", "1.21.0-rc.2"),
        ("Bitnami", "1.21.0-0", "1.21.0"),
        ("RubyGems", "1.18.9-x86_64-linux-gnu", "1.18.9"),
        ("RubyGems", "1.13.8-java", "1.13.8"),
        ("Maven", "4.1.48.Final", "4.1.48"),
        ("Maven", "5.2.13.RELEASE", "5.2.13"),
        ("Packagist", "v1.2", "1.2.0.0"),
        ("NuGet", "1.0.0-RC.1+a", "1.0-rc.1"),
        ("Rocky Linux", "0:1.0-1", "1.0-1"),
        ("Rocky Linux", "1.0", "1.0-5.el9"),  # a record without a release speaks of every build
    ],
)
def test_different_spellings_of_one_version_are_equal(ecosystem: str, left: str, right: str) -> None:
    assert order_of(ecosystem)(left, right) == 0 == order_of(ecosystem)(right, left)


@pytest.mark.parametrize(
    ("ecosystem", "version"),
    [
        ("PyPI", "0.0.0-DEVELOPMENT"),
        ("PyPI", "9" * 5000),
        ("PyPI", "1.0\u0663"),
        ("npm", "latest"),
        ("npm", "1.0.0 || 2"),
        ("Go", "(devel)"),
        ("Go", ""),
        ("RubyGems", "1.0_1"),
        ("Maven", "${project.version}"),
        ("Maven", ""),
        ("Packagist", "dev-main"),
        ("NuGet", "1.0.0.0.1"),
        ("Hackage", "1.0a"),
        ("Rocky Linux", "x:1.0-1"),
        ("Rocky Linux", "-"),
        ("ConanCenter", "[>1.0]"),
    ],
)
def test_what_has_no_place_in_the_order_is_not_readable(ecosystem: str, version: str) -> None:
    assert not is_readable(order_of(ecosystem), version)
    assert not is_valid(order_of(ecosystem), version)


def affected(ecosystem: str, version: str, *events: Event) -> bool:
    return bool(affecting(version, [events], order_of(ecosystem)))


def test_unsorted_events_that_touch_are_two_intervals() -> None:  # mixin-deep, apache-iotdb
    events = [("introduced", "0"), ("introduced", "2.0.0"), ("fixed", "2.0.1"), ("fixed", "1.3.2")]
    answers = [affected("npm", version, *events) for version in ("1.3.1", "1.3.2", "1.9.0", "2.0.0", "2.0.1")]
    assert answers == [True, False, False, True, False]
    touching = [("introduced", "0.13.0"), ("fixed", "0.14.0rc1"), ("introduced", "0.12.2"), ("fixed", "0.13.0")]
    answers = [affected("PyPI", version, *touching) for version in ("0.12.1", "0.12.2", "0.13.1", "0.14.0rc1")]
    assert answers == [False, True, True, False]


def test_an_interval_whose_ends_are_spelt_differently_is_empty() -> None:
    events = [("introduced", "1.0"), ("fixed", "1.0.0")]
    assert [affected("PyPI", version, *events) for version in ("0.9", "1.0", "1.1")] == [False, False, False]


def test_bounds_from_the_first_prerelease_hold_for_the_standard_library() -> None:
    events = [("introduced", "0"), ("fixed", "1.14.15"), ("introduced", "1.15.0-0"), ("fixed", "1.15.8")]
    answers = [affected("Go", version, *events) for version in ("go1.14.14", "go1.14.15", "go1.15rc1", "go1.15", "1.15.8")]
    assert answers == [True, False, True, True, False]
    assert fixes("go1.15rc1", events, order_of("Go")) == "1.15.8"


def test_the_last_affected_version_is_affected_and_its_vendor_build_is_not() -> None:
    events = [("introduced", "0"), ("last_affected", "1.6.1")]
    answers = [affected("Maven", version, *events) for version in ("1.6.1", "1.6.1.Final", "1.6.1-hudson-3")]
    assert answers == [True, True, False]
    assert affected("Rocky Linux", "1.0-5.el9", ("introduced", "0"), ("last_affected", "1.0"))  # every build of it
