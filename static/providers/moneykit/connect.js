// Opens MoneyKit Connect. It speaks as @moneykit/connect 0.3.28 does, which needs a bundler for its one dependency,
// and which leaves the session in the browser for good; here it goes with the tab or with the end.
"use strict";

(() => {
  const { step, frameUrl, session, open, end } = window.handover;
  const KEPT_AS = "moneykit.linkSessionToken";
  // What that release calls itself. Assumed: Connect wants it for its statistics only.
  const LAUNCHER_VERSION = "0.3.26";

  function launch(path, token, extra = {}) {
    const query = new URLSearchParams({
      launcherVersion: LAUNCHER_VERSION, linkSessionToken: token, origin: location.origin, stepTimers: "false", ...extra,
    });
    sessionStorage.setItem(KEPT_AS, token);
    open(`${frameUrl}/${path}?${query}`, "MoneyKit Connect", (message) => {
      if (!message?.moneykit) return;
      if (message.type === "relink.complete" || message.type === "link.complete") finish("done");
      if (message.type === "link.exit") {
        const error = message.data?.error;
        finish(error ? "refused" : "left", String(error?.displayed_message ?? ""));
      }
      if (message.type === "link.close_oauth") window.close();
    });
  }

  function finish(how, detail) {
    sessionStorage.removeItem(KEPT_AS);
    end(how, detail);
  }

  if (step === "begin") return launch("relink", session);
  // Back from an institution's own site: in the window that Connect opened for it, or in the same tab.
  const redirectURL = location.href;
  if (window.opener) {
    window.opener.postMessage({ moneykit: true, type: "link.resume", eventData: { redirectURL } }, new URL(frameUrl).origin);
    return end("elsewhere");
  }
  const kept = sessionStorage.getItem(KEPT_AS);
  if (kept) return launch("continue", kept, { redirectURL });
  return end("elsewhere");
})();
