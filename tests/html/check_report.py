#!/usr/bin/env python3
"""Opens report.html in headless Chromium and uses it: check_report.py PROGRAM FOLDER [SCREENSHOTS]

FOLDER is what `floodmark analyze datasets/sample` wrote. With SCREENSHOTS, pictures and the PDF are left there to be
looked at. Standard library only.
"""

import csv
import io
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from browser import Browser  # noqa: E402

HOSTILE = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "</script><script>alert(2)</script>",
    "=HYPERLINK(1)",
    "abc\u202egpj.exe",
    "{{ 7 * 7 }}",
    "' onfocus='alert(3)",
    "خبرگزاری تسنیم",
]
checks = faults = 0
# Bytes of one table that the page carries.
PAGE_BOUND = 1_500_000


def check(holds, fault):
    """Notes a fault instead of stopping, so that one run shows them all."""
    global checks, faults
    checks += 1
    if not holds:
        faults += 1
        print(f"check-report: {fault}", file=sys.stderr)
    return holds


def section(name):
    return f"document.getElementById('table-{name}')"


def show(page, name):
    """Scrolls a table into view and waits until the script has taken it apart."""
    page.run(f"{section(name)}.scrollIntoView()")
    page.wait(f"!{section(name)}.querySelector('.controls').hidden", f"table {name}")


def column(page, name, heading):
    """The cells of a column as they are shown."""
    return page.run(
        f"""(() => {{
            const heads = [...{section(name)}.querySelectorAll('thead th')].map((th) => th.textContent);
            const k = heads.indexOf({json.dumps(heading)});
            return [...{section(name)}.querySelectorAll('tbody tr')].map((tr) => tr.children[k].textContent);
        }})()"""
    )


def click(page, name, heading):
    page.run(f"[...{section(name)}.querySelectorAll('th button')].find((b) => b.textContent === {json.dumps(heading)}).click()")


def numbers(cells):
    return [float(cell) for cell in cells if cell]


def check_tables(page, folder):
    """Sorting, filtering, paging and columns of the table of alerts."""
    rows = list(csv.DictReader((folder / "alerts.csv").open(encoding="utf-8")))
    show(page, "alerts")
    check(len(column(page, "alerts", "onset")) == min(25, len(rows)), "alerts: not 25 rows on the first page")
    lifts = sorted(float(row["lift_pct"]) for row in rows if row["lift_pct"])
    click(page, "alerts", "lift_pct")
    check(numbers(column(page, "alerts", "lift_pct")) == lifts[:25], "alerts: not sorted upwards by number")
    click(page, "alerts", "lift_pct")
    check(numbers(column(page, "alerts", "lift_pct")) == lifts[::-1][:25], "alerts: not sorted downwards by number")
    order = page.run(f"{section('alerts')}.querySelector('th[aria-sort]').getAttribute('aria-sort')")
    check(order == "descending", f"alerts: aria-sort is {order}")
    page.run(f"{section('alerts')}.querySelector('.next').click()")
    check(numbers(column(page, "alerts", "lift_pct")) == lifts[::-1][25:50], "alerts: the second page is another one")
    click(page, "alerts", "alert_id")
    click(page, "alerts", "net_lift_pct")
    page.run(f"""(() => {{ const i = {section('alerts')}.querySelector('input'); i.value = 'tass us';
        i.dispatchEvent(new Event('input')); }})()""")
    found = [row for row in rows if "tass" in ",".join(row.values()).lower() and "us" in ",".join(row.values()).lower()]
    status = page.run(f"{section('alerts')}.querySelector('.status').textContent")
    check(f"of {len(found)} rows" in status, f"alerts: the filter leaves '{status}', not {len(found)} rows")
    check(all("TASS" in outlet for outlet in column(page, "alerts", "outlet")), "alerts: the filter lets others through")
    hidden = f"{section('alerts')}.querySelectorAll('thead th.extra')[0].getClientRects().length === 0"
    check(page.run(hidden), "alerts: more than the main columns are shown at first")
    page.run(f"{section('alerts')}.querySelector('.columns').click()")
    check(not page.run(hidden), "alerts: the button does not show all columns")


