"""The table of distributions and their last days: what must be true of every row of it, whoever writes the next one."""

from datetime import date

import pytest

from imagegate.model.releases import FAMILIES


@pytest.mark.parametrize("identity", FAMILIES)
def test_releases_are_in_order_and_have_days_that_exist(identity: str) -> None:
    family = FAMILIES[identity]
    numbers = [[*map(int, release.version.split("."))] for release in family.releases]
    assert numbers == sorted(numbers) or identity == "amzn"  # 2018, 2, 2023
    assert len({*map(tuple, numbers)}) == len(numbers)
    # Debian counted 3.0 and 3.1 as two releases, and the first service pack of SUSE's is the second of a release.
    assert all(len(number) == family.parts or identity in ("debian", "sles") for number in numbers)
    days = [release.end for release in family.releases if release.end]
    assert [date.fromisoformat(day).isoformat() for day in days] == days


@pytest.mark.parametrize("identity", FAMILIES)
def test_codenames_are_of_one_release_each(identity: str) -> None:
    codenames = [release.codename for release in FAMILIES[identity].releases if release.codename]
    assert len({*codenames}) == len(codenames)
    assert all(codename.isalpha() and codename.islower() for codename in codenames)


@pytest.mark.parametrize("identity", FAMILIES)
def test_what_is_older_than_the_first_release_has_ended(identity: str) -> None:
    family = FAMILIES[identity]  # the first one's last day is taken for all before it
    assert not family.releases or family.releases[0].end or identity == "azurelinux"


def test_the_releases_of_one_kind_end_one_after_the_other() -> None:
    for identity in ("debian", "alpine", "fedora", "rhel", "rocky", "almalinux", "photon", "mariner"):
        days = [release.end for release in FAMILIES[identity].releases if release.end]
        assert days == sorted(days), identity
