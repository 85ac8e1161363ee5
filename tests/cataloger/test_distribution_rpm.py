"""Distributions with rpm packages, told by files as their images have them, and what must not be there beside them."""

from pathlib import Path

import pytest

from imagegate.cataloger.distribution import detect
from tests.cataloger.rpms import opened

ETC = "etc/os-release"
RHEL = 'NAME="Red Hat Enterprise Linux"\nVERSION="9.4 (Plow)"\nID="rhel"\nID_LIKE="fedora"\nVERSION_ID="9.4"\n'
ROCKY = 'NAME="Rocky Linux"\nVERSION="9.3 (Blue Onyx)"\nID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.3"\n'
ALMA = 'NAME="AlmaLinux"\nID="almalinux"\nID_LIKE="rhel centos fedora"\nVERSION_ID="8.9"\n'
ORACLE = 'NAME="Oracle Linux Server"\nID="ol"\nID_LIKE="fedora"\nVERSION_ID="8.9"\n'
CENTOS = 'NAME="CentOS Linux"\nVERSION="7 (Core)"\nID="centos"\nID_LIKE="rhel fedora"\nVERSION_ID="7"\n'
STREAM = 'NAME="CentOS Stream"\nVERSION="9"\nID="centos"\nID_LIKE="rhel fedora"\nVERSION_ID="9"\nPRETTY_NAME="CentOS Stream 9"\n'
FEDORA = 'NAME="Fedora Linux"\nID=fedora\nVERSION_ID=40\nVERSION_CODENAME=""\nPRETTY_NAME="Fedora Linux 40 (Container Image)"\n'
AMAZON = 'NAME="Amazon Linux"\nID="amzn"\nID_LIKE="centos rhel fedora"\nVERSION_ID="2"\n'
SLES = 'NAME="SLES"\nVERSION="15-SP5"\nVERSION_ID="15.5"\nPRETTY_NAME="SUSE Linux Enterprise Server 15 SP5"\nID="sles"\n'
LEAP = 'NAME="openSUSE Leap"\nID="opensuse-leap"\nID_LIKE="suse opensuse"\nVERSION_ID="15.6"\n'
EULER = (
    'NAME="openEuler"\nVERSION="22.03 (LTS-SP3)"\nID="openEuler"\nVERSION_ID="22.03"\nPRETTY_NAME="openEuler 22.03 (LTS-SP3)"\n'
)


def told(path: Path, files: dict[str, str]) -> tuple[str, str, list[str]]:
    """Return the distribution as `id version`, its last day, and the evidence."""
    found, evidence = detect(opened(path, files).files)
    name = f"{found.id} {found.version}".strip() if found else ""
    return name, (found.end_of_life or "") if found else "", [item.detail for item in evidence]


