// Everything the pages do by themselves. Delegated listeners only: whatever is swapped in works at once.
// Each piece of behaviour hangs on a data- attribute; without JavaScript the links and forms under it still work.
"use strict";

(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const isTyping = (element) => Boolean(element?.closest("input, textarea, select, [contenteditable]"));
  const announce = (words) => { const region = $("#announcements"); if (region) region.textContent = words; };

  // -- keyboard: "/" searches, j and k move between rows, Enter opens (the row's link has the focus), Escape closes

  function moveRow(step) {
    const links = $$(".row-link").filter((link) => link.offsetParent !== null);
    if (!links.length) return;
    const here = links.indexOf(document.activeElement);
    const next = here < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, here + step));
    links[next].focus();
    links[next].closest("tr")?.scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.key === "Escape") {
      const menu = $("details.menu[open]");
      if (menu) { menu.open = false; $("summary", menu).focus(); }
      return;
    }
    if (isTyping(event.target) || $("dialog[open]")) return;
    if (event.key === "/") { event.preventDefault(); $("#search")?.focus(); $("#search")?.select(); }
    if (event.key === "j") moveRow(1);
    if (event.key === "k") moveRow(-1);
  });

  // -- clicks: copy buttons, dialogs, menus that close when the person goes elsewhere

  async function copy(button) {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.dataset.copied = "";
      announce("Copied.");
      setTimeout(() => delete button.dataset.copied, 1600);
    } catch {
      announce("The browser did not allow copying.");
    }
  }

  document.addEventListener("click", (event) => {
    for (const menu of $$("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
    const button = event.target.closest("[data-copy], [data-dialog-open], [data-dialog-close], [data-dismiss]");
    if (!button) return;
    if ("copy" in button.dataset) copy(button);
    if (button.dataset.dialogOpen) { event.preventDefault(); document.getElementById(button.dataset.dialogOpen)?.showModal(); }
    if ("dialogClose" in button.dataset) button.closest("dialog")?.close();
    if ("dismiss" in button.dataset) button.closest(button.dataset.dismiss || ".notice")?.remove();
  });

  // -- forms: the theme at once, filters without a button, no POST twice by a second click

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("[data-theme-form]") && event.submitter) {
      event.preventDefault();
      document.documentElement.dataset.theme = event.submitter.value;
      for (const button of $$("button", form)) button.setAttribute("aria-pressed", String(button === event.submitter));
      const body = new FormData(form);
      body.set("theme", event.submitter.value);
      fetch(form.action, { method: "POST", body, redirect: "manual" });
      return;
    }
    if (form.method !== "post" || form.matches("[hx-post]") || event.defaultPrevented) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
  });
  // A page that comes back from the browser's memory may be sent again.
  addEventListener("pageshow", () => $$("form[data-sent]").forEach((form) => delete form.dataset.sent));

  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-autosubmit]");
    if (form) form.requestSubmit();
  });
  document.addEventListener("input", (event) => {
    if (event.target.form?.method === "post") event.target.dataset.typed = "";
  });

  // -- live pieces: an element with data-poll rests while nobody looks, or while one of its rows has the focus

  function shouldRest(element) {
    if (document.hidden) return true;
    const active = document.activeElement;
    return element.dataset.poll === "rows" && element.contains(active) && active.closest("tbody tr") !== null;
  }

  document.addEventListener("htmx:before:request", (event) => {
    const element = event.target.closest?.("[data-poll]");
    if (element && event.detail.ctx.sourceElement === element && shouldRest(element)) event.preventDefault();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && window.htmx) for (const element of $$("[data-poll]")) htmx.trigger(element, "every");
  });

  // -- swaps: say what changed, show it for a moment, put the focus back

  let versions = new Map();
  let focused = null;

  document.addEventListener("htmx:before:swap", () => {
    versions = new Map($$("[data-version]").map((row) => [row.id, row.dataset.version]));
    focused = document.activeElement?.id || null;
  });

  document.addEventListener("htmx:after:swap", (event) => {
    for (const row of $$("[data-version]")) {
      const before = versions.get(row.id);
      if (before !== undefined && before !== row.dataset.version) highlight(row);
    }
    const root = event.detail.ctx.sourceElement?.isConnected ? event.detail.ctx.sourceElement : document;
    const target = $("[data-focus]", document);
    if (target) {
      target.removeAttribute("data-focus");
      target.focus();
    } else if (focused && document.activeElement === document.body) {
      document.getElementById(focused)?.focus({ preventScroll: true });
    }
    const words = $("[data-announce]", root) || $("[data-announce]");
    if (words && words.textContent !== $("#announcements")?.textContent) announce(words.textContent.trim());
    $("#connection-lost")?.remove();
  });

  function highlight(row) {
    row.classList.remove("is-changed");
    void row.offsetWidth;
    row.classList.add("is-changed");
    setTimeout(() => row.classList.remove("is-changed"), 2600);
  }

  // -- the session is over: leave, unless something was typed that would be lost

  document.addEventListener("htmx:before:response", (event) => {
    const address = event.detail.ctx.hx?.redirect;
    if (!address || !address.startsWith($("[data-sign-in]")?.getAttribute("href") ?? "\n")) return;
    const typed = $$("[data-typed]").some((input) => input.value && input.isConnected);
    if (!typed) return;
    event.preventDefault();
    const dialog = $("#signed-out");
    $("[data-sign-in]", dialog).href = address;
    if (!dialog.open && !dialog.dataset.seen) { dialog.dataset.seen = "yes"; dialog.showModal(); }
  });

  // -- no connection, or a proxy that answers for us: say so once, keep everything on the page

  function connectionLost() {
    if ($("#connection-lost") || !$("#messages")) return;
    const words = document.createElement("p");
    words.id = "connection-lost";
    words.className = "notice";
    words.dataset.tone = "warn";
    words.textContent = "Linkdesk does not answer. What is shown may be old; what you typed is still here. Trying again.";
    $("#messages").append(words);
  }
  document.addEventListener("htmx:error", connectionLost);
  document.addEventListener("htmx:response:error", (event) => {
    if ([502, 504].includes(event.detail.ctx.response.status)) connectionLost();
  });

  // -- short confirmations go by themselves; they have a permanent twin on the timeline

  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes) {
      if (node.nodeType === 1) setTimeout(() => node.remove(), 6000);
    }
  }).observe(document.getElementById("toasts") ?? document.createElement("div"), { childList: true });
})();
