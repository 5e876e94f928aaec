from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from invented_store import CONFIG, InventedStore

from voc_pipeline import report

REMEDY = "Chromium is not installed, and the report is looked at in a real browser. Remedy: apt-get update && apt-get install -y chromium"
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync "
    "--disable-dev-shm-usage --hide-scrollbars --enable-logging=stderr --v=0 --virtual-time-budget=5000"
).split()


def chromium(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the browser in a home of its own; ends it and all it started."""
    binary = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)
    if binary is None:
        pytest.fail(REMEDY, pytrace=False)
    with tempfile.TemporaryDirectory(prefix="voc-browser-", ignore_cleanup_errors=True) as home:
        command = [binary, *FLAGS, "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={home}", *arguments]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
            try:
                out, err = process.communicate(timeout=240)
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(command, process.returncode, out, err)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The French report of the invented year."""
    return report.write_html(InventedStore(), CONFIG, "run-0002", tmp_path_factory.mktemp("browser"), "fr")


@pytest.fixture(scope="module")
def seen(page: Path) -> dict[str, Any]:
    """What a probe put into the page saw at 390 pixels: requests, refusals, the view of each address, what is too wide."""
    html = page.read_text(encoding="utf-8")
    anchors = [found.group(1) for pattern in ANCHORS if (found := re.search(pattern, html))]
    assert len(anchors) == len(ANCHORS)
    probed = page.with_name("probed.html")
    listener = "<script>window.refused=[];addEventListener('securitypolicyviolation',e=>refused.push(e.blockedURI));addEventListener('error',e=>refused.push(e.message))</script>"
    script = PROBE.replace("ANCHORS", json.dumps(anchors))
    probed.write_text(html.replace("<style>", listener + "<style>", 1).replace("</body>", f"<script>{script}</script></body>"), encoding="utf-8")
    phone = page.with_name("phone.html")  # a browser's own window is never as narrow
    phone.write_text(
        f"<!doctype html><script>addEventListener('message',e=>document.documentElement.dataset.seen=e.data)</script><iframe src='{probed.name}' width=390 height=844 style='border:0'></iframe>",
        encoding="utf-8",
    )
    run = chromium("--dump-dom", phone.as_uri())
    found = re.search(r'data-seen="([^"]*)"', run.stdout)
    assert run.returncode == 0 and found, run.stderr[-2000:]
    told: dict[str, Any] = json.loads(unescape(found.group(1)))
    return told


ANCHORS = (
    r'<details class="record-details" id="([^"]+)"',
    r'<details class="cell" id="(cell-[^"]+)"',
    r'<details class="cell" id="(code-[^"]+)"',
    r'<h3 class="h2" id="(quality)"',
)
PROBE = """
addEventListener("load", async () => {
  const seen = {width: innerWidth, places: {}, wide: []};
  const turn = () => new Promise((done) => setTimeout(done, 60));
  const shown = () => [...document.querySelectorAll(".view")].filter((view) => !view.hidden).map((view) => view.id);
  seen.first = shown();
  for (const id of ANCHORS) {
    location.hash = id;
    await turn();
    const target = document.getElementById(id);
    seen.places[id] = {views: shown(), open: target.matches("details") ? target.open : null, current: document.querySelector("[aria-current]").hash};
  }
  const rows = () => [...document.getElementById("irritant-table").tBodies];
  const sort = document.querySelector('th[data-sort="share"] button');
  sort.click();
  seen.shares = rows().map((row) => Number(row.dataset.share));
  const form = document.querySelector("form[data-filters]");
  form.elements.text.value = "PRÉLEVEMENT";
  form.dispatchEvent(new Event("input", {bubbles: true}));
  seen.kept = rows().filter((row) => !row.hidden).map((row) => row.textContent.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase().includes("prelevement"));
  seen.hidden = rows().filter((row) => row.hidden).length;
  form.reset();
  form.dispatchEvent(new Event("input", {bubbles: true}));
  for (const view of document.querySelectorAll(".view")) view.hidden = false;
  for (const one of document.querySelectorAll(".opens details, .record-details, .quotes")) one.open = true;
  for (const one of document.querySelectorAll("body *")) {
    if (one.checkVisibility() && !one.closest(".scroll,.masthead nav,.unseen,svg,.skip,thead") && one.getBoundingClientRect().right > document.documentElement.clientWidth + 1) seen.wide.push(one.tagName + "." + one.className);
  }
  seen.scrolls = document.documentElement.scrollWidth;
  seen.asked = performance.getEntriesByType("resource").map((one) => one.name).filter((name) => !name.startsWith("data:"));
  seen.refused = refused;
  parent.postMessage(JSON.stringify(seen), "*");
});
"""


def test_the_page_loads_without_an_error(page: Path) -> None:
    """In a real browser the script runs and shows the first view alone, the heads of the table become buttons, and the console stays silent."""
    run = chromium("--dump-dom", page.as_uri())
    assert run.returncode == 0, run.stderr[-2000:]
    assert not re.findall(r".*CONSOLE.*", run.stderr)
    assert re.search(r'<html lang="fr" class="js">', run.stdout)
    assert len(re.findall(r'<section class="view"[^>]* hidden=""', run.stdout)) == 7
    assert run.stdout.count('<button type="button">') == 8


def test_the_page_asks_for_nothing(seen: dict[str, Any]) -> None:
    """Not one request is made, and the page's own policy has nothing to refuse."""
    assert seen["asked"] == [] and seen["refused"] == []


def test_a_link_opens_its_view_and_its_quotes(seen: dict[str, Any]) -> None:
    """The address of an irritant, of a heat map's cell or of a section shows the right view, with the quotes open."""
    assert seen["first"] == ["essentials"]
    views = [place["views"] for place in seen["places"].values()]
    assert views == [["product"], ["product"], ["marketing"], ["method"]]
    assert [place["open"] for place in seen["places"].values()] == [True, True, True, None]
    assert [place["current"] for place in seen["places"].values()] == ["#product", "#product", "#marketing", "#method"]


def test_irritants_sort_and_filter(seen: dict[str, Any]) -> None:
    """A press on a head sorts the largest first; a word, whatever its accents and case, keeps the rows that hold it."""
    assert seen["shares"] == sorted(seen["shares"], reverse=True)
    assert seen["kept"] and all(seen["kept"]) and seen["hidden"]


def test_the_page_fits_a_phone(seen: dict[str, Any]) -> None:
    """At 390 pixels nothing but tables, which scroll by themselves, is wider than the screen."""
    assert seen["width"] == 390
    assert seen["wide"] == [] and seen["scrolls"] == 390


def test_the_page_prints_whole(page: Path, tmp_path: Path) -> None:
    """Printing gives a PDF of a few pages that holds all eight views."""
    file = tmp_path / "report.pdf"
    seen = chromium("--no-pdf-header-footer", f"--print-to-pdf={file}", page.as_uri())
    assert seen.returncode == 0 and file.read_bytes().startswith(b"%PDF")
    pages = len(re.findall(rb"/Type\s*/Page\b(?!s)", file.read_bytes()))
    assert 8 <= pages <= 60
