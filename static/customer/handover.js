// The page for a customer. A provider's launcher takes what it needs from here, once, and says how it ended.
"use strict";

window.handover = (() => {
  const root = document.getElementById("handover");
  const { step, frameUrl, session } = root.dataset;
  // What opens the session stands in no element that a later script could read.
  delete root.dataset.session;

  // `how` is "done", "left", "refused" or "elsewhere".
  function end(how, detail = "") {
    const words = document.getElementById("words");
    words.replaceChildren(document.getElementById(`ended-${how}`).content.cloneNode(true));
    const place = words.querySelector("[data-detail]");
    if (place) place.textContent = detail;
    const heading = words.querySelector("h1");
    document.title = heading.textContent;
    heading.tabIndex = -1;
    heading.focus();
  }

  return { step, frameUrl, session, end };
})();