@pytest.mark.parametrize(
    ("files", "expected", "end"),
    [
        ({ETC: RHEL, "etc/redhat-release": "Red Hat Enterprise Linux release 9.4 (Plow)\n"}, "rhel 9", "2032-05-31"),
        ({ETC: ROCKY, "etc/rocky-release": "Rocky Linux release 9.3 (Blue Onyx)\n"}, "rocky 9", "2032-05-31"),
        ({ETC: ALMA, "etc/system-release": "AlmaLinux release 8.9 (Midnight Oncilla)\n"}, "almalinux 8", "2029-03-01"),
        (
            {
                ETC: ORACLE,
                "etc/oracle-release": "Oracle Linux Server release 8.9\n",
                "etc/redhat-release": "Red Hat Enterprise Linux release 8.9 (Ootpa)\n",
            },
            "ol 8",
            "2029-07-31",
        ),
        ({ETC: CENTOS, "etc/centos-release": "CentOS Linux release 7.9.2009 (Core)\n"}, "centos 7", "2024-06-30"),
        ({ETC: STREAM, "etc/redhat-release": "CentOS Stream release 9\n"}, "centos 9", "2027-05-31"),
        ({ETC: FEDORA, "etc/fedora-release": "Fedora release 40 (Forty)\n"}, "fedora 40", "2025-05-13"),
        ({ETC: AMAZON, "etc/system-release": "Amazon Linux release 2 (Karoo)\n"}, "amzn 2", "2026-06-30"),
        (
            {ETC: 'ID="amzn"\nVERSION_ID="2018.03"\n', "etc/system-release": "Amazon Linux AMI release 2018.03\n"},
            "amzn 2018",
            "2023-06-30",
        ),
        ({ETC: 'ID="amzn"\nVERSION_ID="2023"\n'}, "amzn 2023", "2029-06-30"),
        ({ETC: 'ID="amzn"\nVERSION_ID="2022"\n'}, "amzn 2022", ""),
        ({ETC: SLES}, "sles 15.5", "2024-12-31"),
        ({ETC: SLES.replace("15.5", "15")}, "sles 15", "2019-12-31"),
        ({ETC: SLES.replace("15.5", "12.2")}, "sles 12.2", "2018-03-31"),
        ({ETC: SLES.replace("15.5", "11.3")}, "sles 11.3", "2019-03-31"),
        ({ETC: LEAP}, "opensuse-leap 15.6", "2026-04-30"),
        ({ETC: LEAP.replace("15.6", "15.9")}, "opensuse-leap 15.9", ""),
        ({ETC: "ID=opensuse-tumbleweed\nVERSION_ID=20240801\n"}, "opensuse-tumbleweed", ""),
        ({ETC: EULER, "etc/openEuler-release": "openEuler release 22.03 (LTS-SP3)\n"}, "openeuler 22.03", "2026-06-30"),
        ({ETC: EULER.replace("22.03", "24.03")}, "openeuler 24.03", ""),
        ({ETC: 'ID=photon\nVERSION_ID=5.0\nPRETTY_NAME="VMware Photon OS/Linux"\n'}, "photon 5.0", ""),
        ({ETC: 'ID=mariner\nVERSION_ID="2.0"\n'}, "mariner 2", "2025-07-31"),
        ({ETC: 'ID=azurelinux\nVERSION_ID="3.0"\n'}, "azurelinux 3", ""),
        ({ETC: "ID=mageia\nVERSION_ID=9\n", "etc/mageia-release": "Mageia release 9 (Official) for x86_64\n"}, "mageia 9", ""),
        ({"etc/redhat-release": "CentOS release 6.10 (Final)\n"}, "centos 6", "2020-11-30"),
        ({"etc/redhat-release": "Red Hat Enterprise Linux Server release 6.10 (Santiago)\n"}, "rhel 6", "2020-11-30"),
    ],
)
def test_files_as_real_images_have_them_tell_release_and_last_day(
    tmp_path: Path, files: dict[str, str], expected: str, end: str
) -> None:
    assert told(tmp_path, files) == (expected, end, [])


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (
            {ETC: ROCKY, "etc/redhat-release": "Rocky Linux release 8.9 (Green Obsidian)\n"},
            "etc/redhat-release says Rocky Linux release 8.9",
        ),
        ({ETC: ROCKY, "etc/centos-release": "CentOS Linux release 7.9.2009 (Core)\n"}, "etc/centos-release says CentOS"),
        ({ETC: RHEL, "etc/oracle-release": "Oracle Linux Server release 9.4\n"}, "etc/oracle-release says Oracle"),
        ({ETC: ORACLE, "etc/redhat-release": "Red Hat Enterprise Linux release 7.9 (Maipo)\n"}, "release 7.9 (Maipo)"),
        ({ETC: "ID=debian\nVERSION_ID=12\n", "etc/redhat-release": "Fedora release 40 (Forty)\n"}, "Fedora release 40"),
        ({ETC: "ID=wolfi\n", "etc/system-release": "Amazon Linux release 2 (Karoo)\n"}, "Amazon Linux release 2"),
        ({ETC: ROCKY, "etc/debian_version": "12.5\n"}, "but there is etc/debian_version"),
        ({ETC: ROCKY, "etc/alpine-release": "3.19.1\n"}, "but there is etc/alpine-release"),
        ({ETC: ROCKY, "usr/lib/os-release": RHEL}, "usr/lib/os-release says rhel"),
        ({ETC: "ID=rocky\n"}, "rocky with no version"),
        ({ETC: "ID=fedora\nVERSION_ID=rawhide\n"}, "fedora with version rawhide"),
        ({"etc/redhat-release": "Scientific Linux release 7.9 (Nitrogen)\n"}, ""),
    ],
)
def test_a_contradiction_or_an_unknown_release_is_evidence(tmp_path: Path, files: dict[str, str], reason: str) -> None:
    found, evidence = detect(opened(tmp_path, files).files)
    if not reason:  # who it is is not known, and that is told where packages are found
        assert (found, evidence) == (None, [])
        return
    assert [(item.kind, item.found) for item in evidence] == [("unknown_distro", "fail")]
    assert reason in evidence[0].detail


def test_a_file_that_hundreds_of_links_repeat_is_told_once(tmp_path: Path) -> None:
    links = {f"etc/{name}-release": "CentOS release 6.10 (Final)\n" for name in ("redhat", "centos", "system")}
    assert len(told(tmp_path, {ETC: ROCKY} | links)[2]) == 1
