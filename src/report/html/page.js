"use strict";
(() => {
  document.documentElement.classList.add("scripted");
  const PAGE = 25;
  const format = new Intl.NumberFormat("en", { maximumSignificantDigits: 6 });
  const data = (id) => JSON.parse(document.getElementById("data-" + id).textContent);

  // Charts: the period under the pointer, or the one chosen with the slider, in words and as a mark.
  const moment = (seconds, step) => {
    const text = new Date(seconds * 1000).toISOString();
    return step % 86400 === 0 ? text.slice(0, 10) : text.slice(0, 16).replace("T", " ") + " UTC";
  };

  const chart = (svg, points) => {
    const place = (name) => Number(svg.dataset[name]);
    const [left, right, top, bottom] = ["left", "right", "top", "bottom"].map(place);
    const periods = points.values[0].length;
    const readout = svg.parentElement.querySelector(".readout");
    const slider = svg.parentElement.querySelector("input");
    const cursor = svg.querySelector(".cursor");
    const [line, dot] = cursor.children;

    const words = (i) => {
      const value = (name, k) => name + " " + (points.values[k][i] === null ? "unknown" : format.format(points.values[k][i]));
      return moment(points.start + i * points.step, points.step) + ": " + points.names.map(value).join(" · ");
    };
    const mark = (i) => {
      const x = left + ((i + 0.5) / periods) * (right - left);
      line.setAttribute("x1", x);
      line.setAttribute("x2", x);
      const value = points.values[0][i];
      dot.setAttribute("visibility", value === null ? "hidden" : "visible");
      if (value !== null) {
        const part = Math.min(1, Math.max(0, value / points.high)) * (bottom - top);
        dot.setAttribute("cx", x);
        dot.setAttribute("cy", points.ranks ? top + part : bottom - part);
      }
      cursor.removeAttribute("hidden");
    };
    const show = (i) => {
      slider.value = i;
      const text = words(i);
      slider.setAttribute("aria-valuetext", text);
      readout.textContent = text;
      mark(i);
    };
    slider.max = periods - 1;
    slider.value = points.at;
    slider.setAttribute("aria-valuetext", readout.textContent);
    slider.hidden = false;
    slider.addEventListener("input", () => show(Number(slider.value)));
    slider.addEventListener("focus", () => show(Number(slider.value)));
    svg.addEventListener("pointermove", (event) => {
      const box = svg.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * svg.viewBox.baseVal.width;
      const i = Math.floor(((x - left) / (right - left)) * periods);
      show(Math.min(periods - 1, Math.max(0, i)));
    });
  };

  const charts = data("charts");
  for (const svg of document.querySelectorAll("svg[data-chart]")) chart(svg, charts[svg.dataset.chart]);

  // Tables: the text of the file, taken apart once, when the table is first used.
  const rowsOf = (text) => {
    const rows = [];
    let row = [], cell = "", quoted = false;
    for (let i = 0; i < text.length; i++) {
      const c = text[i];
      if (quoted) {
        if (c !== '"') cell += c;
        else if (text[i + 1] === '"') (cell += c), i++;
        else quoted = false;
      } else if (c === '"') quoted = true;
      else if (c === ",") row.push(cell), (cell = "");
      else if (c === "\n") row.push(cell), rows.push(row), (row = []), (cell = "");
      else if (c !== "\r") cell += c;
    }
    if (cell !== "" || row.length > 0) row.push(cell), rows.push(row);
    return rows;
  };

  // Numbers by size, anything else as words; what is unknown comes last in either direction.
  const order = (column, sign) => (a, b) => {
    const [x, y] = [a[column] ?? "", b[column] ?? ""];
    if (x === "" || y === "") return (x === "") - (y === "");
    const [p, q] = [Number(x), Number(y)];
    if (!Number.isNaN(p) && !Number.isNaN(q)) return sign * (p - q);
    return sign * (x < y ? -1 : x > y ? 1 : 0);
  };

  const table = (section) => {
    const grid = section.querySelector(".scroll table");
    const text = data(section.dataset.table);
    section.querySelector(".controls").hidden = false;
    section.querySelector(".download").addEventListener("click", () => download(section, text));
    const columns = section.querySelector(".columns");
    const filter = section.querySelector("input[type=search]");
    if (!grid) {
      columns.hidden = true;
      filter.parentElement.hidden = true;
      return;
    }
    const heads = [...grid.querySelectorAll("thead th")];
    const classes = heads.map((head) => head.className);
    const body = grid.querySelector("tbody");
    const status = section.querySelector(".status");
    const [previous, next] = [section.querySelector(".previous"), section.querySelector(".next")];
    const idColumn = heads.findIndex((head) => head.textContent === "alert_id");
    let all = null, shown = [], page = 0;

    const cell = (text, i) => {
      const td = document.createElement("td");
      td.className = classes[i] ?? "";
      const target = i === idColumn ? "alert-" + text : "";
      if (target && document.getElementById(target)) {
        const link = document.createElement("a");
        link.href = "#" + target;
        link.textContent = text;
        td.append(link);
      } else td.textContent = text;
      return td;
    };
    const draw = () => {
      const last = Math.max(0, Math.ceil(shown.length / PAGE) - 1);
      page = Math.min(page, last);
      const rows = shown.slice(page * PAGE, (page + 1) * PAGE);
      body.replaceChildren(...rows.map((row) => {
        const tr = document.createElement("tr");
        tr.append(...row.map(cell));
        return tr;
      }));
      const from = shown.length === 0 ? 0 : page * PAGE + 1;
      const of = shown.length === all.length ? "" : " (of " + format.format(all.length) + ")";
      status.textContent = `${format.format(from)}–${format.format(page * PAGE + rows.length)} of ${format.format(shown.length)} rows${of}`;
      previous.disabled = page === 0;
      next.disabled = page === last;
    };
    const load = () => {
      if (all === null) {
        all = rowsOf(text).slice(1);
        shown = all;
      }
    };
    const select = () => {
      load();
      const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
      const sorted = heads.findIndex((head) => head.hasAttribute("aria-sort"));
      shown = all.filter((row) => {
        const line = row.join("\u0000").toLowerCase();
        return words.every((word) => line.includes(word));
      });
      if (sorted >= 0) shown.sort(order(sorted, heads[sorted].getAttribute("aria-sort") === "ascending" ? 1 : -1));
      page = 0;
      draw();
    };

    heads.forEach((head) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const turn = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", turn);
        select();
      });
    });
    columns.hidden = !classes.some((name) => name.includes("extra"));
    columns.addEventListener("click", () => {
      const pressed = grid.classList.toggle("all");
      columns.setAttribute("aria-pressed", String(pressed));
    });
    filter.addEventListener("input", select);
    previous.addEventListener("click", () => (page--, draw()));
    next.addEventListener("click", () => (page++, draw()));
    section.querySelector(".pages").hidden = false;
    load();
    draw();
  };

  const download = (section, text) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    link.download = section.dataset.file;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };

  // A table is taken apart when it comes near the screen, so that a page with many opens at once.
  const sections = document.querySelectorAll("section.table");
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      watcher.unobserve(entry.target);
      table(entry.target);
    }
  }, { rootMargin: "800px" });
  sections.forEach((section) => watcher.observe(section));

  // A link to an alert that is folded away opens its fold.
  const unfold = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const fold = target && target.closest("details");
    if (fold && !fold.open) {
      fold.open = true;
      target.scrollIntoView();
    }
  };
  addEventListener("hashchange", unfold);
  unfold();
})();
