// Warns before an idle session expires. Without this script it expires unannounced.
(() => {
  const dialog = document.querySelector("dialog.idle");
  if (!dialog) return;
  const [ask, over] = [dialog.querySelector("form"), dialog.querySelector("div")];
  const warning = Number(dialog.dataset.warning);
  let timer;
  const left = async (method) => {
    const headers = {
      "X-Idle": "1",
      "X-CSRFToken": ask.elements.csrfmiddlewaretoken.value,
    };
    const answer = await fetch(dialog.dataset.stay, {
      method,
      headers,
      redirect: "manual",
    });
    return answer.ok ? (await answer.json()).seconds : 0;
  };
  const wait = (seconds, then) => {
    clearTimeout(timer);
    timer = setTimeout(then, Math.max(1, seconds) * 1000);
  };
  const open = (part) => {
    if (dialog.open && !part.hidden) return;
    ask.hidden = part !== ask;
    over.hidden = part !== over;
    if (!dialog.open) dialog.showModal();
    part.querySelector(".btn").focus();
  };
  // Ask the server: activity in another tab also extends the session.
  const look = async () => {
    let seconds;
    try {
      seconds = await left("GET");
    } catch {
      return wait(30, look);
    }
    if (seconds <= 0) return open(over);
    if (seconds > warning) {
      if (over.hidden && dialog.open) dialog.close();
      return wait(seconds - warning, look);
    }
    open(ask);
    wait(Math.min(seconds, 20), look);
  };
  const stay = async (event) => {
    event?.preventDefault();
    try {
      const seconds = await left("POST");
      if (seconds <= 0) return open(over);
      dialog.close();
      wait(seconds - warning, look);
    } catch {
      wait(5, look);
    }
  };
  ask.addEventListener("submit", stay);
  dialog.addEventListener("cancel", (event) => {
    if (!ask.hidden) stay(event);
  });
  over.querySelector("button").addEventListener("click", () => dialog.close());
  wait(Number(dialog.dataset.seconds) - warning, look);
})();
