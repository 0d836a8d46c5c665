// The table that `./dev bench` prints, and how figures are written in it.
const rows = [];
const notes = [];

export const note = text => notes.push(text);
export const say = text => console.error(`    ${text}`);
export const rate = value => `${Math.round(value).toLocaleString("en")}/s`;
export const ms = value => `${value.toFixed(1)} ms`;
export const mb = value => `${value.toFixed(0)} MB`;
export const times = value => `${value.toFixed(2)} ×`;

/** One line: `reference` may be empty where the budget is not relative. */
export function row(what, figure, reference, ratio, budget, holds) {
  rows.push([what, figure, reference, ratio, budget, holds ? "holds" : "MISSES"]);
}

export function print() {
  const table = [["what", "figure", "reference", "ratio", "budget", "verdict"], ...rows];
  const widths = table[0].map((_, column) => Math.max(...table.map(cells => cells[column].length)));
  const line = cells => cells.map((cell, column) => (column === 0 || column === 4 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join("   ").trimEnd();
  console.log(line(table[0]));
  console.log(widths.map(width => "-".repeat(width)).join("   "));
  for (const cells of table.slice(1)) console.log(line(cells));
  for (const text of notes) console.log(`* ${text}`);
}

export const median = values => quantile(values, 0.5);

export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length === 0 ? NaN : sorted[Math.floor((sorted.length - 1) * share)];
}
