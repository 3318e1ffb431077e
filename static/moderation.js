// Keys for the lists of voices. The same decisions stand in the menu of actions.
(() => {
  const form = document.getElementById("changelist-form");
  const menu = form?.querySelector("select[name=action]");
  const rows = [...(form?.querySelectorAll("#result_list tbody tr") ?? [])];
  if (!menu || !rows.length) return;
  const ACTIONS = { p: ["publish", "publish"], d: ["decline", "decline"], c: ["ask_changes", "needs changes"], u: ["undo", "undo"] };
  const offered = (key) => menu.querySelector(`option[value="${ACTIONS[key]?.[0]}"]`);
  // Where nothing can be undone, this message leads to where it can.
  const decided = document.querySelector(".messagelist a");

  // What the keys do, and a box that turns them off for good.
  const help = document.createElement("p");
  help.className = "keys";
  const say = (key, words) => { const kbd = document.createElement("kbd"); kbd.textContent = key.toUpperCase(); help.append(kbd, ` ${words} · `); };
  say("j", "next"); say("k", "previous");
  for (const key in ACTIONS) if (offered(key) || (key === "u" && decided)) say(key, ACTIONS[key][1]);
  const label = document.createElement("label"), box = document.createElement("input");
  box.type = "checkbox";
  box.checked = localStorage.getItem("keys") !== "off";
  box.addEventListener("change", () => localStorage.setItem("keys", box.checked ? "on" : "off"));
  label.append(box, " Use these keys");
  help.append(label);
  form.before(help);

  let now = -1;
  const go = (index) => {
    if (!rows[index]) return;
    rows[now]?.classList.remove("now"); rows[now]?.removeAttribute("aria-current");
    now = index;
    rows[now].classList.add("now"); rows[now].setAttribute("aria-current", "true");
    rows[now].querySelector("a")?.focus();
    rows[now].scrollIntoView({ block: "nearest" });
  };
  const run = (key) => {
    if (!rows[now]) return;
    for (const each of form.querySelectorAll("input.action-select")) each.checked = rows[now].contains(each);
    menu.value = ACTIONS[key][0];
    form.querySelector("button[name=index]").click();
  };
  addEventListener("keydown", (event) => {
    const key = event.key.toLowerCase();
    // Who types, or means the browser, means none of this.
    if (!box.checked || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target.closest("input:not([type=checkbox]), select, textarea, [contenteditable]")) return;
    if (key === "j") go(now + 1);
    else if (key === "k") go(now - 1);
    else if (offered(key)) run(key);
    else if (key === "u" && decided) decided.click();
  });
})();
