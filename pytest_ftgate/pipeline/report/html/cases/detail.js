// One open case: what was asked and expected, the answers side by side, why each passed or not, how it was asked.

let comments = {};
const storageKey = () => `ftgate comments ${head.run}`;

function readComments() {
  try { comments = JSON.parse(localStorage.getItem(storageKey()) ?? "{}"); } catch { comments = {}; }
}
function keepComment(row, text) {
  if (text) comments[keyOf(row)] = text;
  else delete comments[keyOf(row)];
  delete row.low;
  try { localStorage.setItem(storageKey(), JSON.stringify(comments)); } catch { /* without storage they last as long as the page */ }
}

const block = (title, text, more = {}) => make("div", { class: "cases-block", ...more }, make("h4", {}, title), paint(make("pre"), text, hits(text)));
const cutNote = (shown, whole) => (whole ? make("p", { class: "cases-cut" }, `Cut: ${number(shown.length)} of ${number(whole)} characters are shown.`) : null);
const folded = (title, ...content) => make("details", {}, make("summary", {}, title), ...content);

function worth(answer) {
  if (answer.o === "unscored") return ["! not graded", "error"];
  if (answer.p === undefined) return ["! not measured", "error"];
  const points = answer.v === undefined ? "" : ` (${answer.v})`;
  return answer.p ? [`✓ passed${points}`, "right"] : [`✗ not passed${points}`, "wrong"];
}

function factsOf(answer) {
  const parts = [];
  if (answer.f) parts.push({ length: "cut off at max_tokens", timeout: "no answer in time", error: "request failed" }[answer.f] ?? answer.f);
  if (answer.w && answer.w !== "stop") parts.push(`stop reason ${answer.w}`);
  if (answer.n) parts.push(`${number(answer.n[0])} + ${number(answer.n[1])} tokens`);
  if (answer.s) parts.push(`${answer.s} s`);
  if (answer.h) parts.push("from the cache");
  return parts.join(" · ");
}

// marks: of the difference to another answer.
function answerCard(title, answer, marks, more = {}) {
  const [told, kind] = worth(answer);
  const text = answer.t || answer.c || "", pre = make("pre", { class: "cases-answer" });
  if (text.trim()) paint(pre, text, [...(state.only ? [] : judgedPieces(text, answer.r ?? "")), ...hits(text), ...marks], Boolean(state.only) && marks.length > 0);
  else pre.append(answer.e ? "(no answer)" : text ? "(blanks)" : "(empty)");
  const card = make("div", { class: "cases-card", ...more }, make("h4", {}, title), make("p", { class: `cases-worth ${kind}` }, told));
  if (answer.r || answer.e) card.append(addText(make("p", { class: "cases-reason" }), [answer.r, answer.e].filter(Boolean).join(" · ")));
  card.append(pre, cutNote(answer.t, answer.z) ?? "", make("p", { class: "cases-facts" }, factsOf(answer)));
  if (answer.k) card.append(folded("Reasoning", addText(make("pre"), answer.k)));
  if (answer.c && answer.t) card.append(folded("Tool calls", addText(make("pre"), answer.c)));
  for (const [turn, said] of (answer.u ?? []).entries()) card.append(folded(`Answer to turn ${turn + 1}`, addText(make("pre"), said)));
  if (answer.m) card.append(repeats(answer.m));
  return card;
}

function repeats(all) {
  const passed = all.filter((each) => each.p).length, list = make("ol", { class: "cases-repeats" });
  for (const each of all) {
    const [told, kind] = worth(each);
    list.append(make("li", {}, make("span", { class: `cases-worth ${kind}` }, told), addText(make("pre"), each.t), addText(make("p", { class: "cases-reason" }), each.r ?? each.e ?? "")));
  }
  return make("details", { open: passed > 0 && passed < all.length }, make("summary", {}, `${all.length} repeats, ${passed} passed`), list);
}

const ROLES = { candidate: "candidate", champion: "champion", baseline: "baseline", before: "earlier", tested: "tested" };

// Each other answer is compared with the first; in the first stands what differs from the chosen one. What the later of
// the two has is added.
function answerCards(row) {
  const set = setOf(row), ours = row.a[0], grid = make("div", { class: "cases-grid" });
  const compared = row.a.map((each, place) => (place && each && each.t !== ours.t ? (place < set.own ? difference(ours.t, each.t) : difference(each.t, ours.t)) : undefined));
  set.columns.forEach((column, place) => {
    const answer = row.a[place], title = `${ROLES[column.role] ?? column.role}: ${column.title}`;
    if (!answer) { grid.append(make("div", { class: "cases-card" }, make("h4", {}, title), make("p", {}, "no answer to this case"))); return; }
    const found = place ? compared[place] : compared[otherOf(row) ?? -1];
    const later = place ? place < set.own : !isLater(row);
    const card = answerCard(title, answer, found ? (later ? found.added : found.gone) : []);
    if (found === null) card.append(make("p", { class: "cases-cut" }, "Too long to be compared word by word."));
    if (place && answer.t === ours.t) card.append(make("p", { class: "cases-facts" }, "the same answer"));
    grid.append(card);
  });
  return grid;
}

function detail(row) {
  const set = setOf(row), facts = [`${set.path}:${row.l}`, ...slicesOf(row), row.k ? `cluster ${row.k}` : "", row.m ? "must pass" : ""];
  const only = make("input", { type: "checkbox", id: "cases-only", change: (event) => go({ only: event.target.checked ? "1" : "" }, true) });
  only.checked = Boolean(state.only);
  const box = make("textarea", { id: "cases-comment", rows: "2", input: (event) => keepComment(row, event.target.value) });
  box.value = comments[keyOf(row)] ?? "";
  const asked = set.columns.filter((column) => column.prompt);
  return make("div", { class: "cases-detail" },
    addText(make("p", { class: "cases-facts" }), facts.filter(Boolean).join(" · ")),
    make("div", { class: "cases-grid" }, block("Question", row.q), row.e ? block("Expected", row.e) : null),
    cutNote(row.q, row.z),
    row.a.length > 1 ? make("label", {}, only, " Only differences") : null,
    answerCards(row),
    ...asked.map((column) => folded(`Prompt and request of ${column.title}`, addText(make("pre"), JSON.stringify({ prompt: column.prompt, request: column.request }, null, 1)))),
    make("label", { for: "cases-comment" }, "Comment (kept in this browser; Export writes it to a file)"), box);
}
