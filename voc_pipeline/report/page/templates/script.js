(() => {
  "use strict";
  const root = document.documentElement;
  const views = [...document.querySelectorAll(".view")];
  const links = [...document.querySelectorAll(".masthead nav a")];

  // One view at a time; a link to anything inside another view opens that view, and the details it lies in.
  function show(first) {
    const id = decodeURIComponent(location.hash.slice(1));
    const target = id ? document.getElementById(id) : null;
    const view = (target && target.closest(".view")) || views[0];
    for (const one of views) one.hidden = one !== view;
    for (const link of links) {
      if (link.hash === "#" + view.id) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    if (!target) { if (!first) window.scrollTo(0, 0); return; }
    if (target === view) { window.scrollTo(0, 0); return; }
    if (target.matches(".cell")) for (const other of target.parentElement.children) other.open = other === target;
    for (let up = target; up; up = up.parentElement) if (up.matches("details")) up.open = true;
    const record = target.closest(".record");
    if (record) record.hidden = false;
    (record || target).scrollIntoView({block: target.matches(".cell") ? "nearest" : "start"});
    const summary = target.matches("details") && target.querySelector("summary");
    if (summary && !first) summary.focus({preventScroll: true});
  }
  root.classList.add("js");
  addEventListener("hashchange", () => show(false));
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link && link.hash === location.hash) { event.preventDefault(); show(false); }
  });
  show(true);

  // Sorting: the heads become buttons; the first press gives the most telling order.
  const language = root.lang;
  for (const table of document.querySelectorAll("table.sortable")) {
    for (const head of table.querySelectorAll("th[data-sort]")) {
      const key = head.dataset.sort;
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.textContent = "";
      head.append(button);
      if (key === "rank") head.setAttribute("aria-sort", "ascending");
      button.addEventListener("click", () => {
        const before = head.getAttribute("aria-sort");
        const words = key === "label" || key === "rank" || key === "stage" || key === "gap";
        const order = before === "ascending" ? -1 : before === "descending" ? 1 : words ? 1 : -1;
        for (const other of table.querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", order > 0 ? "ascending" : "descending");
        const rows = [...table.tBodies];
        const value = (row) => row.dataset[key];
        rows.sort((a, b) => {
          const [x, y] = [value(a), value(b)];
          if (x === y) return a.dataset.rank - b.dataset.rank;
          if (x === "" || y === "") return x === "" ? 1 : -1;
          const numbers = x !== "" && y !== "" && !isNaN(x) && !isNaN(y);
          return order * (numbers ? x - y : x.localeCompare(y, language));
        });
        table.append(...rows);
      });
    }
  }

  // Filters.
  const fold = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
  for (const form of document.querySelectorAll("form[data-filters]")) {
    const rows = [...document.getElementById(form.dataset.filters).tBodies];
    const said = form.querySelector("output");
    const filter = () => {
      const wanted = new FormData(form);
      const text = fold(wanted.get("text") || "");
      let n = 0;
      for (const row of rows) {
        let keep = !text || fold(row.textContent).includes(text);
        for (const name of ["stage", "gap", "owner"]) if (wanted.get(name) && row.dataset[name] !== wanted.get(name)) keep = false;
        if (wanted.get("rising") && row.dataset.rising !== "1") keep = false;
        row.hidden = !keep;
        n += keep;
      }
      said.textContent = (n === 1 ? said.dataset.one : said.dataset.many).replace("{n}", n);
    };
    form.addEventListener("input", filter);
    form.addEventListener("submit", (event) => event.preventDefault());
    filter();
  }
})();
