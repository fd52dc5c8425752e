// Completion in the query bar of the audit log. The server knows what fits; without JavaScript the bar is a plain field.
"use strict";

(() => {
  const input = document.querySelector("[data-complete]");
  const place = document.getElementById("audit-completions-place");
  if (!input || !place) return;
  const WAIT_MS = 120;
  const options = () => [...place.querySelectorAll('[role="option"]')];
  const announce = (words) => { const region = document.getElementById("announcements"); if (region) region.textContent = words; };
  let timer = 0;
  let request = null;

  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", "audit-completions");
  input.setAttribute("aria-expanded", "false");
  close();

  function close() {
    clearTimeout(timer);
    request?.abort();
    request = null;
    // The list stays in the page: what aria-controls names must be there.
    place.innerHTML = '<ul id="audit-completions" role="listbox" aria-label="Completions" hidden></ul>';
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  async function load() {
    request?.abort();
    request = new AbortController();
    const query = new URLSearchParams({ q: input.value, caret: input.selectionStart ?? input.value.length });
    try {
      const answer = await fetch(`${input.dataset.complete}?${query}`, {
        headers: { "HX-Request": "true", "HX-Request-Type": "partial" }, signal: request.signal,
      });
      if (answer.status !== 200) { close(); return; }
      place.innerHTML = await answer.text();
    } catch {
      return; // given up for a later one, or no connection: completion is a help and nothing more
    }
    const found = options().length;
    if (!found || document.activeElement !== input) { close(); return; }
    input.setAttribute("aria-expanded", "true");
    input.removeAttribute("aria-activedescendant");
    announce(found === 1 ? "1 completion." : `${found} completions.`);
  }

  function activate(step) {
    const all = options();
    const here = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
    const next = here < 0 ? (step > 0 ? 0 : all.length - 1) : (here + step + all.length) % all.length;
    all.forEach((option, at) => option.setAttribute("aria-selected", String(at === next)));
    all[next].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", all[next].id);
  }

  function choose(option) {
    input.value = option.dataset.text;
    input.focus();
    input.setSelectionRange(option.dataset.caret, option.dataset.caret);
    const goesOn = input.value[option.dataset.caret - 1] === ":";
    close();
    if (goesOn) load();
  }

  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(load, WAIT_MS); });
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    const isOpen = input.getAttribute("aria-expanded") === "true";
    const active = options().find((option) => option.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (isOpen) activate(event.key === "ArrowDown" ? 1 : -1); else load();
    } else if (event.key === "Escape" && isOpen) {
      event.preventDefault();
      close();
    } else if (event.key === "Enter" && active) {
      event.preventDefault();
      choose(active);
    }
  });
  // Before the field loses the focus.
  place.addEventListener("mousedown", (event) => {
    const option = event.target.closest('[role="option"]');
    event.preventDefault();
    if (option) choose(option);
  });
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    input.focus();
    input.select();
  }, true);
})();
