"""What imagegate sees itself and Clair does not."""

from dataclasses import replace

import pytest

from imagegate.backend.clair.compare import doubts
from imagegate.backend.clair.report import Reading
from imagegate.model.inventory import Distribution, Inventory, Location, Package
from tests.scans import DEBIAN, image, package

SYSTEM = tuple(package(f"lib{number}", "1.0-1", source_name="src", source_version="1.0-1") for number in range(30))
OPENSSL = package("openssl", "3.0.1-1")
WHEELS = tuple(Package("pypi", f"wheel-{number}", "1", f"pkg:pypi/wheel-{number}@1", (Location("w", 0),)) for number in range(4))


def found(ours: tuple[Package, ...], theirs: tuple[Package, ...], told: Distribution | None = DEBIAN) -> list[tuple[str, str]]:
    evidence = doubts(Inventory(image(), DEBIAN, ours), Reading(told, theirs, (), (), ()))
    return [(item.kind, item.found) for item in evidence]


def test_the_same_packages_raise_no_doubt() -> None:
    assert found((*SYSTEM, OPENSSL, *WHEELS), (*SYSTEM, OPENSSL, *WHEELS)) == []
    sources = (package("src", "1.0-1"), OPENSSL)  # as the first API lists them
    assert found((*SYSTEM, OPENSSL), sources) == []


def test_one_package_of_the_distribution_that_clair_did_not_see_is_no_pass() -> None:
    assert found((*SYSTEM, OPENSSL), SYSTEM) == [("backend", "fail")]
    assert found(SYSTEM, ()) == [("backend", "fail")]


def test_another_version_of_a_package_is_another_package() -> None:
    assert found((*SYSTEM, OPENSSL), (*SYSTEM, replace(OPENSSL, version="9", source_version="9"))) == [("backend", "fail")]
    rpm = replace(OPENSSL, type="rpm", version="1:3.0.1-1")
    assert found((rpm,), (replace(rpm, version="3.0.1-1.el9"),)) == []  # which Clair writes in other ways


@pytest.mark.parametrize(("seen", "evidence"), [(0, "fail"), (1, "fail"), (2, "warn"), (3, "warn")])
def test_packages_of_languages_are_counted(seen: int, evidence: str) -> None:
    assert found(WHEELS, WHEELS[:seen]) == [("uncovered", evidence)]


def test_a_package_of_another_kind_with_the_same_name_is_not_seen() -> None:
    assert found((OPENSSL,), (replace(OPENSSL, type="pypi"),)) == [("backend", "fail")]


def test_names_of_languages_are_written_in_several_ways() -> None:
    other = tuple(replace(one, name=one.name.replace("-", "_").upper()) for one in WHEELS)
    assert found(WHEELS, other) == []


def test_what_only_a_lock_file_says_is_not_expected_of_clair() -> None:
    assert found(tuple(replace(one, basis="locked") for one in WHEELS), ()) == []


def test_another_distribution_is_no_pass() -> None:
    assert found((OPENSSL,), (OPENSSL,), Distribution("debian", "11")) == [("backend", "fail")]
    assert found((OPENSSL,), (OPENSSL,), replace(DEBIAN, version="12.5")) == []
