// Countdown, elapsed time, focus after a swap, warning on leaving. Everything works without it.
(() => {
  "use strict";

  const announce = (text) => {
    const region = document.getElementById("announcements");
    if (region) region.textContent = text;
  };
  const count = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;
  const words = (seconds) => {
    if (seconds < 60) return count(seconds, "second");
    if (seconds < 3600) {
      const rest = seconds % 60;
      return count(Math.floor(seconds / 60), "minute") + (rest ? ` ${count(rest, "second")}` : "");
    }
    const minutes = Math.floor((seconds % 3600) / 60);
    return count(Math.floor(seconds / 3600), "hour") + (minutes ? ` ${count(minutes, "minute")}` : "");
  };

  // The browser's clock may be wrong: what the server said is left is counted down from the moment it was read.
  const begun = new WeakMap();
  const secondsSince = (element) => {
    if (!begun.has(element)) begun.set(element, performance.now());
    return (performance.now() - begun.get(element)) / 1000;
  };

  const MARKS = [30, 10];

  const runCountdown = (element) => {
    const left = Math.max(0, Math.round(Number(element.dataset.countdown) - secondsSince(element)));
    if (Number(element.dataset.shown) === left) return;
    const before = element.dataset.shown === undefined ? left : Number(element.dataset.shown);
    element.dataset.shown = left;
    element.dataset.tone = left <= 10 ? "bad" : left <= 30 ? "warn" : "brand";
    element.querySelector("progress").value = left;
    const text = left === 0 ? "No time" : left <= 10 ? `Only ${words(left)}` : words(left);
    element.querySelector("[data-countdown-words]").textContent = text;
    for (const mark of MARKS) {
      if (before > mark && left <= mark) announce(`${mark} seconds left for the code.`);
    }
    if (left === 0 && before > 0) endOfTime(element);
  };

  const endOfTime = (element) => {
    announce("The time is over.");
    const room = element.closest("#mfa-room");
    if (!room) return;
    room.setAttribute("data-is-over", "");
    room.removeAttribute("data-leave-warning");
    // A moment later than the end, so that the server's clock agrees.
    setTimeout(() => {
      if (room.isConnected && window.htmx) {
        window.htmx.ajax("GET", room.dataset.statusUrl, { target: "#operation-panel", swap: "outerHTML" });
      }
    }, 1200);
  };

  const runElapsed = (element) => {
    const seconds = Math.floor(Number(element.dataset.elapsedSince) + secondsSince(element));
    const shown = element.querySelector("[data-elapsed]");
    const text = words(seconds);
    if (shown && shown.textContent !== text) shown.textContent = text;
  };

  const tick = () => {
    document.querySelectorAll("[data-countdown]").forEach(runCountdown);
    document.querySelectorAll("[data-elapsed-since]").forEach(runElapsed);
  };
  setInterval(tick, 250);

  // -- The plan is only as good as what was typed: Apply waits until the plan of the last change is there.

  const planOf = (form) => form.querySelector("#operation-plan");

  const markPending = (event) => {
    const form = event.target.closest && event.target.closest("[data-plan-form]");
    if (!form || !event.target.closest(".operation-fields")) return;
    // What was said of the old value does not hold for the new one.
    event.target.removeAttribute("aria-invalid");
    const field = event.target.closest(".field");
    if (field) field.querySelectorAll(".errorlist, .err").forEach((error) => error.remove());
    const plan = planOf(form);
    plan.setAttribute("data-pending", "");
    const apply = plan.querySelector("[data-apply]");
    if (apply && !apply.disabled) {
      apply.disabled = true;
      apply.setAttribute("data-waits", "");
    }
  };
  const unmarkPending = () => {
    document.querySelectorAll("#operation-plan[data-pending]").forEach((plan) => {
      plan.removeAttribute("data-pending");
      plan.querySelectorAll("[data-waits]").forEach((button) => {
        button.disabled = false;
        button.removeAttribute("data-waits");
      });
    });
  };
  document.addEventListener("input", markPending);
  document.addEventListener("htmx:error", unmarkPending);
  document.addEventListener("htmx:response:error", unmarkPending);

  // Enter in a field applies only what was seen.
  document.addEventListener("submit", (event) => {
    const plan = event.target.matches("[data-plan-form]") && planOf(event.target);
    if (plan && plan.hasAttribute("data-pending")) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  }, true);

  // -- After a swap: where to look, what to hear

  let state = null;
  const panelState = () => {
    const panel = document.getElementById("operation-panel");
    return panel && !panel.hidden ? `${panel.dataset.operation}.${panel.dataset.state}` : "";
  };

  const firstProblem = (panel) => panel.querySelector("[aria-invalid='true']") || panel.querySelector("[data-focus]");

  const settle = () => {
    const panel = document.getElementById("operation-panel");
    const now = panelState();
    if (!panel || panel.hidden) {
      state = now;
      return;
    }
    const problem = firstProblem(panel);
    const changed = now !== state;
    state = now;
    tick();
    if (problem) return problem.focus();
    if (!changed) return;
    const code = panel.querySelector("#mfa-room input[autocomplete='one-time-code']");
    const title = panel.querySelector("#operation-panel-title");
    (code || title).focus({ preventScroll: true });
    panel.scrollIntoView({ block: "nearest" });
    announce(title.textContent.trim());
  };

  const swapped = (event) => {
    const target = event.detail && event.detail.ctx && event.detail.ctx.target;
    const id = target && target.id;
    if (id === "operation-panel") return settle();
    if (id === "operation-plan") {
      const plan = document.getElementById("operation-plan");
      const notice = plan && plan.querySelector("[data-focus]");
      if (notice) notice.focus();
    }
  };
  document.addEventListener("htmx:after:swap", swapped);
  document.addEventListener("DOMContentLoaded", () => {
    state = panelState();
    tick();
    const room = document.querySelector("#mfa-room input[autocomplete='one-time-code']");
    if (room) {
      room.focus({ preventScroll: true });
      room.closest("#operation-panel").scrollIntoView({ block: "nearest" });
    }
  });
  if (document.readyState !== "loading") {
    state = panelState();
    tick();
  }

  // -- An open room is not left by accident

  let leaving = false;
  document.addEventListener("submit", (event) => {
    if (event.target.closest("#mfa-room")) leaving = true;
  });
  window.addEventListener("beforeunload", (event) => {
    if (!leaving && document.querySelector("[data-leave-warning]")) event.preventDefault();
  });
})();
