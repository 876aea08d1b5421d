// The controls, the table by pages, and the first look: the first block of rows is shown before the others are unpacked.

const section = document.getElementById("cases");
const app = section.querySelector(".cases-app");
const ui = {};
let loading = true, shownRows = [], focusKey = "", timer = 0;

const select = (id, label, change) => {
  ui[id] = make("select", { id: `cases-${id}`, change: (event) => change(event.target.value) });
  return make("label", { class: "cases-field" }, make("span", {}, label), ui[id]);
};

function build() {
  ui.filters = make("div", { class: "cases-filters", role: "group", "aria-label": "Which cases" });
  for (const name of Object.keys(FILTERS)) ui.filters.append(make("button", { type: "button", "data-filter": name, click: () => go({ filter: name }) }));
  ui.search = make("input", { type: "search", id: "cases-search", autocomplete: "off", spellcheck: "false", "aria-describedby": "cases-problem", input: searched });
  ui.regex = make("input", { type: "checkbox", id: "cases-regex", change: (event) => go({ re: event.target.checked ? "1" : "" }, true) });
  ui.problem = make("p", { id: "cases-problem", class: "cases-problem", role: "alert" });
  ui.count = make("p", { id: "cases-count", role: "status", "aria-live": "polite" });
  ui.note = make("p", { id: "cases-told", role: "status", "aria-live": "polite" });
  ui.body = make("tbody");
  ui.header = make("tr", { "aria-rowindex": "1" });
  ui.table = make("table", { class: "cases-table" }, make("caption", { class: "cases-hidden" }, "Cases of this run, what went wrong first"), make("thead", {}, ui.header), ui.body);
  ui.pages = make("nav", { class: "cases-pages", "aria-label": "Pages of cases" });
  ui.help = help();
  const exports = make("details", { class: "cases-export" }, make("summary", {}, "Export"), make("div", {}, ...EXPORTS.map(([title, write]) => make("button", { type: "button", click: () => { ui.note.textContent = write(chosen().some); exports.open = false; } }, title))));
  app.append(ui.filters,
    make("div", { class: "cases-fields" },
      make("label", { class: "cases-field cases-wide" }, make("span", {}, "Search"), ui.search),
      make("label", { class: "cases-check" }, ui.regex, " Regex"),
      select("set", "Golden set", (set) => go({ set })), select("slice", "Slice", (slice) => go({ slice })),
      select("group", "Group by", (group) => go({ group })), select("vs", "Compared with", (vs) => go({ vs })), exports,
      make("button", { type: "button", class: "cases-help", "aria-label": "Keys", title: "Keys (?)", click: () => ui.help.showModal() }, "?")),
    ui.problem, ui.count, ui.note, ui.table, ui.pages, ui.help);
}

function searched() {
  clearTimeout(timer);
  timer = setTimeout(() => go({ q: ui.search.value }, true), 150);
}

// Choices of a list: [value, text] each. A list without a choice is not there.
function fill(name, values) {
  const options = values.map(([value, text]) => make("option", { value }, text));
  ui[name].replaceChildren(...options);
  ui[name].value = values.some(([value]) => value === state[name]) ? state[name] : "";
  ui[name].closest("label").hidden = values.length < 2;
}

function fillLists() {
  const unique = (values) => [...new Set(values)].sort(inOrder);
  const titles = [...new Set(head.sets.flatMap((set) => set.columns.slice(1).map((column) => column.title)))];
  const usual = head.sets.flatMap((set) => (set.other === null ? [] : [set.columns[set.other].title]))[0];
  fill("set", [["", "all"], ...(head.sets.length > 1 ? head.sets.map((set) => [set.name, set.name]) : [])]);
  fill("slice", [["", "all"], ...unique(rows.filter(inSet).flatMap(slicesOf)).map((slice) => [slice, slice])]);
  fill("group", [["", "nothing"], ...unique(rows.flatMap((row) => Object.keys(row.x ?? {}))).map((name) => [name, name])]);
  fill("vs", titles.length > 1 ? titles.map((title) => [title === usual ? "" : title, title]) : []);
}

function showFilters() {
  const some = rows.filter((row) => inSet(row) && inSlice(row)), compares = head.sets.some((set) => set.other !== null);
  for (const button of ui.filters.children) {
    const name = button.dataset.filter, [title, fits] = FILTERS[name], count = some.filter(fits).length;
    button.textContent = loading && rows.length < head.rows ? title : `${title} ${number(count)}`;
    button.setAttribute("aria-pressed", String(name === state.filter));
    button.hidden = !compares && ["broken", "fixed", "different", "right", "wrong"].includes(name);
  }
}

const clip = (text, most = 260) => addText(make("span", { class: "cases-clip" }), text.length > most ? `${text.slice(0, most)} …` : text);

