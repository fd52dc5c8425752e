// The drawer beside the audit log. A row's link opens there; the address is the entry's own, Back closes it, and the focus
// goes back to the row. Without JavaScript the same link is a page.
"use strict";

(() => {
  const drawer = document.getElementById("audit-drawer");
  if (!drawer) return;
  const list = document.getElementById("audit-list");
  const listPath = location.pathname + location.search;
  const ENTRY = /^\/audit\/(\d+)\/$/;
  const isOpen = () => !drawer.hidden;
  const rows = () => [...list.querySelectorAll(".row-link")];
  let shown = null;

  async function show(path, how) {
    await htmx.ajax("GET", path, { target: "#audit-drawer", swap: "innerHTML", ...how });
    const title = drawer.querySelector("#entry-title");
    // A refusal is told above the page instead.
    if (!title || !drawer.querySelector("#audit-entry")) return;
    shown = ENTRY.exec(path)[1];
    drawer.hidden = false;
    drawer.scrollTop = 0;
    list.inert = matchMedia("(max-width: 760px)").matches;
    for (const row of rows()) {
      const isShown = row.id === `entry-${shown}`;
      row.closest("tr").classList.toggle("is-shown", isShown);
      if (isShown) row.closest("tr").scrollIntoView({ block: "nearest" });
    }
    title.focus({ preventScroll: true });
  }

  function hide() {
    drawer.hidden = true;
    drawer.replaceChildren();
    list.inert = false;
    for (const row of rows()) row.closest("tr").classList.remove("is-shown");
    (document.getElementById(`entry-${shown}`) ?? rows()[0])?.focus();
    shown = null;
  }

  // One step in the history, however many entries are looked at.
  const open = (path) => show(path, isOpen() ? { replace: "true" } : { push: "true" });
  const close = () => history.back();

  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const link = event.target.closest("a");
    if (!link || !(list.contains(link) || drawer.contains(link))) return;
    if ("drawerClose" in link.dataset) { event.preventDefault(); close(); return; }
    if (link.origin !== location.origin || !ENTRY.test(link.pathname)) return;
    event.preventDefault();
    open(link.pathname);
  });

  // Before the page's own keys, which move the focus between rows.
  document.addEventListener("keydown", (event) => {
    if (!isOpen() || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest?.("input, textarea, select, [contenteditable]")) return;
    if (event.key === "Escape") { event.preventDefault(); close(); }
    if (event.key !== "j" && event.key !== "k") return;
    event.preventDefault();
    const all = rows();
    const next = all[all.findIndex((row) => row.id === `entry-${shown}`) + (event.key === "j" ? 1 : -1)];
    if (next) open(next.pathname);
  }, true);

  document.addEventListener("htmx:before:history:restore", (event) => {
    const path = event.detail.path;
    if (path === listPath && isOpen()) { event.preventDefault(); hide(); }
    else if (ENTRY.test(path)) { event.preventDefault(); show(path, {}); }
  });
})();
