// The review page's keys and panels. A decision replaces only #review. Without this
// script, every form submits as usual.
const find = (selector) => document.querySelector(`#review ${selector}`);
const openPanel = () => find(".review-panel.is-open");
const keys = document.getElementById("review-keys");
const said = document.getElementById("review-said");
const useKeys = keys.querySelector("input");
const TYPING = "input:not([type=checkbox]), textarea";
// One request at a time, so that nothing is decided twice.
let sending = false;
// The browser submits the next form itself.
let plain = false;
// A second press right after the answer was meant for the statement before.
const DOUBLE_PRESS_MS = 150;
let shownAt = -DOUBLE_PRESS_MS;

const goToStatement = () => {
  const target = find("[role=alert]") ?? find(".review-entry") ?? find("h1");
  target.focus({ preventScroll: true });
  target.scrollIntoView();
};
const open = (panel) => {
  find(".review-more")?.removeAttribute("open");
  panel.classList.add("is-open");
  (panel.querySelector(".review-first") ?? panel).focus({ preventScroll: true });
  // Above a sheet on a phone, show the statement.
  if (getComputedStyle(panel).position === "fixed")
    find(".review-entry").scrollIntoView();
  else panel.scrollIntoView({ block: "nearest" });
};
const close = () => {
  openPanel()?.classList.remove("is-open");
  goToStatement();
};

// Show the answer to a request; return false if it is another page.
const show = (html) => {
  const page = new DOMParser().parseFromString(html, "text/html");
  const review = page.querySelector("#review");
  if (!review) return false;
  document.getElementById("review").replaceWith(review);
  // Reloading the page must not return to the entry just decided.
  history.replaceState(null, "", review.dataset.url);
  // Messages are about what was done before.
  document.querySelector(".messagelist")?.remove();
  said.textContent = (find(".review-did") ?? find(".review-undo span"))?.textContent;
  countDown();
  goToStatement();
  shownAt = performance.now();
  return true;
};
const fail = (form, button) => {
  const alert = document.getElementById("review-failed").content.cloneNode(true);
  const again = alert.querySelector("button");
  again.addEventListener("click", () => form.requestSubmit(button));
  find("h1").after(alert);
  again.parentElement.scrollIntoView({ block: "nearest" });
};
const send = async (form, button) => {
  const review = form.closest("#review");
  sending = true;
  review.ariaBusy = "true";
  find(".review-failed")?.remove();
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body: new URLSearchParams(new FormData(form, button)),
      headers: { "X-Requested-With": "fetch" },
      signal: AbortSignal.timeout(20_000),
    });
    if (answer.status >= 500) throw new Error(answer.statusText);
    if (show(await answer.text())) return;
    // The session may have ended: the server says so, and keeps what was typed.
    plain = true;
    form.requestSubmit(button);
  } catch {
    fail(form, button);
  } finally {
    review.ariaBusy = null;
    sending = plain;
  }
};

// The time until the author is emailed, by the server's clock.
const countDown = () => {
  const time = find(".review-undo time");
  if (!time) return;
  const now = performance.now();
  time.dataset.end ??= now + Date.parse(time.dateTime) - time.dataset.now * 1000;
  const seconds = Math.max(0, Math.floor((time.dataset.end - now) / 1000));
  const rest = String(seconds % 60).padStart(2, "0");
  time.textContent = `${Math.floor(seconds / 60)}:${rest}`;
  if (!seconds) find(".review-wait").textContent = "The email may have left.";
};

// Show the message in the email, and which stock sentences it has.
const preview = (message) => {
  for (const each of find("#panel-changes").querySelectorAll("[data-sentence]"))
    each.ariaPressed = message.value.includes(each.dataset.sentence);
  const letter = find("#letter-changes pre");
  if (!letter) return;
  letter.dataset.text ??= letter.textContent;
  const text = message.value || "(your message)";
  letter.textContent = letter.dataset.text.replace("(your message)", () => text);
};
const add = (sentence) => {
  const message = find("#panel-changes textarea");
  if (!message.value.includes(sentence))
    message.value = `${message.value.trimEnd()} ${sentence}`.trimStart();
  message.focus();
  message.setSelectionRange(message.value.length, message.value.length);
  preview(message);
};

addEventListener("submit", (event) => {
  const { target: form, submitter: button } = event;
  if (plain || !form.closest("#review")) return;
  event.preventDefault();
  if (sending) return;
  const panel = button?.dataset.panel;
  if (panel) open(find(`#panel-${panel}`));
  else send(form, button);
});
addEventListener("click", ({ target }) => {
  if (target.closest("[data-keys]")) keys.showModal();
  if (target.closest("[data-cancel]")) close();
  const sentence = target.closest("[data-sentence]");
  if (sentence) add(sentence.dataset.sentence);
});
addEventListener("input", ({ target }) => {
  if (target.matches("#panel-changes textarea")) preview(target);
});
addEventListener("focusin", ({ target }) => {
  const letter = find(`#letter-${target.dataset.letter}`);
  if (letter) letter.open = true;
});
addEventListener("keydown", (event) => {
  const { key, target } = event;
  const panel = openPanel();
  const modified = event.ctrlKey || event.metaKey || event.altKey;
  const tooSoon = event.timeStamp - shownAt < DOUBLE_PRESS_MS;
  if (sending || tooSoon || event.repeat || document.querySelector("dialog[open]"))
    return;
  if (key === "Escape" && panel) close();
  if (target.closest(TYPING)) {
    if (key === "Enter" && modified && panel) target.form.requestSubmit();
    return;
  }
  if (!useKeys.checked || modified || key.length > 1) return;
  for (const each of document.querySelectorAll("#review [aria-keyshortcuts]")) {
    if (each.closest(".review-panel") !== panel) continue;
    if (each.getAttribute("aria-keyshortcuts") !== key.toUpperCase()) continue;
    event.preventDefault();
    return each.click();
  }
});

useKeys.checked = localStorage.getItem("keys") !== "off";
useKeys.addEventListener("change", () =>
  localStorage.setItem("keys", useKeys.checked ? "on" : "off"),
);
countDown();
setInterval(countDown, 1000);
