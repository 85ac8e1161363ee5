"""Documents that are damaged, hostile, or something else: refused in words, or noted; never less than was there."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagegate.errors import SourceError
from imagegate.source.sbom import Listing, read_sbom, reading

from .sboms import component, cyclonedx, data, names, refused, said, spdx

XML = '<bom xmlns="http://cyclonedx.org/schema/bom/1.5">{}</bom>'
ONE = '<components><component type="library"><name>a</name><version>1</version><purl>pkg:npm/a@1</purl></component></components>'
TAGS = "SPDXVersion: SPDX-2.3\nSPDXID: SPDXRef-DOCUMENT\nPackageName: a\nSPDXID: SPDXRef-a\n"
PURL = "ExternalRef: PACKAGE-MANAGER purl pkg:npm/a@1\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b" \n\t", "empty"),
        (b"\x7fELF\x02\x01", "not an SBOM that is known"),
        (b"\x1f\x8b\x08\x00", "compressed"),
        (b"hello: world\n", "not an SBOM that is known"),
        (b"[]", "holds no object"),
        (b"{}", "JSON, but not an SBOM"),
        (b'{"Results": [], "SchemaVersion": 2}', "imagegate evaluate"),
        (b'{"matches": [], "artifacts": [], "source": {}}', "imagegate evaluate"),
        (b'{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": []}', "SPDX 3"),
        (b'{"bomFormat": "CycloneDX", "components": [', "line 1, column 43: not JSON"),
        (b'{"bomFormat": "CycloneDX"}}', "not JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not JSON that can be read"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"bomFormat": "CycloneDX", "metadata": {}, "metadata": {}}', "'metadata' is there twice"),
        (b'{"bomFormat": "\xff"}', "not JSON that can be read"),
        (b"<html></html>", "its root is 'html'"),
        (b'<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>', "not as RDF"),
        (b"<bom", "line 1, column"),
        (XML.format(ONE)[:-20].encode(), "not XML"),
        (b'<!DOCTYPE bom [<!ENTITY a "b">]>' + XML.format("&a;").encode(), "has a document type"),
        (b'<!DOCTYPE bom SYSTEM "file:///etc/passwd">' + XML.format(ONE).encode(), "has a document type"),
        (XML.format("&lol;").encode(), "undefined entity"),
        (XML.format("<a>" * 300 + "</a>" * 300).encode(), "nested too deeply"),
        (XML.format("<metadata/><metadata/>").encode(), "<metadata> twice"),
        (XML.format(ONE.replace("</name>", "</name><purl>pkg:npm/b@1</purl>")).encode(), "<purl> twice"),
        (b'<?xml version="1.0" encoding="x-none"?>' + XML.format(ONE).encode(), "unknown encoding"),
        (TAGS.encode()[:-1], "last line does not end"),
        (TAGS.encode() + b"PackageComment: <text>a\nb\n", "a <text> that does not end"),
        (TAGS.encode() + b"what is this\n", "line 5: not a tag"),
        (TAGS.encode() + b"\xff\n", "not UTF-8"),
    ],
)
def test_what_is_no_document_is_refused_with_the_place_and_a_hint(content: bytes, reason: str) -> None:
    why = refused(content)
    assert reason in why
    assert not why.endswith("| ")


def test_too_much_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "VALUES", 1000)
    assert "too many for an SBOM" in refused('{"a": [' + "[]," * 1000 + "[]]}")
    monkeypatch.setattr("imagegate.source.sbom.cyclonedx_xml.VALUES", 1000)
    assert "too many elements" in refused(XML.format("<a/>" * 1001))
    monkeypatch.setattr("imagegate.source.sbom.spdx_tags.VALUES", 1000)
    assert "too many for an SBOM" in refused(TAGS + "\n" * 1001)
    monkeypatch.setattr("imagegate.source.sbom.LARGEST", 1000)
    assert "bytes are too many" in refused(" " * 1001)


def test_more_packages_than_are_read_are_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imagegate.source.sbom.packages.MOST", 10)
    listing = cyclonedx(*(component(f"pkg:npm/a{number}@1") for number in range(20)))
    assert len(listing.packages) == 10
    assert "more than 10 packages" in said(listing, "fail")[0]


def test_fifty_thousand_components_are_read() -> None:
    assert len(cyclonedx(*(component(f"pkg:npm/a{number}@1") for number in range(50_000))).packages) == 50_000


@pytest.mark.parametrize("value", [5, 1.5, True, "x", [], [1], {}, {"a": 1}, [[]], [None]])
@pytest.mark.parametrize(
    "key", ["components", "metadata", "name", "purl", "version", "type", "properties", "evidence", "packages"]
)
def test_fields_of_any_type_are_read_or_noted(key: str, value: Any) -> None:
    good = component("pkg:npm/good@1")
    for listing in (
        cyclonedx(good, {"type": "library", "purl": "pkg:npm/a@1", key: value}),
        cyclonedx(good, metadata={"component": {key: value}, "tools": value}),
        spdx({"name": "a", key: value, "externalRefs": value}, relationships=value, creationInfo=value, files=value),
        read_sbom(json.dumps({"artifacts": [{"purl": "pkg:npm/good@1", key: value}, value], "source": {}}).encode(), "a.json"),
    ):
        assert "good 1" in names(listing) or said(listing, "fail")


def test_a_part_of_a_wrong_type_is_a_loss() -> None:
    assert "'components' is not a list" in said(cyclonedx(components={"a": 1}), "fail")[0]
    assert "an entry of 'components' is not an object" in said(cyclonedx(7, component("pkg:npm/a@1")), "fail")[0]
    assert "'purl' is not text" in said(cyclonedx({"type": "file", "purl": 7}), "fail")[0]


def test_a_document_without_packages_is_never_clean() -> None:
    assert said(cyclonedx(), "fail") == ["no_packages: the document lists no package"]
    assert said(read_sbom(XML.format("").encode(), "a.xml"), "fail") == ["no_packages: the document lists no package"]


def test_a_field_in_other_letters_that_some_readers_take_is_evidence() -> None:
    listing = cyclonedx({**component("pkg:npm/a@1"), "Purl": "pkg:npm/b@1"})
    assert "not written as its format says" in said(listing, "fail")[0]
    listing = cyclonedx(component("pkg:npm/a@1"), Components=[component("pkg:npm/b@1")])
    assert "Components" in said(listing, "fail")[0]


def test_a_relation_to_what_is_not_there_shows_that_a_part_was_cut_off() -> None:
    whole = TAGS + PURL + "Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-a\nRelationship: SPDXRef-a CONTAINS NOASSERTION\n"
    assert said(read_sbom(whole.encode(), "a.spdx"), "fail") == []
    cut = whole + "Relationship: SPDXRef-a CONTAINS SPDXRef-b\n"
    assert "not in it: SPDXRef-b" in said(read_sbom(cut.encode(), "a.spdx"), "fail")[0]


@pytest.mark.parametrize(("aggregate", "expected"), [("incomplete", 1), ("incomplete_first_party_only", 1), ("complete", 0)])
def test_a_document_that_says_it_is_not_complete_is_not(aggregate: str, expected: int) -> None:
    whole = component("pkg:npm/a@1")
    assert len(said(cyclonedx(whole, compositions=[{"aggregate": aggregate}]), "fail")) == expected
    assert len(said(cyclonedx(whole, compositions=[{"aggregate": aggregate, "dependencies": ["a"]}]), "fail")) == 0
    xml = XML.format(f"{ONE}<compositions><composition><aggregate>{aggregate}</aggregate></composition></compositions>")
    assert len(said(read_sbom(xml.encode(), "a.xml"), "fail")) == expected
    tags = f"{TAGS}{PURL}CreatorComment: <text>{aggregate}: 3 notes</text>\n"
    assert len(said(read_sbom(tags.encode(), "a.spdx"), "fail")) == expected


def test_a_root_that_is_one_of_many_described_packages_is_not_lost() -> None:
    packages = [{"name": name, "versionInfo": "1", "SPDXID": f"SPDXRef-{name}"} for name in ("a", "b")]
    listing = spdx(*packages, documentDescribes=["SPDXRef-a", "SPDXRef-b"])
    assert "2 times" in said(listing, "fail")[0]


def test_hostile_text_is_harmless_in_all_that_comes_out() -> None:
    evil = "a\x1b[31m\u202e\n::error::\ud800"
    encoded = "a%1B%5B31m%E2%80%AE%0A::error::"
    parts = [component(f"pkg:npm/{encoded}@1{encoded}?arch={encoded}#{encoded}", name=evil, version=evil), component(evil)]
    parts += [{"type": evil, "name": evil}, {"type": "operating-system", "name": evil, "version": evil, "description": evil}]
    listing = cyclonedx(*parts, metadata={"component": {"type": "container", "name": evil}, "tools": [{"name": evil}]})
    shown = repr(listing)
    assert not any(bad in text for text in (shown, *_texts(listing)) for bad in ("\x1b", "\u202e", "\n", "\ud800"))
    assert listing.packages[0].purl.isascii()


def _texts(listing: Any) -> list[str]:
    one = listing.packages[0]
    evidence = [item.detail for item in listing.evidence]
    return [one.name, one.version, one.purl, listing.image.name, listing.made_by, *(listing.distribution or ()), *evidence]


def test_other_encodings_of_the_same_document_are_read() -> None:
    text = data("trivy.cdx.json").decode()
    expected = read_sbom(text.encode(), "a").packages
    for encoding in ("utf-8-sig", "utf-16", "utf-16-le"):
        assert read_sbom(text.encode(encoding), "a").packages == expected
    xml = XML.format(ONE)
    assert names(read_sbom(xml.encode("utf-8-sig"), "a")) == names(read_sbom(xml.encode("utf-16"), "a")) == ["a 1"]
    assert names(read_sbom((TAGS + PURL).replace("\n", "\r\n").encode("utf-8-sig"), "a")) == ["a 1"]


def attempted(content: bytes) -> Listing | None:
    """Return what was read, None where that was refused with a hint; anything else is a failure."""
    try:
        return read_sbom(content, "a.json")
    except SourceError as error:
        return None if error.hint else pytest.fail("an error without a hint")


VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["pkg:npm/a@1", "library"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(reading._FIELDS)), inner, max_size=4),
    max_leaves=15,
)


@settings(max_examples=150)
@given(st.dictionaries(st.sampled_from(sorted(reading._FIELDS)), VALUE), st.sampled_from(["cyclonedx", "spdx", "syft", "dsse"]))
def test_any_json_gives_a_listing_or_an_error_in_words(document: dict[str, Any], form: str) -> None:
    forms: dict[str, dict[str, Any]] = {
        "cyclonedx": {"bomFormat": "CycloneDX"},
        "spdx": {"spdxVersion": "SPDX-2.3"},
        "syft": {"artifacts": document.get("artifacts") or [], "source": document.get("source")},
        "dsse": {"predicateType": "https://cyclonedx.org/bom", "predicate": document},
    }
    listing = attempted(json.dumps({**document, **forms[form]}).encode())
    if listing is None:
        return
    assert listing.packages or said(listing, "fail")
    assert all(0 <= one.locations[0].layer < len(listing.layers) for one in listing.packages)


@settings(max_examples=150)
@given(st.sampled_from(["syft.json", "syft.cdx.json", "trivy.cdx.json", "syft.spdx.json"]), st.data())
def test_a_document_with_bytes_changed_gives_a_listing_or_an_error_in_words(name: str, draw: st.DataObject) -> None:
    content = bytearray(data(name))
    for _ in range(draw.draw(st.integers(1, 4))):
        content[draw.draw(st.integers(0, len(content) - 1))] = draw.draw(st.integers(0, 255))
    cut = draw.draw(st.integers(0, len(content)))
    for damaged in (bytes(content), bytes(content[:cut])):
        attempted(damaged)


@settings(max_examples=200)
@given(
    st.binary(max_size=60),
    st.sampled_from([b"", b"{", b"<", b"SPDXVersion: SPDX-2.3\n", b"<bom>", b'<?xml version="1.0" encoding="']),
)
def test_any_bytes_give_a_listing_or_an_error_in_words(content: bytes, start: bytes) -> None:
    attempted(start + content)
