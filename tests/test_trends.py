from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm
from test_prioritise import AS_OF, KIND, telling, voice

from benchmarks.trends import WORLDS, exact, false_alarms, ours, power, simulate
from voc_pipeline.config import Config, Priority, load_config
from voc_pipeline.errors import ConfigError
from voc_pipeline.prioritise import measure
from voc_pipeline.prioritise.rates import common_dispersion, negative_binomial_ratio, rate
from voc_pipeline.schema import Metric

RECENT = np.arange(16) >= 12


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_flat_weeks_ring_no_more_than_promised(world: object) -> None:
    """Where nothing changes, whatever makes weeks uneven, runs with an alert are no more than the one in ten that q promises."""
    assert false_alarms(world, runs=40, seed=5)["ours"] <= 0.2  # type: ignore[arg-type]  # binomial(40, 0.10) exceeds 8 once in 60


def test_weeks_that_differ_fool_the_exact_test_and_not_ours() -> None:
    """Where weeks differ by more than chance, a test of two Poisson counts cries wolf in a third of runs at least; the regression of weeks does not."""
    rng = np.random.default_rng(3)
    runs = [simulate(rng, WORLDS[3]) for _ in range(40)]
    assert sum(any(exact(*run)) for run in runs) >= 13
    assert sum(any(ours(*run)) for run in runs) <= 8


def test_planted_growth_rings() -> None:
    """A rate that triples is found four times in five from some sixty verbatims on, and seldom when only a dozen tell of it in weeks that differ."""
    assert power(WORLDS[1], 64, 3.0, runs=25, seed=1) >= 0.8
    assert power(WORLDS[4], 12, 1.5, runs=25, seed=1) <= 0.2


def test_regression_of_weeks_is_the_textbooks() -> None:
    """Without extra variance the ratio is that of Poisson regression; with it the ratio stays and the interval is wider."""
    rng = np.random.default_rng(2)
    base = rng.uniform(200, 600, 16)
    counts = rng.poisson(0.05 * base * np.where(RECENT, 2.0, 1.0)).astype(float)
    plain, alpha = negative_binomial_ratio(counts, base, RECENT)
    oracle = sm.GLM(counts, sm.add_constant(RECENT.astype(float)), family=sm.families.Poisson(), offset=np.log(base)).fit()
    assert alpha == 0 and plain.value == pytest.approx(float(np.exp(oracle.params[1])))
    wider, used = negative_binomial_ratio(counts, base, RECENT, common=0.3, trust=28)
    assert used == pytest.approx(0.2) and wider.value == pytest.approx(plain.value, rel=0.2)
    assert wider.low is not None and wider.high is not None and plain.low is not None and plain.high is not None
    assert wider.low < plain.low < plain.high < wider.high


def test_common_dispersion_finds_the_planted_one() -> None:
    """The extra variance that records share is found, and is none where counts vary by chance alone; no record, no variance."""
    rng = np.random.default_rng(9)
    base = np.full(16, 500.0)
    shaken = [rng.poisson(30 * rng.gamma(4, 0.25, 16)).astype(float) for _ in range(60)]
    assert common_dispersion(shaken, base, RECENT) == pytest.approx(0.25, abs=0.05)
    assert common_dispersion([rng.poisson(30, 16).astype(float) for _ in range(60)], base, RECENT) < 0.01
    assert common_dispersion([], base, RECENT) == 0


def test_rate_is_exact() -> None:
    """A rate has Garwood's interval, wider where customers repeat themselves, and starts at zero where nobody tells."""
    value, low, high = rate(10, 1000)
    assert (value, low, high) == (0.01, pytest.approx(0.004795, abs=1e-6), pytest.approx(0.018390, abs=1e-6))
    _, wide_low, wide_high = rate(10, 1000, dispersion=4)
    assert wide_low < low < high < wide_high
    assert rate(0, 1000)[:2] == (0, 0)


# ---------------------------------------------------------------- against contacts


def measured(contacts: dict[tuple[str, str], float]) -> dict[tuple[str, str], Metric]:
    """A year where chats double in October, told by the same share of them throughout."""
    per_day = lambda day: 8 if day < 28 else 4  # noqa: E731  the last four weeks
    voices = [voice(100 * day + i, days=day) for day in range(112) for i in range(per_day(day))]
    tellings = [telling(100 * day + i) for day in range(112) for i in range(per_day(day)) if i % 4 == 0]
    metrics = measure(voices, tellings, Priority(), AS_OF, {"IRR-A": KIND}, contacts=contacts)
    return {(m.scope, m.name): m for m in metrics if m.scope in {"run", "irritant"}}


