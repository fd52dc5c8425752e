// Opens MoneyKit Connect with MoneyKit's own launcher (static/vendor/VENDOR.toml) and tells the page how it ended.
"use strict";

(() => {
  const { step, frameUrl, session, end } = window.handover;
  // The launcher's names: the session, for the way back from an institution's own site, and its frame.
  const KEPT_AS = "moneykit.linkSessionToken";
  const FRAME_ID = "moneykit-connect-frame";
  const launcher = new MoneyKitConnect.default({ __connectSDKUIHost: frameUrl });

  // The launcher forgets the session only when the customer leaves; here every end is one.
  function finish(how, words) {
    localStorage.removeItem(KEPT_AS);
    end(how, words);
  }
  const onSuccess = () => finish("done");
  const onExit = (error) => finish(error ? "refused" : "left", String(error?.displayed_message ?? ""));

  if (step === "begin") launcher.relink(session, onSuccess, onExit);
  // Back from an institution: in the window that Connect opened for it, or in the customer's own, or in a strange one.
  else if (window.opener || localStorage.getItem(KEPT_AS)) launcher.continue(location.href, onSuccess, onExit);
  const frame = document.getElementById(FRAME_ID);
  if (frame) frame.title = "MoneyKit Connect";
  else end("elsewhere");
})();
