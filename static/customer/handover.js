// The page for a customer. A provider's launcher takes what it needs from here, once, and says how it ended.
"use strict";

window.handover = (() => {
  const root = document.getElementById("handover");
  const { step, frameUrl, session } = root.dataset;
  // What opens the session stands in no element that a later script could read.
  delete root.dataset.session;
  let frame = null;

  // `onMessage` gets only what the frame itself sends, from the origin that the page may frame.
  function open(url, title, onMessage) {
    frame = document.createElement("iframe");
    frame.className = "handover-frame";
    frame.title = title;
    frame.src = url;
    frame.addEventListener("load", () => frame?.focus());
    addEventListener("message", (event) => {
      if (frame && event.source === frame.contentWindow && event.origin === new URL(frameUrl).origin) onMessage(event.data);
    });
    document.body.append(frame);
  }

  // `how` is "done", "left", "refused" or "elsewhere".
  function end(how, detail = "") {
    frame?.remove();
    frame = null;
    const words = document.getElementById("words");
    words.replaceChildren(document.getElementById(`ended-${how}`).content.cloneNode(true));
    const place = words.querySelector("[data-detail]");
    if (place) place.textContent = detail;
    const heading = words.querySelector("h1");
    document.title = heading.textContent;
    heading.tabIndex = -1;
    heading.focus();
  }

  return { step, frameUrl, session, open, end };
})();