def months(**contacts: float) -> dict[tuple[str, str], float]:
    """The same contacts in each month of the year, by channel."""
    return {(f"2026-{month:02d}", channel): n for month in range(1, 11) for channel, n in contacts.items()}


def test_growth_is_of_what_stands_behind_it() -> None:
    """Twice the verbatims from twice the voices is no growth; twice the verbatims from the same contacts is, and the base is named."""
    by_voice, by_contact = measured({})["irritant", "rate_ratio"], measured(months(chat=3000))["irritant", "rate_ratio"]
    assert (by_voice.detail["base"], by_voice.detail["alert"]) == ("verbatims", False)
    assert (by_contact.detail["base"], by_contact.detail["alert"]) == ("contacts", True)
    assert by_contact.value == pytest.approx(2, rel=0.05)


def test_rate_per_contact() -> None:
    """Records get a rate per thousand contacts of the months and channels that are counted; verbatims of others stay out of it."""
    found = measured(months(chat=3000))
    assert found["run", "n_contacts"].value == 4 * 3000 and found["run", "n_contacts"].detail["channels"] == ["chat"]
    own = found["irritant", "contact_rate"]
    assert own.value == pytest.approx(1000 * found["irritant", "mentions"].value / 12000, rel=0.01)
    assert own.low is not None and own.high is not None and own.low < own.value < own.high
    other = measured(months(phone=3000))
    assert other["irritant", "contact_rate"].value == 0 and other["run", "n_contacts"].detail["outside"] == other["run", "n_verbatims"].value
    assert ("irritant", "contact_rate") not in measured({})


def test_contacts_with_a_hole_are_no_base() -> None:
    """Where a month or a channel's month is missing, trends go back to verbatims rather than see a fall or a rise that is only a hole."""
    whole = months(chat=3000, phone=500)
    assert measured(whole)["irritant", "rate_ratio"].detail["base"] == "contacts"
    for hole in (("2026-09", "chat"), ("2026-09", "phone")):
        assert measured({key: n for key, n in whole.items() if key != hole})["irritant", "rate_ratio"].detail["base"] == "verbatims"


def settings_with(folder: Path, csv: str) -> Config:
    """Settings that name a file of contacts."""
    (folder / "contacts.csv").write_text(csv, encoding="utf-8")
    (folder / "voc.yaml").write_text(
        "project: p\nexposure: contacts.csv\nsources: [{name: a, kind: review, path: a.csv, fields: {id: i, text: t}}]\n", encoding="utf-8"
    )
    return load_config(folder / "voc.yaml")


def test_contacts_are_read_with_the_settings(tmp_path: Path) -> None:
    """The file of contacts is read with the settings, commas or semicolons between its columns, in any order."""
    for csv in ("month,channel,contacts\n2026-09,chat,1200\n", "contacts;month;channel\n1200;2026-09;chat\n"):
        (one,) = settings_with(tmp_path, csv).exposure  # type: ignore[misc]  # a path no more
        assert (one.month, one.channel, one.contacts) == ("2026-09", "chat", 1200)


@pytest.mark.parametrize(
    ("csv", "says"),
    [
        ("month,channel\n2026-09,chat\n", "no column 'contacts'"),
        ("", "no column 'month'"),
        ("month,channel,contacts\nSept,chat,3\n", "line 2: month"),
        ("month,channel,contacts\n2026-09,chat,-3\n", "line 2: contacts"),
        ("month,channel,contacts\n2026-09,chat\n", "line 2: contacts"),
        ("month,channel,contacts\n2026-09,chat,3\n2026-09,chat,4\n", "a second time"),
    ],
)
def test_bad_contacts_are_refused(tmp_path: Path, csv: str, says: str) -> None:
    """A file of contacts that cannot be used is refused with its line and what is wrong there."""
    with pytest.raises(ConfigError, match=says):
        settings_with(tmp_path, csv)


def test_missing_contacts_are_refused(tmp_path: Path) -> None:
    """A file of contacts that is not there is named."""
    settings_with(tmp_path, "month,channel,contacts\n2026-09,chat,1\n")
    (tmp_path / "contacts.csv").unlink()
    with pytest.raises(ConfigError, match=r"contacts\.csv"):
        load_config(tmp_path / "voc.yaml")


def test_days_and_weeks_agree() -> None:
    """The last day of the run is in the last recent week, and the day before the first week is in none."""
    found = measure(
        [voice(i, days=days) for i, days in enumerate((0, 27, 28, 111, 112))], [telling(i) for i in range(5)], Priority(), AS_OF, {"IRR-A": KIND}
    )
    detail = next(m.detail for m in found if m.name == "rate_ratio")
    assert (detail["recent"], detail["baseline"], detail["baseline_weeks"]) == (2, 2, 12)
