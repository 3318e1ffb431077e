// Optional extras of the form to sign.
(() => {
  // What the page says for the chosen state, and the voice as the wall will show it.
  const preview = document.querySelector("[data-preview]");
  const form = preview.closest("form");
  const draw = () => {
    const typed = Object.fromEntries(new FormData(form));
    for (const words of document.querySelectorAll("[data-by-state]")) {
      const byState = JSON.parse(words.dataset.byState);
      words.textContent = byState[typed.state] ?? byState[""];
      words.hidden = !words.textContent;
    }
    const [first, ...rest] = typed.name.trim().split(/\s+/);
    const shown = {
      full: typed.name,
      initial: rest.length ? `${first} ${rest.at(-1)[0]}.` : first,
      first,
    };
    const parts = {
      statement: `“${typed.statement.trim() || "Your words"}”`,
      name: shown[typed.name_display] || "Your name",
      profession: typed.profession,
      place: typed.city ? `${typed.city}, ${typed.state}` : typed.state,
    };
    for (const [part, text] of Object.entries(parts))
      preview.querySelector(`[data-part=${part}]`).textContent = text;
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