def check_downloads(browser, page, folder, scratch):
    """Every table comes down as the bytes of its file."""
    browser.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(scratch))
    tables = page.run("[...document.querySelectorAll('section.table')].map((s) => [s.dataset.table, s.dataset.file])")
    written = {path.name for path in folder.glob("*.csv")} - {"series.csv"}
    check({file for _, file in tables} == written, f"tables in the page: {tables}, in the folder: {sorted(written)}")
    for name, file in tables:
        show(page, name)
        page.click(f"{section(name)}.querySelector('.download')")
        came, whole = scratch / file, (folder / file).read_bytes()
        # A table beyond the page's bound comes with its first rows, as the page says.
        carried = page.run(f"JSON.parse(document.getElementById('data-{name}').textContent)").encode()
        cut = len(whole) > PAGE_BOUND and len(carried) > PAGE_BOUND // 2 and whole.startswith(carried)
        expected = carried if cut else whole
        until = time.monotonic() + 60
        while time.monotonic() < until and not (came.exists() and came.stat().st_size == len(expected)):
            time.sleep(0.05)
        got = came.read_bytes() if came.exists() else b""
        check(got == expected, f"{file}: downloaded as {len(got)} other bytes, expected {len(expected)}")


def check_charts(page):
    """Pointer and keys tell the period; every picture has a title and a description."""
    page.run("document.querySelector('#alerts svg').scrollIntoView({block: 'center'})")
    box = page.run("(() => { const b = document.querySelector('#alerts svg').getBoundingClientRect(); return [b.x, b.y, b.width, b.height]; })()")
    told = "document.querySelector('#alerts .readout').textContent"
    first = page.run(told)
    page.move(box[0] + 0.4 * box[2], box[1] + 0.5 * box[3])
    page.wait(f"{told} !== {json.dumps(first)}", "the readout under the pointer")
    pointed = page.run(told)
    form = r"\d{4}-\d\d-\d\d.*: observed (unknown|[\d,.]+) · expected (unknown|[\d,.]+) · z (unknown|-?[\d,.]+)"
    check(re.fullmatch(form, pointed), f"chart: the pointer is told '{pointed}'")
    page.run("document.querySelector('#alerts input[type=range]').focus()")
    page.press("ArrowRight")
    page.wait(f"{told} !== {json.dumps(pointed)}", "the readout after a key")
    check(re.fullmatch(form, page.run(told)), f"chart: a key tells '{page.run(told)}'")
    spoken = page.run("document.querySelector('#alerts input[type=range]').getAttribute('aria-valuetext')")
    check(spoken == page.run(told), "chart: the slider speaks of another period than the readout")
    nameless = page.run("[...document.querySelectorAll('svg')].filter((s) => !s.querySelector('title')?.textContent || !s.querySelector('desc')?.textContent).length")
    check(nameless == 0, f"{nameless} charts without title or description")
    drawn = page.run("[...document.querySelectorAll('#alerts svg')].filter((s) => !s.querySelector('path.observed')?.getAttribute('d') && !s.querySelector('circle.observed')).length")
    check(drawn == 0, f"{drawn} charts of alerts without a line")


def check_structure(page):
    """Landmarks, headings, captions, names of controls, unique ids."""
    for what, count in (("header", 1), ("nav", 1), ("main", 1), ("h1", 1)):
        found = page.run(f"document.querySelectorAll('{what}').length")
        check(found == count, f"{found} elements {what}")
    check(page.run("document.documentElement.lang") == "en", "no language")
    bare = page.run("[...document.querySelectorAll('table')].filter((t) => !t.caption?.textContent).length")
    check(bare == 0, f"{bare} tables without a caption")
    bare = page.run("[...document.querySelectorAll('th')].filter((t) => !t.scope).length")
    check(bare == 0, f"{bare} headings of tables without a scope")
    bare = page.run("[...document.querySelectorAll('input')].filter((i) => !i.labels.length && !i.ariaLabel).length")
    check(bare == 0, f"{bare} inputs without a label")
    twice = page.run("(() => { const ids = [...document.querySelectorAll('[id]')].map((e) => e.id); return ids.filter((id, i) => ids.indexOf(id) !== i); })()")
    check(not twice, f"ids that are there twice: {twice[:5]}")
    dead = page.run("[...document.querySelectorAll('a[href^=\"#\"]')].map((a) => a.getAttribute('href').slice(1)).filter((id) => !document.getElementById(id))")
    check(not dead, f"links to nothing: {dead[:5]}")
    skips = page.run("(() => { const l = [...document.querySelectorAll('h1,h2,h3,h4')].map((h) => Number(h.tagName[1])); return l.filter((n, i) => i && n > l[i - 1] + 1).length; })()")
    check(skips == 0, f"{skips} headings skip a level")


