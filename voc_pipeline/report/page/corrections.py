"""What an audit makes of the shares of groups, in words: beside a share, under a table, and where groups or scores are compared."""

from __future__ import annotations

from voc_pipeline.report.page.phrases import Phrases, View
from voc_pipeline.report.reading import detail, interval

SAID = ("weak", "contradicted")
"""Reasons told beside the share; of an audit that read too few the note under the table speaks."""
NOTHING: View = {"corrected": "", "how": "", "supposed": False}


def beside(phrases: Phrases, scope: str, key: str, name: str) -> View:
    """What stands beside a group's share: the corrected one, how it was, and whether it supposes that the model errs there as it does overall."""
    t, f = phrases.t, phrases.f
    found, refused = f.get("audit_group", f"{scope}={key}", name), f.uncorrected(scope, key, name)
    if found is None:
        why = str(detail(refused, "refused", ""))
        return {**NOTHING, "corrected": t("audit.group.refused"), "how": t(f"audit.group.{why}")} if why in SAID else NOTHING
    estimate, channel = interval(found), phrases.channel(str(detail(found, "channel", "")))
    where = [str(detail(found, f"{rate}_on")) for rate in ("sensitivity", "specificity")]
    read = [t.number(float(detail(found, f"{rate}_n", 0))) for rate in ("sensitivity", "specificity")]
    missed, wrongly = (t(f"audit.group.{one}", channel=channel, n=n) for one, n in zip(where, read, strict=True))
    said = [t("audit.group.how.both", where=missed) if missed == wrongly else t("audit.group.how", missed=missed, wrongly=wrongly)]
    said += [t("audit.group.supposed")] if "all" in where else []
    said += [t("audit.group.clipped", bound=t.percent(estimate.value, 0))] if detail(found, "clipped") else []
    text = f"{t('audit.beside.now')} {t.percent(estimate.value)} ({phrases.ends('share', estimate)})"
    return {"corrected": text, "how": " ".join(said), "supposed": "all" in where}


def note(phrases: Phrases) -> str:
    """What the corrected shares of groups stand on; empty where there is none."""
    return phrases.t("audit.group.note") if _any(phrases) else phrases.t("audit.group.none") if _asked(phrases) else ""


def attenuated(phrases: Phrases) -> str:
    """What the model's errors do to differences and slopes, with the size of it where an audit has measured it."""
    t = phrases.t
    rates = [phrases.f.get("audit", "not_valued=yes", name) for name in ("sensitivity", "specificity")]
    told = [float(rate.value) for rate in rates if rate is not None]
    if len(told) == len(rates) and detail(phrases.f.get("audit", "", "sample"), "same_model", False):
        return f"{t('attenuated')} {t('attenuated.measured', x=t.number(sum(told) - 1, 2))}"
    return t("attenuated")


def _any(phrases: Phrases) -> bool:
    names = {name for key in phrases.f.keys("audit_group") for name in phrases.f.of("audit_group", key)}
    return any(not name.endswith(".refused") for name in names)


def _asked(phrases: Phrases) -> bool:
    return bool(phrases.f.keys("audit_group"))
