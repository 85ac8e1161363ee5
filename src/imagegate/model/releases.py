"""Distributions whose packages can be judged: the database they keep, their releases, codenames and last days.

Where the days come from, and what was read on 2026-11-22:

Debian, Ubuntu: the package distro-info-data 0.58+deb12u7 (debian.csv: the end of LTS, which Debian's advisories cover;
ubuntu.csv: the end of standard support, since ESM updates are not in the archive; of 10.04 that of its servers).
RHEL (the end of maintenance support), CentOS, Rocky, Fedora, openSUSE, Azure Linux and Mariner, Mageia, openEuler: their
products in github.com/endoflife-date/endoflife.date, in states of 2025 and 2026; Fedora's last two days are planned ones.
Alpine: the same up to 3.22; 3.23 and 3.24 from a change of 2026 to pkg/detector/ospkg/alpine/alpine.go of aquasecurity/trivy.
AlmaLinux: the same up to 9; 10 as a table of third parties has it, which is RHEL's day. Oracle: the same up to 9, Premier
Support; it names months, whose last days these are.
SLES: the same up to 15 SP5, general support; SP6 from suse.com/c/sles-15-sp6-ltss-2026-support-gap; SP7 from third parties.
Amazon: docs.aws.amazon.com/linux/al2023 (release cadence), the same for 2; aws.amazon.com/blogs/containers for 2018.
Photon: endoflife.ai/photon, which repeats endoflife.date, as of 2026-05.

A day that is not known for certain is not in the table: that it is unknown is told, and fails nothing. openEuler's LTS end
service pack by service pack, which VERSION_ID does not tell: they have a day here when all of their packs have ended.
Rolling distributions have no release that ends.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Release:
    """`version` as in os-release, cut to what the distribution counts as a release; `end` is the last day, "" unknown."""

    version: str
    codename: str
    end: str


@dataclass(frozen=True, slots=True)
class Family:
    """A distribution: `database` is the type of its packages, `parts` how many parts of a version make a release."""

    database: str
    parts: int
    releases: tuple[Release, ...] = ()


def _table(text: str) -> tuple[Release, ...]:
    rows = (line.split() for line in text.strip().splitlines())
    return tuple(Release(version, *("" if value == "-" else value for value in rest)) for version, *rest in rows)


FAMILIES = {
    "debian": Family(
        "deb",
        1,
        _table("""
            3.0 woody 2006-06-30
            3.1 sarge 2008-03-31
            4 etch 2010-02-15
            5 lenny 2012-02-06
            6 squeeze 2016-02-29
            7 wheezy 2018-05-31
            8 jessie 2020-06-30
            9 stretch 2022-06-30
            10 buster 2024-06-30
            11 bullseye 2026-08-31
            12 bookworm 2028-06-30
            13 trixie 2030-06-30
        """),
    ),
    "ubuntu": Family(
        "deb",
        2,
        _table("""
            10.04 lucid 2015-04-30
            10.10 maverick 2012-04-10
            11.04 natty 2012-10-28
            11.10 oneiric 2013-05-09
            12.04 precise 2017-04-28
            12.10 quantal 2014-05-16
            13.04 raring 2014-01-27
            13.10 saucy 2014-07-17
            14.04 trusty 2019-04-25
            14.10 utopic 2015-07-23
            15.04 vivid 2016-02-04
            15.10 wily 2016-07-28
            16.04 xenial 2021-04-30
            16.10 yakkety 2017-07-20
            17.04 zesty 2018-01-13
            17.10 artful 2018-07-19
            18.04 bionic 2023-05-31
            18.10 cosmic 2019-07-18
            19.04 disco 2020-01-23
            19.10 eoan 2020-07-17
            20.04 focal 2025-05-29
            20.10 groovy 2021-07-22
            21.04 hirsute 2022-01-20
            21.10 impish 2022-07-14
            22.04 jammy 2027-06-01
            22.10 kinetic 2023-07-20
            23.04 lunar 2024-01-25
            23.10 mantic 2024-07-11
            24.04 noble 2029-05-31
            24.10 oracular 2025-07-10
            25.04 plucky 2026-01-15
            25.10 questing 2026-07-09
            26.04 resolute 2031-05-29
            26.10 stonking 2027-07-15
        """),
    ),
    "alpine": Family(
        "apk",
        2,
        _table("""
            3.3 - 2017-11-01
            3.4 - 2018-05-01
            3.5 - 2018-11-01
            3.6 - 2019-05-01
            3.7 - 2019-11-01
            3.8 - 2020-05-01
            3.9 - 2020-11-01
            3.10 - 2021-05-01
            3.11 - 2021-11-01
            3.12 - 2022-05-01
            3.13 - 2022-11-01
            3.14 - 2023-05-01
            3.15 - 2023-11-01
            3.16 - 2024-05-23
            3.17 - 2024-11-22
            3.18 - 2025-05-09
            3.19 - 2025-11-01
            3.20 - 2026-04-01
            3.21 - 2026-11-01
            3.22 - 2027-05-01
            3.23 - 2027-11-01
            3.24 - 2028-06-01
        """),
    ),
    "wolfi": Family("apk", 0),
    "chainguard": Family("apk", 0),
    "alpaquita": Family("apk", 1),
    "bellsoft-hardened-containers": Family("apk", 1),
    "fedora": Family(
        "rpm",
        1,
        _table("""
            36 - 2023-05-16
            37 - 2023-12-05
            38 - 2024-05-21
            39 - 2024-11-26
            40 - 2025-05-13
            41 - 2025-12-15
            42 - 2026-05-27
            43 - 2026-12-09
            44 - 2027-06-02
        """),
    ),
    "rhel": Family(
        "rpm",
        1,
        _table("""
            5 - 2017-03-31
            6 - 2020-11-30
            7 - 2024-06-30
            8 - 2029-05-31
            9 - 2032-05-31
            10 - 2035-05-31
        """),
    ),
    # Of CentOS Linux up to 8, and of CentOS Stream from 9 on; Stream 8 was supported until 2024-05-31.
    "centos": Family(
        "rpm",
        1,
        _table("""
            5 - 2017-03-31
            6 - 2020-11-30
            7 - 2024-06-30
            8 - 2021-12-31
            9 - 2027-05-31
            10 - -
        """),
    ),
    "rocky": Family(
        "rpm",
        1,
        _table("""
            8 - 2029-05-31
            9 - 2032-05-31
            10 - 2035-05-31
        """),
    ),
    "almalinux": Family(
        "rpm",
        1,
        _table("""
            8 - 2029-03-01
            9 - 2032-05-31
            10 - 2035-05-31
        """),
    ),
    "ol": Family(
        "rpm",
        1,
        _table("""
            6 - 2021-03-31
            7 - 2024-12-31
            8 - 2029-07-31
            9 - 2032-06-30
            10 - -
        """),
    ),
    "amzn": Family(
        "rpm",
        1,
        _table("""
            2018 - 2023-06-30
            2 - 2026-06-30
            2023 - 2029-06-30
        """),
    ),
    "sles": Family(
        "rpm",
        2,
        _table("""
            11.4 - 2019-03-31
            12 - 2016-06-30
            12.1 - 2017-05-31
            12.2 - 2018-03-31
            12.3 - 2019-06-30
            12.4 - 2020-06-30
            12.5 - 2024-10-31
            15 - 2019-12-31
            15.1 - 2021-01-31
            15.2 - 2021-12-31
            15.3 - 2022-12-31
            15.4 - 2023-12-31
            15.5 - 2024-12-31
            15.6 - 2025-12-31
            15.7 - 2031-07-31
            16.0 - -
        """),
    ),
    "opensuse-leap": Family(
        "rpm",
        2,
        _table("""
            15.0 - 2019-12-03
            15.1 - 2021-02-02
            15.2 - 2022-01-04
            15.3 - 2022-12-31
            15.4 - 2023-12-07
            15.5 - 2024-12-31
            15.6 - 2026-04-30
            16.0 - 2027-10-31
            42.1 - 2017-05-17
            42.2 - 2018-01-26
            42.3 - 2019-07-01
        """),
    ),
    "opensuse-tumbleweed": Family("rpm", 0),
    "photon": Family(
        "rpm",
        2,
        _table("""
            1.0 - 2022-02-28
            2.0 - 2022-12-01
            3.0 - 2025-10-02
            4.0 - 2027-10-11
            5.0 - -
        """),
    ),
    "mariner": Family(
        "rpm",
        1,
        _table("""
            1 - 2023-08-31
            2 - 2025-07-31
        """),
    ),
    "azurelinux": Family(
        "rpm",
        1,
        _table("""
            3 - -
        """),
    ),
    "openeuler": Family(
        "rpm",
        2,
        _table("""
            20.03 - 2025-11-30
            22.03 - 2026-06-30
            23.03 - 2023-09-30
            23.09 - 2024-03-31
            24.03 - -
            24.09 - 2025-03-31
            25.03 - 2025-09-30
            25.09 - 2026-03-31
            26.09 - 2027-03-31
        """),
    ),
    "mageia": Family(
        "rpm",
        1,
        _table("""
            8 - 2023-11-30
            9 - -
            10 - -
        """),
    ),
}
# The types of packages that make up operating systems.
SYSTEMS = frozenset(family.database for family in FAMILIES.values())