CONTRAST = """(() => {
    const style = getComputedStyle(document.documentElement);
    const value = (name) => style.getPropertyValue(name).trim();
    const light = (hex) => {
        const full = hex.length === 4 ? [...hex.slice(1)].map((c) => c + c).join("") : hex.slice(1);
        const part = (i) => { const c = parseInt(full.slice(i, i + 2), 16) / 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
        return 0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4);
    };
    const ratio = (a, b) => { const [x, y] = [light(value(a)), light(value(b))].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
    const texts = ["--ink", "--soft", "--link", "--high", "--medium", "--low"].flatMap((n) => [[n, "--paper", 4.5], [n, "--panel", 4.5]]);
    const lines = ["--blue", "--red", "--purple", "--ink"].map((n) => [n, "--paper", 3]);
    return [...texts, ...lines].filter(([a, b, least]) => ratio(a, b) < least).map(([a, b]) => a + " on " + b + " " + ratio(a, b).toFixed(2));
})()"""


def check_phone(browser, report, pictures):
    page = browser.page(360, 740, mobile=True)
    page.open(report)
    for name in page.run("[...document.querySelectorAll('section.table')].map((s) => s.dataset.table)"):
        show(page, name)
        page.run(f"{section(name)}.querySelector('.columns')?.click()")
        wide = page.run("document.documentElement.scrollWidth")
        check(wide <= 360, f"phone: {wide} pixels wide once table {name} is shown")
    page.run("document.querySelectorAll('details').forEach((d) => (d.open = true))")
    wide = page.run("document.documentElement.scrollWidth")
    check(wide <= 360, f"phone: {wide} pixels wide")
    check(not (said := page.complaints()), f"phone: {said[:3]}")
    shoot(page, pictures, "phone", ["summary", "alerts", "table-alerts"])


def check_dark(browser, report, pictures):
    page = browser.page(scheme="dark")
    page.open(report)
    paper = page.run("getComputedStyle(document.body).backgroundColor")
    check(sum(map(int, re.findall(r"\d+", paper)[:3])) < 150, f"dark: the paper is {paper}")
    check(not (weak := page.run(CONTRAST)), f"dark: too little contrast: {weak}")
    shoot(page, pictures, "dark", ["summary", "alerts", "table-alerts"])


def shoot(page, pictures, name, places):
    if pictures is None:
        return
    for place in places:
        page.run(f"document.getElementById('{place}')?.scrollIntoView()")
        time.sleep(0.3)
        page.screenshot(pictures / f"{name}-{place}.png")


def check_sample(browser, folder, scratch, pictures):
    report = folder / "report.html"
    page = browser.page()
    seconds = page.open(report)
    check(seconds < 10, f"opening took {seconds:.1f} s")
    check(not (said := page.complaints()), f"on opening: {said[:3]}")
    shoot(page, pictures, "desktop", ["summary", "alerts", "tables", "method"])
    check(not (weak := page.run(CONTRAST)), f"too little contrast: {weak}")
    check_structure(page)
    check_charts(page)
    check_tables(page, folder)
    check_downloads(browser, page, folder, scratch)
    nodes = page.run("document.querySelectorAll('*').length")
    check(nodes < 60_000, f"{nodes} elements")
    pdf = page.pdf()
    check(pdf.startswith(b"%PDF") and len(pdf) > 50_000, "no PDF")
    if pictures is not None:
        (pictures / "report.pdf").write_bytes(pdf)
    check(not (said := page.complaints()), f"in use: {said[:3]}")
    check_phone(browser, report, pictures)
    check_dark(browser, report, pictures)


