"""What a policy says once everything it extends was put together."""

from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagegate.errors import PolicyError
from imagegate.policy.load import BUILT_IN, as_yaml, fail_on, load
from imagegate.text import clean
from tests.scans import TODAY, policy

WAIVER = "- {id: CVE-1, reason: r, owner: o, expires: %s}\n"


def test_a_rule_of_an_inherited_name_changes_only_what_it_says() -> None:
    changed = policy("extends: [recommended]\nrules:\n  - {id: no-critical, action: warn}\n  - {id: exploited, max: 2}\n")
    rules = {rule.id: rule for rule in changed.rules}

    assert (rules["no-critical"].action, rules["no-critical"].match) == ("warn", {"severity": "critical"})
    assert (rules["exploited"].action, rules["exploited"].maximum) == ("fail", 2)
    assert [rule.id for rule in changed.rules] == ["malicious", "exploited", "no-critical", "fixable-high"]


def test_a_new_match_takes_the_place_of_the_inherited_one() -> None:
    changed = policy("extends: [recommended]\nrules:\n  - {id: fixable-high, match: {severity: '>=medium'}}\n")

    assert {rule.id: rule.match for rule in changed.rules}["fixable-high"] == {"severity": ">=medium"}


def test_later_parents_come_over_earlier_ones_and_the_file_over_all(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.yaml").write_text(
        "version: 1\nextends: [deeper/b.yaml]\nseverity: {unknown: low}\nevidence: {backend: warn}\n"
    )
    (tmp_path / "sub" / "deeper").mkdir()
    (tmp_path / "sub" / "deeper" / "b.yaml").write_text("version: 1\nextends: [strict]\n")
    (tmp_path / "c.yaml").write_text("version: 1\nseverity: {unknown: medium}\nevidence: {unreadable: warn}\n")
    (tmp_path / "p.yaml").write_text("version: 1\nextends: [sub/a.yaml, c.yaml]\nevidence: {database_max_age: 12h}\n")

    found = load(str(tmp_path / "p.yaml"), TODAY)

    assert found.unknown == "medium"
    assert (found.evidence["backend"], found.evidence["unreadable"], found.evidence["uncovered"]) == ("warn", "warn", "fail")
    assert found.max_age.total_seconds() == 12 * 3600
    assert [rule.id for rule in found.rules] == ["malicious", "exploited", "fixable", "no-high"]


def test_waivers_of_all_files_count(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("version: 1\nextends: [strict]\nwaivers:\n  list:\n    " + WAIVER % "2026-12-01")
    (tmp_path / "p.yaml").write_text(
        "version: 1\nextends: [base.yaml]\nwaivers:\n  list:\n    " + (WAIVER % "2026-12-02").replace("CVE-1", "CVE-2")
    )

    assert [waiver.id for waiver in load(str(tmp_path / "p.yaml"), TODAY).waivers] == ["CVE-1", "CVE-2"]


def test_a_waiver_may_end_on_the_last_day_that_is_allowed_and_no_later() -> None:
    text = "extends: [recommended]\nwaivers:\n  list:\n    " + WAIVER

    assert policy(text % "2027-02-20").waivers[0].expires == date(2027, 2, 20)
    with pytest.raises(PolicyError, match="91 days, more than the 90"):
        policy(text % "2027-02-21")


def test_a_parent_that_requires_an_end_is_not_relaxed_by_leaving_it_out() -> None:
    with pytest.raises(PolicyError, match="'expires'"):
        policy("extends: [recommended]\nwaivers:\n  list:\n    - {id: CVE-1, reason: r, owner: o}\n")


def test_the_digest_follows_the_meaning_and_not_the_writing() -> None:
    one = policy("extends: [recommended]\n# a comment\nseverity: {unknown: low}\n")
    two = policy("severity:\n  unknown: 'low'\nextends:\n- recommended\n")

    assert one.digest == two.digest
    assert one.digest != policy("extends: [recommended]\n").digest
    assert one.digest.startswith("sha256:")


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_policy_that_is_shown_loads_back_as_the_same(name: str, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(as_yaml(load(name, TODAY)))

    assert load(str(tmp_path / "p.yaml"), TODAY).digest == load(name, TODAY).digest


def test_the_policy_of_one_rule_loads_back_as_the_same() -> None:
    for severity in ("negligible", "low", "medium", "high", "critical"):
        shown = as_yaml(fail_on(severity)).removeprefix("version: 1\n")

        assert policy(shown).digest == fail_on(severity).digest


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
LINE = TEXT.filter(lambda text: bool(text.strip()))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(LINE, min_size=1, max_size=3), LINE, LINE, st.floats(0, 10).map(lambda score: round(score, 2)), st.integers(0, 10**6)
)
def test_a_policy_of_any_text_that_is_shown_loads_back_as_the_same(
    packages: list[str], reason: str, owner: str, score: float, most: int
) -> None:
    import json

    rule = {"id": "it", "match": {"package": packages, "cvss": score, "path": owner}, "max": most, "action": "fail"}
    waiver = {"id": "CVE-1", "package": packages, "reason": reason, "owner": owner, "expires": "2026-12-01"}
    text = json.dumps({"rules": [rule], "waivers": {"list": [waiver]}}, ensure_ascii=True)
    content = "rules: " + text.removeprefix('{"rules": ').replace('], "waivers": ', "]\nwaivers: ", 1).removesuffix("}") + "\n"

    one = policy(content)
    shown = as_yaml(one)

    assert policy(shown.removeprefix("version: 1\n")).digest == one.digest
    assert all(clean(line) == line for line in shown.split("\n"))


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_built_in_policies_are_right_though_nobody_checks_them_when_they_are_used(name: str, tmp_path: Path) -> None:
    text = files("imagegate").joinpath("policy", "builtin", f"{name}.json").read_bytes()
    (tmp_path / "p.yaml").write_bytes(text)  # JSON is YAML too
    assert load(str(tmp_path / "p.yaml"), TODAY).digest == load(name, TODAY).digest


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_file_that_is_called_like_a_built_in_policy_is_checked_like_any_other(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text('{"version": 1, "rules": [{"id": "x", "match": {"severity": "high"}, "action": "fial"}]}')
    with pytest.raises(PolicyError, match="fial"):
        load(f"./{name}", TODAY)
    (tmp_path / name).write_text(f"version: 1\nextends: [{name}]\n")
    assert load(f"./{name}", TODAY).rules == load(name, TODAY).rules
    (tmp_path / "own.yaml").write_text(f"version: 1\nextends: [./{name}]\n")
    assert load("own.yaml", TODAY).rules == load(name, TODAY).rules
    (tmp_path / name).write_text("not: [yaml")
    with pytest.raises(PolicyError):
        load(f"./{name}", TODAY)
