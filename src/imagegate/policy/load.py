"""From a policy file to a policy: read, checked, and put together with what it extends."""

import hashlib
import json
import os
from collections.abc import Iterator
from datetime import date, timedelta
from importlib.resources import files
from typing import Any

from imagegate import schema
from imagegate.errors import PolicyError
from imagegate.policy import yaml
from imagegate.policy.conditions import impossible
from imagegate.policy.document import (
    DEFAULT_MAX_AGE,
    DEFAULT_REQUIRED,
    DEFAULT_SOURCES,
    DEFAULT_UNKNOWN,
    EVIDENCE,
    Policy,
    Rule,
    Waiver,
)
from imagegate.schema import Path
from imagegate.text import clean

BUILT_IN = ("recommended", "strict", "permissive")
_DEEPEST = 8


def load(reference: str, today: date) -> Policy:
    """Return the policy that a name of BUILT_IN or a path stands for.

    `today` bounds how far ahead a waiver may end. Raises PolicyError with file, line, column and a hint.
    """
    content = _merged(reference, "", ())
    if not content.get("rules"):
        raise PolicyError(
            f"{clean(reference, 300)}: the policy has no rule, so it would let everything pass",
            "Add a rule, or `extends: [recommended]`.",
        )
    _check_waivers(content, today)
    return _policy(reference, content)


def fail_on(severity: str) -> Policy:
    """Return the policy of one rule: nothing of this severity or above."""
    rule = {"id": "fail-on", "match": {"severity": severity if severity == "critical" else f">={severity}"}, "action": "fail"}
    return _policy(f"--fail-on {severity}", {"version": 1, "rules": [rule]})


def as_yaml(policy: Policy) -> str:
    """Return the resolved policy as a policy file."""
    import yaml as writer

    content = {
        key: policy.content[key] for key in ("version", "severity", "rules", "evidence", "waivers") if key in policy.content
    }
    text: str = writer.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)
    return text


def _policy(reference: str, content: dict[str, Any]) -> Policy:
    severity, evidence, waivers = (content.get(key, {}) for key in ("severity", "evidence", "waivers"))
    sources = severity.get("source", DEFAULT_SOURCES)
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return Policy(
        reference=clean(reference, 300),
        digest="sha256:" + hashlib.sha256(canonical.encode()).hexdigest(),
        content=content,
        sources=(sources,) if isinstance(sources, str) else tuple(sources),
        unknown=severity.get("unknown", DEFAULT_UNKNOWN),
        rules=tuple(Rule(rule["id"], rule["match"], rule["action"], rule.get("max", 0)) for rule in content["rules"]),
        evidence={check: evidence.get(check, "fail") for check in EVIDENCE},
        max_age=_duration(evidence.get("database_max_age", DEFAULT_MAX_AGE)),
        waivers=tuple(_waiver(waiver) for waiver in waivers.get("list", ())),
    )


def _waiver(facts: dict[str, Any]) -> Waiver:
    return Waiver(
        id=clean(facts["id"], 200),
        package=_texts(facts.get("package", ())),
        path=_texts(facts.get("path", ())),
        reason=clean(facts.get("reason", ""), 1000),
        owner=clean(facts.get("owner", ""), 200),
        expires=date.fromisoformat(facts["expires"]) if facts.get("expires") else None,
    )


