// A table of a page as a file: what stands there, in the order it stands there.

import { type SheetOut, cellOf, csvOf, save, xlsxOf } from "../../shared/sheet-file";

/** Reads a table as people see it; columns of keys and links without a heading are left out. */
export function readTable(table: HTMLTableElement, name: string): SheetOut {
  const headings = Array.from(table.tHead?.rows[0]?.cells ?? []);
  const kept = headings.map((cell, place) => ({ place, words: wordsOf(cell) })).filter((one) => one.words !== "" && one.words !== "…");
  const rows = [...Array.from(table.tBodies).flatMap((body) => Array.from(body.rows)), ...Array.from(table.tFoot?.rows ?? [])];
  return {
    name,
    columns: kept.map((one) => one.words),
    rows: rows.map((row) => {
      // A cell that spans several columns stands in the first of them.
      const cells = Array.from(row.cells).flatMap((cell) => [wordsOf(cell), ...Array<string>(cell.colSpan - 1).fill("")]);
      return kept.map(({ place }) => cellOf(cells[place] ?? ""));
    }),
  };
}

function wordsOf(cell: HTMLElement): string {
  return (cell.innerText ?? cell.textContent ?? "").replace(/\s+/g, " ").trim();
}

export function saveSheet(sheet: SheetOut, form: "csv" | "xlsx"): void {
  if (form === "csv") return save(`${sheet.name}.csv`, "text/csv;charset=utf-8", csvOf(sheet));
  return save(`${sheet.name}.xlsx`, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", xlsxOf(sheet) as BlobPart);
}