function tableRow(row, index) {
  const key = keyOf(row), open = key === state.case, before = other(row);
  const button = make("button", { type: "button", class: "cases-open", "data-key": key, "aria-expanded": String(open), click: (event) => { event.stopPropagation(); toggle(key); } }, addText(make("span"), row.i));
  return make("tr", { "aria-rowindex": String(index + 2), class: `cases-row ${status(row)}${open ? " open" : ""}`, click: () => { if (!String(getSelection())) toggle(key); } },
    make("td", { class: "cases-status" }, make("span", { class: `cases-sign ${status(row)}` }, statusText(row)), comments[key] ? make("span", { title: "has a comment" }, " ✎") : null),
    make("th", { scope: "row" }, button, head.sets.length > 1 ? make("small", {}, setOf(row).name) : null),
    make("td", {}, clip(row.q)), make("td", { class: "cases-minor" }, clip(row.e)), make("td", {}, clip(row.a[0].t || row.a[0].c || row.a[0].e || "")),
    comparesAny() ? make("td", { class: "cases-minor" }, before ? clip(before.t) : "–") : null);
}

const comparesAny = () => head.sets.some((set) => set.other !== null);

// Of one golden set which model answered; of several each row has its own.
const answerTitle = () => (head.sets.length > 1 ? "Answer" : head.sets[0].own > 1 ? head.sets[0].columns[0].title : `Answer (${head.sets[0].columns[0].role})`);
const width = () => String([...ui.header.children].filter((each) => getComputedStyle(each).display !== "none").length);

function groupRow(row, some) {
  const same = some.filter((each) => groupOf(each) === groupOf(row)), measured = same.filter((each) => each.a[0].p !== undefined), right = measured.filter((each) => each.a[0].p).length;
  return make("tr", { class: "cases-group" }, make("th", { scope: "rowgroup", colspan: width() }, addText(make("span"), `${state.group} = ${groupOf(row)}`), ` · ${number(right)} of ${number(measured.length)} right${measured.length < same.length ? `, ${number(same.length - measured.length)} not measured` : ""}`));
}

function showTable({ some, problem }) {
  const last = Math.max(1, Math.ceil(some.length / head.page)), at = some.findIndex((row) => keyOf(row) === state.case);
  const page = at >= 0 ? Math.floor(at / head.page) + 1 : Math.min(last, Math.max(1, Number(state.page) || 1)), start = (page - 1) * head.page;
  shownRows = some.slice(start, start + head.page);
  const versus = comparesAny() ? [head.sets.length === 1 || state.vs ? state.vs || head.sets[0].columns[head.sets[0].other].title : "Compared with"] : [];
  ui.header.replaceChildren(...["Result", "Case", "Question", "Expected", answerTitle(), ...versus].map((title, place) => make("th", { scope: "col", class: place === 3 || place === 5 ? "cases-minor" : null }, title)));
  ui.table.setAttribute("aria-rowcount", String(some.length + 1));
  const made = [];
  shownRows.forEach((row, place) => {
    if (state.group && (place === 0 || groupOf(row) !== groupOf(shownRows[place - 1]))) made.push(groupRow(row, some));
    made.push(tableRow(row, start + place));
    if (keyOf(row) === state.case) made.push(make("tr", { class: "cases-opened" }, make("td", { colspan: width() }, detail(row))));
  });
  ui.body.replaceChildren(...made);
  ui.problem.textContent = problem || (state.case && at < 0 && !loading ? `Case ${state.case} is not among these.` : "");
  const range = some.length ? `${number(start + 1)}–${number(start + shownRows.length)} of ${number(some.length)} cases` : "No case";
  const left = head.left_out ? ` ${number(head.left_out)} more that are right are not in this file.` : "";
  ui.count.textContent = loading && rows.length < head.rows ? `Reading ${number(head.rows)} cases …` : `${range}${some.length < rows.length ? `, of ${number(rows.length)} in all` : ""}.${left}`;
  showPages(page, last);
}

function showPages(page, last) {
  const button = (title, to) => make("button", { type: "button", disabled: to < 1 || to > last, click: () => { go({ page: String(to), case: "" }); section.scrollIntoView(); } }, title);
  ui.pages.replaceChildren(...(last > 1 ? [button("Previous", page - 1), make("span", {}, `Page ${page} of ${number(last)}`), button("Next", page + 1)] : []));
}

function render() {
  showFilters();
  fillLists();
  if (document.activeElement !== ui.search) ui.search.value = state.q;
  ui.regex.checked = Boolean(state.re);
  const focused = document.activeElement?.id;
  showTable(chosen());
  if (focusKey) button(focusKey)?.focus();
  else if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus();
  if (focusKey) button(focusKey)?.closest("tr").scrollIntoView({ block: "nearest" });
  focusKey = "";
}

const button = (key) => ui.body.querySelector(`[data-key="${CSS.escape(key)}"]`);
function toggle(key) {
  focusKey = key;
  go({ case: key === state.case ? "" : key });
}

async function start() {
  const blocks = [...section.querySelectorAll("script[data-cases]")];
  const first = await unpacked(blocks[0]);
  Object.assign(head, first, { rows: first.rows_total });
  rows.push(...first.rows);
  build();
  readComments();
  fromAddress();
  loading = blocks.length > 1;
  render();
  section.classList.add("cases-on");
  app.hidden = false;
  performance.mark("cases-first");
  matchMedia("(max-width: 720px)").addEventListener("change", render);
  for (const each of blocks.slice(1)) {
    await new Promise((done) => setTimeout(done));
    rows.push(...(await unpacked(each)).rows);
  }
  if (loading) { loading = false; render(); }
  if (/filter=/.test(location.hash)) section.scrollIntoView();
  performance.mark("cases-ready");
  section.dataset.ready = "1";
}
