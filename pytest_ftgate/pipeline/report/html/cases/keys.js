// Keys, and what starts everything.

const KEYS = [["j / k", "next, previous case"], ["Enter", "open or close it"], ["/", "search"], ["Esc", "close the case, leave the search"], ["?", "this help"]];

function help() {
  const list = make("dl", {}, ...KEYS.flatMap(([key, does]) => [make("dt", {}, make("kbd", {}, key)), make("dd", {}, does)]));
  const close = make("button", { type: "button", click: () => ui.help.close() }, "Close");
  return make("dialog", { "aria-labelledby": "cases-keys" }, make("h3", { id: "cases-keys" }, "Keys"), list, close);
}

// The next or previous case; an open one is closed and the other opened.
function step(by) {
  const key = document.activeElement?.dataset?.key ?? state.case;
  const at = shownRows.findIndex((row) => keyOf(row) === key), to = at < 0 ? 0 : at + by, page = Number(state.page) || 1;
  if (!shownRows[to]) {
    const next = page + by, rest = chosen().some;
    const row = rest[by > 0 ? (next - 1) * head.page : next * head.page - 1];
    if (row && next >= 1) { focusKey = keyOf(row); go({ page: String(next), case: state.case ? focusKey : "" }); }
  } else if (state.case) { focusKey = keyOf(shownRows[to]); go({ case: focusKey }); }
  else button(keyOf(shownRows[to])).focus();
}

function escape() {
  if (state.case) { focusKey = state.case; go({ case: "" }); }
  else document.activeElement?.blur();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || app.hidden || ui.help.open) return;
  const writing = event.target.matches?.("input:not([type=checkbox]), textarea, select");
  if (event.key === "Escape") return writing ? event.target.blur() : escape();
  if (writing) return;
  const does = { j: () => step(1), k: () => step(-1), "/": () => { section.scrollIntoView(); ui.search.focus(); }, "?": () => ui.help.showModal() }[event.key];
  if (does) { event.preventDefault(); does(); }
});
window.addEventListener("hashchange", () => { if (/filter=/.test(location.hash) || !location.hash) { fromAddress(); render(); } });
document.addEventListener("click", (event) => { if (event.target.closest?.('a[href^="#filter="]')) setTimeout(() => section.scrollIntoView()); });
start().catch((error) => {
  section.prepend(make("p", { class: "cases-note" }, `The table of all cases cannot be shown in this browser: ${error.message}`));
  throw error;
});
