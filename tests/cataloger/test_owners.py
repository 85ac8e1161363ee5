"""Packages of languages that the distribution's packages brought: left to it where it made them and is asked, else counted."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from imagegate.backend.stored import read
from imagegate.model.verdict import Verdict
from imagegate.policy.evaluate import evaluate
from imagegate.policy.load import load
from imagegate.report.console import Console
from imagegate.report.json import Json
from imagegate.report.junit import Junit
from imagegate.report.sarif import Sarif
from tests.images import Entry, apk, dpkg, file, symlink
from tests.silent.conftest import gated, store
from tests.silent.judging import ALPINE, APK, BAD, CLOCK, DEBIAN, OS_RELEASE, STATUS, Gate, everything, told

__all__ = ["gated", "store"]  # fixtures
METADATA = "usr/lib/python3/dist-packages/Django-1.0.0.dist-info/METADATA"
DJANGO = "Metadata-Version: 2.1\nName: Django\nVersion: 1.0.0\n"
OURS = "Maintainer: Debian Python Team <team+python@tracker.debian.org>\n"
INFO = "var/lib/dpkg/info"


def status(fields: str = OURS, version: str = "3:3.2-1", name: str = "python3-django") -> str:
    return f"{dpkg(('bash', '5.2'))}\nPackage: {name}\nStatus: install ok installed\nVersion: {version}\n{fields}"


def debian(
    fields: str = OURS, version: str = "3:3.2-1", *, owned: str = METADATA, listed: str = "python3-django.list"
) -> list[list[Entry]]:
    return [
        [
            file(OS_RELEASE, DEBIAN),
            file(STATUS, status(fields, version)),
            file(f"{INFO}/{listed}", f"/.\n/usr\n/{owned}\n"),
            file(METADATA, DJANGO),
        ]
    ]


def statuses(found: object) -> list[str]:
    assert isinstance(found, Verdict)
    return [one.status for one in found.findings]


def test_what_debian_ships_is_left_to_debian(gated: Gate) -> None:
    found = gated.verdict(debian())
    assert (found.exit_code, statuses(found)) == (0, ["deferred"]), told(found)
    assert isinstance(found, Verdict)
    (package,) = [one for one in found.scan.packages if one.type == "pypi"]
    assert package.owned_by == "python3-django"


@pytest.mark.parametrize(
    ("fields", "version"),
    [
        (OURS, "3.2-1.pgdg120+1"),
        (OURS, "3.2-1nodesource1"),
        (OURS, "5:27.0-1~debian.12~bookworm"),
        (OURS, "16.1.0-ce.0"),
        (OURS, "16.1.0-ee.0"),
        (OURS, "8.2.1-1+0~20230101.1+debian12~1.gbp+deb.sury.org"),
        (OURS, "3.2-1~ppa1"),
        (OURS + "Vendor: someone\n", "1"),
        (OURS + "License: MIT\n", "1"),
        (OURS + "Origin: Elsewhere\n", "1"),
        ("", "1"),
        ("Maintainer: Docker <support@docker.com>\n", "1"),
        ("Maintainer: GitLab, Inc. <support@gitlab.com>\n", "1"),
        ("Maintainer: Ivan Iguaran <ivan@nodesource.com>\n", "1"),
    ],
)
def test_what_others_packed_counts_as_any_other(gated: Gate, fields: str, version: str) -> None:
    found = gated.verdict(debian(fields, version))
    assert (found.exit_code, statuses(found)) == (10, ["violates"])


@pytest.mark.parametrize("maintainer", ["Ubuntu Developers <ubuntu-devel-discuss@lists.ubuntu.com>", "A <a@debian.org>"])
def test_a_release_that_the_store_does_not_cover_answers_for_nothing(gated: Gate, tmp_path: Path, maintainer: str) -> None:
    layers = debian(f"Maintainer: {maintainer}\n")
    ubuntu = 'ID=ubuntu\nVERSION_ID="24.04"\n'
    layers[0][0] = file(OS_RELEASE, ubuntu)
    assert statuses(gated.verdict(layers)) == ["violates"]
    lacking = Gate(everything(tmp_path / "lacking.db", "Debian"), tmp_path)
    found = lacking.verdict(debian())
    assert (found.exit_code, statuses(found)) == (10, ["violates"])


def test_what_nobody_lists_counts(gated: Gate) -> None:
    for layers in (debian(owned="usr/lib/python3/dist-packages/other"), debian(listed="python3-django.conffiles")):
        assert gated.verdict(layers).exit_code == 10
    layers = debian()
    layers[0] = [one for one in layers[0] if not one.name.endswith(".list")]
    assert gated.verdict(layers).exit_code == 10


def test_a_list_without_its_package_owns_but_does_not_answer(gated: Gate) -> None:
    layers = debian()
    layers[0][1] = file(STATUS, dpkg(("bash", "5.2")))
    found = gated.verdict(layers)
    assert (found.exit_code, statuses(found)) == (10, ["violates"])


@pytest.mark.parametrize(
    "folder", ["app/site-packages", "opt/venv/lib/python3/site-packages", "usr/local/lib/python3/dist-packages"]
)
def test_a_list_does_not_speak_for_places_where_no_distribution_puts_anything(gated: Gate, folder: str) -> None:
    metadata = f"{folder}/Django-1.0.0.dist-info/METADATA"
    layers = debian(owned=metadata)
    layers[0][3] = file(metadata, DJANGO)
    found = gated.verdict(layers)
    assert (found.exit_code, statuses(found)) == (10, ["violates"])


def test_what_a_later_layer_wrote_over_the_distribution_s_file_counts(gated: Gate) -> None:
    layers = [*debian(), [file(METADATA, DJANGO)]]
    assert statuses(gated.verdict(layers)) == ["violates"]
    again = status(version="3:3.2-2")  # the distribution's own update writes the database as well
    assert statuses(gated.verdict([*debian(), [file(STATUS, again), file(METADATA, DJANGO)]])) == ["deferred"]


def test_a_distribution_that_never_spoke_of_a_package_does_not_answer_for_it(gated: Gate) -> None:
    layers = debian(listed="acme-venv.list")
    layers[0][1] = file(STATUS, status("Maintainer: Builds <build@acme.example>\n", name="acme-venv"))
    assert statuses(gated.verdict(layers)) == ["violates"]


def test_lists_of_several_architectures_and_a_merged_usr_are_read(gated: Gate) -> None:
    assert statuses(gated.verdict(debian(listed="python3-django:amd64.list"))) == ["deferred"]
    lib = METADATA.removeprefix("usr/")
    layers = debian(owned=lib)
    assert statuses(gated.verdict([[symlink("lib", "usr/lib"), *layers[0]]])) == ["deferred"]


def test_checksums_of_distroless_images_are_lists_too(gated: Gate) -> None:
    single = "var/lib/dpkg/status.d/python3-django"
    entries = [
        file(OS_RELEASE, DEBIAN),
        file(single, f"Package: python3-django\nVersion: 3:3.2-1\n{OURS}"),
        file(single + ".md5sums", f"{'0' * 32}  {METADATA}\n"),
        file(METADATA, DJANGO),
    ]
    assert statuses(gated.verdict([entries])) == ["deferred"]
    assert statuses(gated.verdict([[entries[0], entries[1], entries[3]]])) == ["violates"]


def test_what_alpine_ships_is_left_to_alpine(gated: Gate) -> None:
    folder, _, name = METADATA.rpartition("/")
    database = apk(("musl", "1.2.5-r9")) + f"\nP:py3-django\nV:3.2-r0\no:py3-django\nF:{folder}\nR:METADATA\n"
    for text, expected in ((database, "deferred"), (database.replace(f"F:{folder}", "F:elsewhere"), "violates")):
        found = gated.verdict([{OS_RELEASE: ALPINE, APK: text, METADATA: DJANGO}])
        assert statuses(found) == [expected]
    assert name == "METADATA"


def test_a_policy_may_count_them_and_the_reports_tell_them_apart(gated: Gate) -> None:
    found = gated.verdict(debian())
    assert isinstance(found, Verdict)
    counting = replace(load("recommended", CLOCK.date()), owned="match")
    assert evaluate(found.scan, counting, CLOCK).exit_code == 10
    stored = json.loads(Json().render([found]))
    assert [one["status"] for one in stored["findings"]] == ["deferred"]
    assert [one["owned_by"] for one in stored["packages"] if one["type"] == "pypi"] == ["python3-django"]
    (again,) = read(Json().render([found]).encode(), "result.json")
    assert not isinstance(again, Exception)
    for policy, code, expected in ((load("recommended", CLOCK.date()), 0, "deferred"), (counting, 10, "violates")):
        verdict = evaluate(again, policy, CLOCK)
        assert (verdict.exit_code, statuses(verdict)) == (code, [expected])
    assert "Left to the distribution" in Console().render([found])
    assert "CVE-2025-91" in Sarif().render([found])
    assert "<failure" not in Junit().render([found])
    assert gated.code([*debian(), {STATUS: status() + "\n" + dpkg(("openssl", BAD))}]) == 10
