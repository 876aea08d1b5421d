// What is shown <-> the address: a link shows the same again, and the browser's back button goes one step back.

const DEFAULTS = { filter: "all", set: "", slice: "", group: "", vs: "", q: "", re: "", page: "1", case: "", only: "" };
const FILTERS = {
  all: ["All", () => true],
  broken: ["Broken", (row) => status(row) === "broken"],
  fixed: ["Fixed", (row) => status(row) === "fixed"],
  failing: ["Failing", (row) => own(row).some((each) => each.p === 0)],
  errors: ["Errors", (row) => own(row).some((each) => each.p === undefined)],
  different: ["Different", (row) => isDifferent(row)],
  right: ["Both right", (row) => isCompared(row) && status(row) === "right"],
  wrong: ["Both wrong", (row) => isCompared(row) && status(row) === "wrong"],
};
let state = { ...DEFAULTS };

function fromAddress() {
  const given = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  const known = Object.keys(DEFAULTS).filter((key) => given[key] !== undefined);
  state = { ...DEFAULTS, ...Object.fromEntries(known.map((key) => [key, given[key]])) };
  if (!FILTERS[state.filter]) state.filter = "all";
}

// A change of anything but the page and the open case begins at the first page. quiet: no step of the back button.
function go(change, quiet = false) {
  const begins = "page" in change || "case" in change || "only" in change ? {} : { page: "1", case: "" };
  const next = { ...state, ...begins, ...change };
  const told = Object.entries(next).filter(([key, value]) => key === "filter" || value !== DEFAULTS[key]);
  const address = `#${new URLSearchParams(told)}`;
  if (address === location.hash) return;
  if (quiet) location.replace(address);
  else location.hash = address;
}
