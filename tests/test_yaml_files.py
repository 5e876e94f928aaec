"""YAML that people write: what is wrong with it is told with its file and its line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from voc_pipeline.config import load_config
from voc_pipeline.errors import ConfigError, EditError, VocError
from voc_pipeline.yaml_files import parsed


@pytest.mark.parametrize("text", ["a: 2026-02-31", "a: !!timestamp demain", "- 2026-05-20\n- [{b: 2025-13-10}]"])
def test_a_day_that_is_none_is_told_with_its_line(text: str) -> None:
    """A day that no calendar has is an error of the kind asked for, wherever it stands in the file."""
    with pytest.raises(
        EditError, match=rf"a\.yaml: line {text.count(chr(10)) + 1}: .* is no day\. Expected: a day of the calendar, such as 2026-05-20"
    ):
        parsed(text, Path("a.yaml"), EditError)


def test_what_is_no_number_is_told() -> None:
    """A value that is written as a number and is none is told in the same way."""
    with pytest.raises(VocError, match=r"line 2: '0x_' cannot be read"):
        parsed("a: 1\nb: 0x_", Path("a.yaml"), VocError)


def test_a_broken_form_is_told_and_a_good_one_read() -> None:
    """What is no YAML says where; days that exist are days, quoted ones stay words."""
    with pytest.raises(VocError, match=r"a\.yaml: not valid YAML: .*line 1"):
        parsed("a: [1", Path("a.yaml"), VocError)
    assert parsed("{a: 2026-02-28, b: '2026-02-31'}", Path("a.yaml"), VocError) == {"a": date(2026, 2, 28), "b": "2026-02-31"}


def test_a_setting_that_is_no_day_is_told(tmp_path: Path) -> None:
    """The settings file says so too, with the line."""
    (tmp_path / "voc.yaml").write_text("project: x\nuntil: 2026-02-31\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"voc\.yaml: line 2: '2026-02-31' is no day"):
        load_config(tmp_path / "voc.yaml")
