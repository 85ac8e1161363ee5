"""Inventories in the forms that other programs read, held against the official validators."""

import json
import warnings
from pathlib import Path

import pytest

from imagegate.model.image import Evidence
from imagegate.model.inventory import Inventory, Location, package_url
from imagegate.report.inventory import FORMS, as_json, cyclonedx, spdx, table
from imagegate.text import clean
from tests.scans import DEBIAN, image, package

from .hostile import CORPUS, commands

HOSTILE = [clean(text, 100) for text in CORPUS.values()]  # as catalogers let it into the model
NOW = "2026-11-22T12:00:00Z"


def inventory(*names: str) -> Inventory:
    packages = [
        package(
            name,
            "1.0-1",
            source_name="source",
            purl=package_url("deb", "debian", name, "1.0-1", {}),
            locations=(Location("var/lib/dpkg/status", number % 2),),
        )
        for number, name in enumerate(names)
    ]
    evidence = (Evidence("unreadable", "fail", "a damaged stanza"), Evidence("uncovered", "ok", "fine"))
    return Inventory(image(), DEBIAN, tuple(packages), evidence)


PLAIN = inventory("openssl", "zlib1g", "bash")


def test_cyclonedx_is_valid_by_the_official_schema() -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    validator = JsonStrictValidator(SchemaVersion.V1_6)
    empty = Inventory(image(), None, ())
    for one in (PLAIN, empty, inventory(*HOSTILE)):
        assert validator.validate_str(cyclonedx(one, NOW)) is None
    assert validator.validate_str(cyclonedx(PLAIN, NOW).replace('"library"', '"book"')) is not None


def test_spdx_is_valid_by_the_tools_of_its_makers(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from spdx_tools.spdx.parser.parse_anything import parse_file
        from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

        for number, one in enumerate((PLAIN, inventory(*HOSTILE))):
            path = tmp_path / f"{number}.spdx.json"
            path.write_text(spdx(one, NOW))
            assert validate_full_spdx_document(parse_file(str(path))) == []


def test_every_form_says_which_layer_brought_a_package() -> None:
    components = {one["name"]: one for one in json.loads(cyclonedx(PLAIN, NOW))["components"] if one["type"] == "library"}
    facts = {pair["name"]: pair["value"] for pair in components["zlib1g"]["properties"]}
    assert facts["imagegate:location:layer"] == "1"
    assert facts["imagegate:location:layer-digest"] == image().layers[1].digest
    assert "layer 1" in next(one for one in json.loads(spdx(PLAIN, NOW))["packages"] if one["name"] == "zlib1g")["sourceInfo"]
    assert json.loads(as_json(PLAIN, NOW))["packages"][1]["locations"] == [{"path": "var/lib/dpkg/status", "layer": 1}]
    before, _, after = table(PLAIN, NOW).partition("layer 1")
    assert "openssl" in before
    assert "zlib1g" in after


def test_what_was_not_seen_is_said() -> None:
    assert "unreadable: a damaged stanza" in table(PLAIN, NOW)
    assert json.loads(as_json(PLAIN, NOW))["evidence"][0]["detail"] == "a damaged stanza"


def test_a_table_is_a_log_that_holds_no_command() -> None:
    assert commands(table(inventory(*HOSTILE), NOW)) == []


@pytest.mark.parametrize("form", FORMS)
def test_the_same_inventory_gives_the_same_document(form: str) -> None:
    assert FORMS[form](PLAIN, NOW) == FORMS[form](PLAIN, NOW)
    assert form == "table" or FORMS[form](PLAIN, NOW) != FORMS[form](inventory("other"), NOW)
