// Two texts -> which words only one of them has, by the longest common subsequence.

const MOST_PAIRS = 4_000_000;
const segmenter = globalThis.Intl && Intl.Segmenter ? new Intl.Segmenter(undefined, { granularity: "word" }) : null;

// Each word with the blanks after it, which are not compared: they would match everywhere.
function words(text) {
  const pieces = segmenter ? Array.from(segmenter.segment(text), (each) => each.segment) : text.split(/(?<=\s)(?=\S)/u);
  const found = [];
  let at = 0;
  for (const piece of pieces) {
    if (!piece.trim() && found.length) found[found.length - 1].to += piece.length;
    else found.push({ from: at, to: at + piece.length, word: piece.trim() });
    at += piece.length;
  }
  return found;
}

// {gone, added}: marks for the old and the new text; none where they share no word, as all would be
// marked; null if they are too long to compare.
function difference(before, after) {
  const a = words(before), b = words(after);
  let head = 0, tail = 0;
  while (head < a.length && head < b.length && a[head].word === b[head].word) head++;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail).word === b.at(-1 - tail).word) tail++;
  const old = a.slice(head, a.length - tail), now = b.slice(head, b.length - tail);
  if (old.length * now.length > MOST_PAIRS) return null;
  const table = lengths(old, now);
  return head + tail + table[0] ? walked(old, now, table) : { gone: [], added: [] };
}

// Length of the longest common subsequence of what begins at each pair of words, row by row.
function lengths(old, now) {
  const width = now.length + 1, table = new Uint16Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      const at = i * width + j;
      table[at] = old[i].word === now[j].word ? table[at + width + 1] + 1 : Math.max(table[at + width], table[at + 1]);
    }
  }
  return table;
}

function walked(old, now, table) {
  const width = now.length + 1, gone = [], added = [];
  let i = 0, j = 0;
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && old[i].word === now[j].word) { i++; j++; }
    else if (j === now.length || (i < old.length && table[(i + 1) * width + j] >= table[i * width + j + 1])) grow(gone, old[i++], "gone");
    else grow(added, now[j++], "added");
  }
  return { gone, added };
}

function grow(marks, word, kind) {
  const last = marks.at(-1), to = word.from + word.word.length;
  if (last && last.next === word.from) Object.assign(last, { to, next: word.to });
  else marks.push({ from: word.from, to, kind, next: word.to });
}