def _texts(value: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _duration(text: str) -> timedelta:
    return timedelta(days=int(text[:-1])) if text.endswith("d") else timedelta(hours=int(text[:-1]))


def _merged(reference: str, folder: str, above: tuple[str, ...]) -> dict[str, Any]:
    """Return a checked document with everything it extends underneath it."""
    name, text, inner = _fetch(reference, folder, above)
    document = yaml.read(text, name)
    _validate(document)
    content: dict[str, Any] = {"version": 1}
    for index, parent in enumerate(document.value.get("extends", ())):
        if len(above) >= _DEEPEST:
            raise document.error(("extends", index), "policies extend each other too deeply", "Extend fewer.")
        try:
            base = _merged(parent, inner, (*above, name))
        except FileNotFoundError:
            raise document.error(("extends", index), f"there is no policy {parent!r}", _did_you_mean(parent, BUILT_IN)) from None
        content = _over(content, base)
    _override_rules(document, content)
    return _over(content, {key: value for key, value in document.value.items() if key not in ("extends", "rules")})


def _fetch(reference: str, folder: str, above: tuple[str, ...]) -> tuple[str, bytes, str]:
    """Return the name that messages use, the bytes, and the folder that its own references are relative to."""
    if reference in BUILT_IN:
        name = reference
        text = files("imagegate").joinpath("policy", "builtin", f"{reference}.yaml").read_bytes()
    else:
        if "://" in reference:
            raise PolicyError(
                f"{clean(reference, 200)}: policies are not fetched from the network yet",
                "Name a file, or: " + ", ".join(BUILT_IN),
            )
        name = os.path.normpath(os.path.join(folder, reference))
        try:
            with open(name, "rb") as file:
                text = file.read((1 << 20) + 1)
        except FileNotFoundError:
            if above:
                raise
            raise PolicyError(
                f"{clean(reference, 300)}: no such file",
                _did_you_mean(reference, BUILT_IN) or "Write one: imagegate policy init.",
            ) from None
        except OSError as error:
            raise PolicyError(f"{clean(reference, 300)}: {error.strerror}", "Name a readable file.") from None
    if name in above:
        raise PolicyError(f"{clean(name, 300)}:1:1: extends itself: {' → '.join((*above, name))}", "Break the circle.")
    return clean(name, 300), text, os.path.dirname(name)


def _validate(document: yaml.Document) -> None:
    """Raises PolicyError for the first thing in the file that is wrong, by its line."""
    found = list(schema.problems(document.value, schema.load("policy", "policy.schema.json")))
    found += _contradictions(document.value) if not found else []
    if found:
        errors = [document.error(problem.path, _placed(problem), _did_you_mean(problem.word, problem.known)) for problem in found]
        first = min(range(len(errors)), key=lambda index: _place_of(document, found[index].path))
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise PolicyError(errors[first].message + more, errors[first].hint or _hint(found[first]))


def _place_of(document: yaml.Document, path: Path) -> tuple[int, int]:
    while path not in document.places:
        path = path[:-1]
    return document.places[path]


def _placed(problem: schema.Problem) -> str:
    where = ".".join(str(step) for step in problem.path if not isinstance(step, int))
    return f"{where}: {problem.message}" if where and not problem.message.startswith("unknown key") else problem.message


def _contradictions(content: dict[str, Any]) -> Iterator[schema.Problem]:
    """What is well-formed and still cannot be meant."""
    seen: set[str] = set()
    for index, rule in enumerate(content.get("rules", ())):
        path: Path = ("rules", index)
        if rule["id"] in seen:
            yield schema.Problem((*path, "id"), f"the rule {rule['id']!r} is there twice")
        seen.add(rule["id"])
        for key, wanted in rule.get("match", {}).items():
            if reason := impossible(key, wanted):
                yield schema.Problem((*path, "match", key), f"can never hold: {reason}")
    evidence = content.get("evidence", {})
    if evidence.get("stale_database") == "ignore" and "database_max_age" in evidence:
        yield schema.Problem(("evidence", "database_max_age"), "contradicts `stale_database: ignore`")


def _override_rules(document: yaml.Document, content: dict[str, Any]) -> None:
    """A rule with an inherited id changes that rule; any other must be complete."""
    rules = [dict(rule) for rule in content.get("rules", ())]
    inherited = {rule["id"]: rule for rule in rules}
    for index, rule in enumerate(document.value.get("rules", ())):
        if rule["id"] in inherited:
            inherited[rule["id"]].update(rule)
            continue
        for key in ("match", "action"):
            if key not in rule:
                known = tuple(inherited)
                message = f"the rule {rule['id']!r} has no {key!r}" + (
                    ", and no policy it extends has a rule of that name" if known else ""
                )
                raise document.error(("rules", index), message, _did_you_mean(rule["id"], known) or f"Add `{key}:`.")
        rules.append(rule)
    if rules:
        content["rules"] = rules
    waivers = document.value.get("waivers", {})
    required = waivers.get("require", content.get("waivers", {}).get("require", DEFAULT_REQUIRED))
    for index, waiver in enumerate(waivers.get("list", ())):
        for key in required:
            if not str(waiver.get(key, "")).strip():
                raise document.error(
                    ("waivers", "list", index),
                    f"the waiver of {waiver['id']} has no {key!r}",
                    f"Add `{key}:`, or change `waivers.require`.",
                )
        waiver["_place"] = list(document.places[("waivers", "list", index)])
        waiver["_file"] = document.name


def _over(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    """Return `base` with what `top` says: sections key by key, waivers of both, rules by id."""
    merged = dict(base)
    for key, value in top.items():
        if key == "rules":
            rules = {rule["id"]: rule for rule in (*base.get("rules", ()), *value)}
            merged["rules"] = list(rules.values())
        elif isinstance(value, dict):
            section = {**base.get(key, {}), **value}
            if key == "waivers" and ("list" in base.get(key, {}) or "list" in value):
                section["list"] = [*base.get(key, {}).get("list", ()), *value.get("list", ())]
            merged[key] = section
        else:
            merged[key] = value
    return merged


def _check_waivers(content: dict[str, Any], today: date) -> None:
    """Hold every waiver against the longest life that the resolved policy allows, and drop the notes of places."""
    waivers = content.get("waivers", {})
    longest = waivers.get("max_days")
    for waiver in waivers.get("list", ()):
        (line, column), name = waiver.pop("_place"), waiver.pop("_file")
        if not longest:
            continue
        if "expires" not in waiver:
            raise PolicyError(
                f"{name}:{line}:{column}: the waiver of {waiver['id']} never ends, but max_days is {longest}", "Add `expires:`."
            )
        days = (date.fromisoformat(waiver["expires"]) - today).days
        if days > longest:
            latest = (today + timedelta(days=longest)).isoformat()
            raise PolicyError(
                f"{name}:{line}:{column}: the waiver of {waiver['id']} ends in {days} days, more than the {longest} of max_days",
                f"Its last day may be {latest}.",
            )


def _hint(problem: schema.Problem) -> str:
    if problem.hint:
        return problem.hint
    if problem.known:
        return f"Known: {', '.join(problem.known)}."
    return "See `imagegate policy show recommended` for a policy that is right."


def _did_you_mean(word: str, known: tuple[str, ...]) -> str:
    if not word or not known:
        return ""
    from difflib import get_close_matches

    close = get_close_matches(word, known, 1)
    return f"Did you mean {close[0]!r}?" if close else f"Known: {', '.join(known)}."
