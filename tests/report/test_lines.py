"""What is prepared once reads back like what is encoded as a whole."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagegate.report.lines import Form, Ready, dumps, encode, listed, quoted, recall

FORM = Form({"id": "<id>", "50%": "100 %(id)s", "list": ["<one>", None], "texts": "<texts>"})


@given(st.text(), st.text(), st.lists(st.text()))
def test_a_form_gives_back_what_was_put_into_it(one: str, other: str, texts: list[str]) -> None:
    text = FORM.fill(id=quoted(one), one=encode({"x": other}), texts=listed(texts))

    assert json.loads(text) == {"id": one, "50%": "100 %(id)s", "list": [{"x": other}, None], "texts": texts}
    assert dumps([Ready(text)], 1) == f"[\n {text}\n]\n"


def test_a_value_that_is_ready_is_never_encoded_again() -> None:
    with pytest.raises(TypeError):
        dumps([[Ready("1")]], 1)


def test_what_is_remembered_is_not_mixed_up() -> None:
    assert [recall(value) for value in (True, 1, 1.0, False, 0, None, "1")] == ["true", "1", "1.0", "false", "0", "null", '"1"']
