// The rows that are shown -> files, made in the browser: nothing is sent anywhere.

function save(name, text, type) {
  const link = make("a", { href: URL.createObjectURL(new Blob([text], { type })), download: `${head.run}-${name}` });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

const lines = (values) => values.map((value) => `${JSON.stringify(value)}\n`).join("");

function plainRow(row) {
  const answers = setOf(row).columns.map((column, place) => {
    const each = row.a[place];
    return each && { role: column.role, model: column.title, answer: each.t, passed: each.p === undefined ? null : Boolean(each.p), score: each.v ?? each.p ?? null, reason: each.r ?? each.e ?? "" };
  });
  const comment = comments[keyOf(row)];
  return { set: setOf(row).name, id: row.i, line: row.l, status: status(row), slices: row.x ?? {}, question: row.q, expected: row.e, answers: answers.filter(Boolean), ...(comment ? { comment } : {}) };
}

// A text that a spreadsheet would take for a formula begins with an apostrophe; a number stays one.
const guarded = (value) => (typeof value === "number" ? String(value) : String(value ?? "").replace(/^(?=[=+\-@\t\r])/, "'"));
const cell = (value) => `"${guarded(value).replaceAll('"', '""')}"`;

function csv(some) {
  const most = Math.max(1, ...some.map((row) => row.a.length)), titles = ["set", "id", "line", "status", "slices", "question", "expected"];
  for (let place = 1; place <= most; place++) titles.push(`model ${place}`, `answer ${place}`, `passed ${place}`, `score ${place}`, `reason ${place}`);
  const table = some.map((row) => {
    const each = plainRow(row);
    const answers = each.answers.flatMap((answer) => [answer.model, answer.answer, answer.passed, answer.score, answer.reason]);
    return [each.set, each.id, each.line, each.status, slicesOf(row).join("; "), each.question, each.expected, ...answers, ...Array(5 * (most - each.answers.length)).fill(""), each.comment];
  });
  return [[...titles, "comment"], ...table].map((line) => line.map(cell).join(",")).join("\r\n") + "\r\n";
}

// The answer that passed against the one that did not. A set that decides on promotion is never trained on.
function preferences(some) {
  const pairs = some.filter((row) => ["fixed", "broken"].includes(status(row)) && !row.z && !row.a[0].z && !other(row).z && !row.a[0].u);
  const said = (role, content) => [{ role, content }];
  return pairs.filter((row) => !setOf(row).gates.length).map((row) => {
    const [now, before] = sides(row).map((each) => each.t), [chosen, rejected] = status(row) === "fixed" ? [now, before] : [before, now];
    return { prompt: said("user", row.q), chosen: said("assistant", chosen), rejected: said("assistant", rejected) };
  });
}

function savePreferences(some) {
  const pairs = preferences(some), gating = head.sets.filter((set) => set.gates.length && some.some((row) => setOf(row) === set));
  if (pairs.length) save("preferences.jsonl", lines(pairs), "application/jsonl");
  const kept = gating.length ? ` Left out: ${gating.map((set) => `${set.name} (decides on ${set.gates.join(", ")})`).join(", ")}: a model trained on its own exam passes whatever it learned.` : "";
  return `${number(pairs.length)} preference pairs of fixed and broken cases.${kept}`;
}

function saveComments() {
  const known = new Map(rows.map((row) => [keyOf(row), row]));
  const made = Object.entries(comments).filter(([key]) => known.has(key)).map(([key, comment]) => ({ run: head.run, set: setOf(known.get(key)).name, id: known.get(key).i, line: known.get(key).l, comment }));
  if (made.length) save("comments.jsonl", lines(made), "application/jsonl");
  return made.length ? `${number(made.length)} comments written.` : "No comments yet: open a case to write one.";
}

const EXPORTS = [
  ["Failed only (JSONL)", (some) => { const failed = some.filter(FILTERS.failing[1]); save("failed.jsonl", lines(failed.map(plainRow)), "application/jsonl"); return `${number(failed.length)} failed cases written.`; }],
  ["What is shown (CSV)", (some) => { save("cases.csv", csv(some), "text/csv"); return `${number(some.length)} cases written.`; }],
  ["What is shown (JSON)", (some) => { save("cases.json", JSON.stringify(some.map(plainRow), null, 1), "application/json"); return `${number(some.length)} cases written.`; }],
  ["Preference pairs for DPO (JSONL)", savePreferences],
  ["Comments (JSONL)", saveComments],
];
