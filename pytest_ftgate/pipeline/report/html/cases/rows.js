// The rows as they were packed, what became of each, and which of them are shown.

const head = { sets: [], rows: 0, page: 100 };
const rows = [];
const setOf = (row) => head.sets[row.s];
const keyOf = (row) => `${setOf(row).name}/${row.i}`;

// Index of the column that stands beside the first: as the reader chose, else as the set says.
function otherOf(row) {
  const chosen = state.vs ? setOf(row).columns.findIndex((column, place) => place && column.title === state.vs) : -1;
  return chosen > 0 ? chosen : setOf(row).other;
}
const other = (row) => row.a[otherOf(row) ?? -1] ?? null;
const own = (row) => row.a.slice(0, setOf(row).own).filter(Boolean);
const isCompared = (row) => row.a[0].p !== undefined && other(row)?.p !== undefined;
const isDifferent = (row) => other(row) !== null && other(row).t !== row.a[0].t;

// What is judged, and what it is compared with. Of several columns that this run tested the first is what a later one
// is compared with; a champion, a base model and an earlier run are what the first is compared with.
const isLater = (row) => other(row) !== null && otherOf(row) < setOf(row).own;
const sides = (row) => (isLater(row) ? [other(row), row.a[0]] : [row.a[0], other(row)]);

function status(row) {
  const [passed, before] = sides(row).map((each) => each?.p);
  if (passed === undefined) return "error";
  if (before === undefined || before === passed) return passed ? "right" : "wrong";
  return passed ? "fixed" : "broken";
}

const SIGNS = { broken: "✗ broken", wrong: "✗ failing", error: "! error", fixed: "✓ fixed", right: "✓ right" };
const statusText = (row) => (isCompared(row) && ["right", "wrong"].includes(status(row)) ? SIGNS[status(row)].replace("failing", "both wrong").replace("right", "both right") : SIGNS[status(row)]);

const slicesOf = (row) => Object.entries(row.x ?? {}).map(([name, value]) => `${name} = ${value}`);
const textsOf = (row) => [row.i, row.q, row.e, ...slicesOf(row), comments[keyOf(row)] ?? "", ...row.a.flatMap((each) => (each ? [each.t, each.r ?? "", each.e ?? ""] : []))];

// {test, problem}: whether a row has what is searched for.
function search() {
  if (!state.q) return { test: () => true, problem: "" };
  if (!state.re) {
    const wanted = state.q.toLowerCase();
    return { test: (row) => (row.low ??= textsOf(row).join("\n").toLowerCase()).includes(wanted), problem: "" };
  }
  try {
    const pattern = new RegExp(state.q, "iu");
    return { test: (row) => textsOf(row).some((text) => pattern.test(text)), problem: "" };
  } catch (error) {
    return { test: () => true, problem: `Not a regular expression, so nothing is searched: ${error.message}` };
  }
}

// Where a text has what is searched for, to be marked in an open case.
function hits(text) {
  if (!state.q) return [];
  try {
    const pattern = new RegExp(state.re ? state.q : state.q.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"), "giu");
    return Array.from(text.matchAll(pattern), (found) => ({ from: found.index, to: found.index + found[0].length, kind: "hit" })).filter((mark) => mark.from < mark.to).slice(0, 500);
  } catch { return []; }
}

const inSet = (row) => !state.set || setOf(row).name === state.set;
const inSlice = (row) => !state.slice || slicesOf(row).includes(state.slice);
const inOrder = new Intl.Collator("en", { numeric: true }).compare;
const groupOf = (row) => (row.x ?? {})[state.group] ?? "(none)";

function chosen() {
  const found = search(), fits = FILTERS[state.filter][1];
  const some = rows.filter((row) => inSet(row) && inSlice(row) && fits(row) && found.test(row));
  if (state.group) some.sort((a, b) => inOrder(groupOf(a), groupOf(b)));
  return { some, problem: found.problem };
}

async function unpacked(block) {
  const bytes = Uint8Array.from(atob(block.textContent), (sign) => sign.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  block.remove();
  return JSON.parse(await new Response(stream).text());
}
