// Texts of models, users and files -> nodes. Everything enters the page as text: no markup is ever parsed.

const INVISIBLE = /(?:(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}])+/gu;
const number = (value) => value.toLocaleString("en-US");

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

function escaped(found) {
  return Array.from(found, (sign) => {
    const code = sign.codePointAt(0).toString(16);
    return code.length <= 2 ? `\\x${code.padStart(2, "0")}` : `\\u${code.padStart(4, "0")}`;
  }).join("");
}

// Characters that a reader cannot see, or that turn the direction of a line, are shown as escapes.
function addText(parent, text) {
  let at = 0;
  for (const found of text.matchAll(INVISIBLE)) {
    parent.append(text.slice(at, found.index));
    parent.append(make("span", { class: "esc", title: "invisible characters" }, escaped(found[0])));
    at = found.index + found[0].length;
  }
  parent.append(text.slice(at));
  return parent;
}

const WRAPPERS = { gone: "del", added: "ins", judged: "mark", hit: "mark" };
const AROUND = 20;

// marks: [{from, to, kind}], which may overlap. only: unchanged stretches are cut to what stands beside a difference.
function paint(parent, text, marks, only = false) {
  const edges = [...new Set([0, text.length, ...marks.flatMap((mark) => [mark.from, mark.to])])].sort((a, b) => a - b);
  for (let i = 1; i < edges.length; i++) {
    const from = edges[i - 1], to = edges[i];
    const kinds = marks.filter((mark) => mark.from <= from && to <= mark.to).map((mark) => mark.kind);
    let piece = text.slice(from, to);
    if (only && !kinds.includes("gone") && !kinds.includes("added") && piece.length > 3 * AROUND) {
      piece = `${i > 1 ? piece.slice(0, AROUND) : ""} … ${i < edges.length - 1 ? piece.slice(-AROUND) : ""}`;
    }
    const inner = addText(document.createDocumentFragment(), piece);
    parent.append(kinds.reduce((node, kind) => make(WRAPPERS[kind], { class: kind }, node), inner));
  }
  return parent;
}

// What a reason quotes, where the answer has it: the piece that was judged.
function judgedPieces(text, reason) {
  const quoted = [...reason.matchAll(/'((?:[^'\\]|\\.)+)'|"((?:[^"\\]|\\.)+)"/g)].map((found) => found[1] ?? found[2]);
  const pieces = quoted.map((piece) => piece.replace(/\\n/g, "\n").replace(/\\(['"\\])/g, "$1"));
  const piece = pieces.find((each) => each.length < text.length && text.includes(each));
  if (piece === undefined) return [];
  const from = text.lastIndexOf(piece);
  return [{ from, to: from + piece.length, kind: "judged" }];
}
