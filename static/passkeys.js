// Creates and reads passkeys for forms with data-passkey.
(() => {
  const options = () =>
    JSON.parse(document.getElementById("passkey-options").textContent);
  const ways = {
    create: () => webauthnJSON.create(options().creation_options),
    get: () => webauthnJSON.get(options().request_options),
    login: async (form) => {
      const answer = await fetch(form.action, {
        headers: { Accept: "application/json" },
      });
      if (!answer.ok) throw new Error("The site did not answer");
      return webauthnJSON.get((await answer.json()).request_options);
    },
  };
  const why = (error) =>
    ({
      InvalidStateError: "This device already has a passkey for this account.",
      SecurityError: "Passkeys don’t work at this address.",
    })[error.name] ??
    "That didn’t work or was canceled. Nothing was changed. Please try again.";
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const note = form.querySelector("[role=alert]");
    const say = (text) => {
      note.textContent = text;
      note.hidden = !text;
    };
    form.hidden = false;
    if (!webauthnJSON.supported()) {
      say("This browser can’t use passkeys.");
      form.querySelector("button").hidden = true;
      continue;
    }
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const button = form.querySelector("button");
      button.disabled = true;
      say("");
      try {
        form.elements.credential.value = JSON.stringify(
          await ways[form.dataset.passkey](form),
        );
        form.submit();
      } catch (error) {
        say(why(error));
        button.disabled = false;
        button.focus();
      }
    });
  }
})();