def hostile_result(program, scratch):
    """A result whose outlets have names that would like to be more than text."""
    quote = lambda text: '"' + text.replace('"', '""') + '"'  # noqa: E731
    registry = "domain,outlet,state,role,control,language,from,until,source\n" + "".join(
        f"d{i}.example,{quote(name)},IR,state,state-owned,en,,,x\n" for i, name in enumerate(HOSTILE)
    )
    rows = [
        f"{time.strftime('%Y-%m-%d', time.gmtime((19539 + day) * 86400))},d{i}.example,GB,{(1000 + 37 * (day * 7 + i) % 50) * (4 if 120 <= day < 130 else 1)}\n"
        for i in range(len(HOSTILE))
        for day in range(180)
    ]
    events = "date,end,name,states,countries,kind,source\n" + f"2023-10-29,,{quote(HOSTILE[1])},IR,,war,x\n"
    for name, text in (("traffic.csv", "date,domain,country,visits\n" + "".join(rows)), ("domains.csv", registry), ("events.csv", events)):
        (scratch / name).write_text(text, encoding="utf-8")
    command = [program, "analyze", "traffic.csv", "--domains", "domains.csv", "--events", "events.csv", "--charts", "none", "-q", "--now", "2030-01-01", "--out", "hostile"]
    done = subprocess.run(command, cwd=scratch, stdin=subprocess.DEVNULL)
    check(done.returncode == 0, f"hostile names: exit code {done.returncode}")
    return scratch / "hostile"


def heading_direction(page):
    """The direction of the heading that holds the Persian name: that of the page, not of the name."""
    return page.run("getComputedStyle([...document.querySelectorAll('.card h3')].find((h) => h.textContent.includes('تسنیم'))).direction")


def check_hostile(browser, program, scratch, pictures):
    folder = hostile_result(pathlib.Path(program).resolve(), scratch)
    alerts = list(csv.DictReader(io.StringIO((folder / "alerts.csv").read_text(encoding="utf-8"))))
    check(len({row["outlet"] for row in alerts}) > len(HOSTILE) // 2, "hostile names: too few alerts to see anything")
    page = browser.page()
    page.open(folder / "report.html")
    page.run("document.querySelectorAll('details').forEach((d) => (d.open = true))")
    show(page, "alerts")
    text = page.run("document.body.innerText")
    for name in HOSTILE:
        shown = any(name in row["outlet"] for row in alerts)
        check(not shown or name in text, f"hostile names: {name!r} is not shown as it is")
    check(page.run("document.querySelectorAll('img, iframe, object, embed').length") == 0, "hostile names: an element was made")
    check(page.run("document.querySelectorAll('script:not([type])').length") == 1, "hostile names: a script was made")
    handlers = page.run("[...document.querySelectorAll('*')].filter((e) => e.getAttributeNames().some((n) => n.startsWith('on'))).length")
    check(handlers == 0, "hostile names: a handler was made")
    persian = page.run("[...document.querySelectorAll('.card h3')].map((h) => h.firstChild).find((t) => t.textContent.includes('تسنیم'))?.textContent.trim()")
    check(persian and heading_direction(page) == "ltr", "hostile names: a Persian name turns the line it stands in")
    check(page.run("document.querySelectorAll('h3 bdi').length") == 0, "hostile names: a heading takes the direction of its name")
    check("49" not in page.run("[...document.querySelectorAll('.card h3')].map((h) => h.textContent.split(',')[0]).join(';')"), "hostile names: a template was run")
    check(not (said := page.complaints()), f"hostile names: {said[:3]}")
    check_downloads(browser, page, folder, scratch)
    shoot(page, pictures, "hostile", ["summary", "alerts", "table-alerts"])


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    pictures = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else None
    if pictures is not None:
        pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, Browser() as browser:
        scratch = pathlib.Path(scratch)
        for name in ("sample", "hostile-files"):
            (scratch / name).mkdir()
        check_sample(browser, folder, scratch / "sample", pictures)
        check_hostile(browser, program, scratch / "hostile-files", pictures)
    print(f"check-report: {checks} checks, {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
