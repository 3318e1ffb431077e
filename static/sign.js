// Optional extras of the form to sign.
(() => {
  const preview = document.querySelector("[data-preview]");
  const form = preview.closest("form");
  const draw = () => {
    const typed = {};
    for (const [name, text] of new FormData(form)) typed[name] = text.trim();
    // What the page says for the chosen state.
    for (const words of document.querySelectorAll("[data-by-state]")) {
      const byState = JSON.parse(words.dataset.byState);
      words.textContent = byState[typed.state] ?? byState[""];
      words.hidden = !words.textContent;
    }
    // The voice as the wall will show it. Only the server can shorten a name.
    const parts = {
      statement: `“${typed.statement.replace(/\n\s*\n/g, "\n\n") || "Your words"}”`,
      name:
        typed.name_display === "full"
          ? typed.name || "Your name"
          : "Your name, shortened",
      profession: typed.profession,
      place:
        typed.state &&
        (typed.city
          ? `${typed.city}, ${typed.state}`
          : form.state.selectedOptions[0].text),
    };
    for (const part in parts)
      preview.querySelector(`[data-part=${part}]`).textContent = parts[part];
    preview.hidden = typed.name_display === "unlisted";
    return typed;
  };
  form.addEventListener("input", draw);
  // After going back, too: the browser fills in the form before this event.
  addEventListener("pageshow", () => {
    const { statement, city, profession, name_display } = draw();
    preview.closest("details").open ||=
      statement + city + profession || name_display !== "full";
  });
})();
