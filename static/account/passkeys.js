// Passkeys: the one thing of the sign-in that a browser cannot do without a script. The server checks everything.
(() => {
  "use strict";

  const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const known = (list) => (list ?? []).map((each) => ({ ...each, id: bytes(each.id) }));

  async function add(options) {
    const asked = options.creation_options.publicKey;
    const made = await navigator.credentials.create({ publicKey: {
      ...asked,
      challenge: bytes(asked.challenge),
      user: { ...asked.user, id: bytes(asked.user.id) },
      excludeCredentials: known(asked.excludeCredentials),
      authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
    } });
    return {
      ...common(made),
      response: {
        clientDataJSON: text(made.response.clientDataJSON),
        attestationObject: text(made.response.attestationObject),
        transports: made.response.getTransports?.() ?? [],
      },
    };
  }

  async function show(options) {
    const asked = options.request_options.publicKey;
    const found = await navigator.credentials.get({ publicKey: {
      ...asked, challenge: bytes(asked.challenge), allowCredentials: known(asked.allowCredentials),
    } });
    return {
      ...common(found),
      response: {
        clientDataJSON: text(found.response.clientDataJSON),
        authenticatorData: text(found.response.authenticatorData),
        signature: text(found.response.signature),
        userHandle: found.response.userHandle ? text(found.response.userHandle) : null,
      },
    };
  }

  function common(credential) {
    return {
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
      clientExtensionResults: credential.getClientExtensionResults(),
    };
  }

  async function optionsOf(form) {
    if (!form.dataset.options) return JSON.parse(document.getElementById("passkey-options").textContent);
    const answer = await fetch(form.dataset.options, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  }

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    if (!window.PublicKeyCredential) continue;
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      if (form.elements.credential.value) return;
      event.preventDefault();
      const button = form.querySelector("button");
      const trouble = form.querySelector("[data-trouble]");
      button.disabled = true;
      trouble.hidden = true;
      try {
        const options = await optionsOf(form);
        const credential = await (form.dataset.passkey === "add" ? add(options) : show(options));
        form.elements.credential.value = JSON.stringify(credential);
        form.submit();
      } catch (problem) {
        trouble.textContent = problem.name === "InvalidStateError"
          ? "This device has a passkey for you already. Nothing was changed."
          : "No passkey was given. Nothing was changed; try again, or use another way.";
        trouble.hidden = false;
        button.disabled = false;
      }
    });
  }
})();
