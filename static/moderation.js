// Keyboard shortcuts for the lists of voices. The actions menu has the same decisions.
(() => {
  const form = document.getElementById("changelist-form");
  const rows = [...(form?.querySelectorAll("#result_list tbody tr") ?? [])];
  // Ignore the actions menu of an empty list.
  const menu = rows.length ? form.querySelector("select[name=action]") : null;
  // On a list without an undo action, link to where the latest decision can be undone:
  // the one just made, or else the one before.
  const decided =
    document.querySelector(".messagelist a") ?? document.querySelector(".latest a");
  if (!form || (!menu && !decided)) return;
  const ACTIONS = {
    p: ["publish", "publish"],
    d: ["decline", "decline"],
    c: ["ask_changes", "needs changes"],
    u: ["undo", "undo"],
  };
  const offered = (key) => menu?.querySelector(`option[value="${ACTIONS[key]?.[0]}"]`);

  // Help for the keys, and a checkbox that turns them off permanently.
  const help = document.createElement("p");
  help.className = "keys";
  const say = (key, words) => {
    const kbd = document.createElement("kbd");
    kbd.textContent = key.toUpperCase();
    help.append(kbd, ` ${words} · `);
  };
  if (menu) {
    say("j", "next");
    say("k", "previous");
  }
  for (const key in ACTIONS) if (offered(key)) say(key, ACTIONS[key][1]);
  if (!offered("u") && decided) say("u", "see or undo your latest decision");
  const label = document.createElement("label"),
    box = document.createElement("input");
  box.type = "checkbox";
  box.checked = localStorage.getItem("keys") !== "off";
  box.addEventListener("change", () =>
    localStorage.setItem("keys", box.checked ? "on" : "off"),
  );
  label.append(box, " Use these keys");
  help.append(label);
  form.before(help);

  let now = -1;
  const mark = (index) => {
    rows[now]?.classList.remove("current-row");
    rows[now]?.removeAttribute("aria-current");
    now = index;
    rows[now].classList.add("current-row");
    rows[now].setAttribute("aria-current", "true");
  };
  const go = (index) => {
    if (!rows[index]) return;
    mark(index);
    rows[now].querySelector("a")?.focus();
    rows[now].scrollIntoView({ block: "nearest" });
  };
  // A link to one decision selects its row, ready to undo.
  if (
    offered("u") &&
    rows.length === 1 &&
    new URLSearchParams(location.search).has("id__in")
  )
    mark(0);
  const run = (key) => {
    if (!rows[now]) return;
    for (const each of form.querySelectorAll("input.action-select"))
      each.checked = rows[now].contains(each);
    menu.value = ACTIONS[key][0];
    form.querySelector("button[name=index]").click();
  };
  addEventListener("keydown", (event) => {
    const key = event.key.toLowerCase();
    // Leave typing and browser shortcuts alone.
    if (!box.checked || event.ctrlKey || event.metaKey || event.altKey || event.repeat)
      return;
    if (
      event.target.closest(
        "input:not([type=checkbox]), select, textarea, [contenteditable]",
      )
    )
      return;
    if (key === "j") go(now + 1);
    else if (key === "k") go(now - 1);
    else if (offered(key)) run(key);
    else if (key === "u" && decided) decided.click();
  });
})();
