// Tables as files: CSV that Excel opens in Chinese, and .xlsx written here, a handful of XML files in a zip without compression.

export type SheetCell = string | number;

/** A table with its headings. */
export interface SheetOut {
  name: string;
  columns: string[];
  rows: SheetCell[][];
}

/** A cell as it was read from a page: sums and plain numbers as numbers, everything else as text. */
export function cellOf(text: string): SheetCell {
  const plain = text.trim();
  if (plain === "—") return "";
  // Long runs of digits are ids: a spreadsheet would round them.
  if (!/^-?[¥￥]?\d{1,3}(,\d{3})+(\.\d+)?$|^-?[¥￥]?\d{1,12}(\.\d+)?$/.test(plain) || /^0\d/.test(plain)) return plain;
  return Number(plain.replace(/[¥￥,]/g, ""));
}

/** CSV with a byte order mark, without which Excel takes it for another encoding; a text that begins like a formula stays a text. */
export function csvOf(sheet: SheetOut): string {
  const cell = (value: SheetCell) => {
    const text = typeof value === "number" ? String(value) : /^[=+@\t\r]|^-(?!\d)/.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  };
  return `\ufeff${[sheet.columns, ...sheet.rows].map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
}

/** The bytes of a workbook with one sheet. */
export function xlsxOf(sheet: SheetOut): Uint8Array {
  const rows = [sheet.columns, ...sheet.rows].map((row, y) => {
    const cells = row.map((value, x) => {
      const place = `${columnName(x)}${y + 1}`;
      if (typeof value === "number") return `<c r="${place}"><v>${value}</v></c>`;
      return `<c r="${place}" t="inlineStr"${y === 0 ? ' s="1"' : ""}><is><t xml:space="preserve">${escaped(value)}</t></is></c>`;
    });
    return `<row r="${y + 1}">${cells.join("")}</row>`;
  });
  const head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
  const main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
  const relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
  const kind = "application/vnd.openxmlformats-officedocument.spreadsheetml";
  // A sheet's name has at most 31 characters, and none of these.
  const name = escaped(sheet.name.replace(/[[\]:*?/\\]/g, " ").slice(0, 31) || "Sheet1");
  return zipOf([
    [
      "[Content_Types].xml",
      `${head}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${kind}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="${kind}.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="${kind}.styles+xml"/></Types>`,
    ],
    [
      "_rels/.rels",
      `${head}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="${relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    ],
    [
      "xl/workbook.xml",
      `${head}<workbook xmlns="${main}" xmlns:r="${relations}"><sheets><sheet name="${name}" sheetId="1" r:id="r1"/></sheets></workbook>`,
    ],
    [
      "xl/_rels/workbook.xml.rels",
      `${head}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="${relations}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="${relations}/styles" Target="styles.xml"/></Relationships>`,
    ],
    [
      "xl/styles.xml",
      `${head}<styleSheet xmlns="${main}"><fonts count="2"><font><sz val="11"/></font><font><b/><sz val="11"/></font></fonts><fills count="1"><fill><patternFill patternType="none"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf xfId="0"/><xf xfId="0" fontId="1" applyFont="1"/></cellXfs></styleSheet>`,
    ],
    ["xl/worksheets/sheet1.xml", `${head}<worksheet xmlns="${main}"><sheetData>${rows.join("")}</sheetData></worksheet>`],
  ]);
}

function escaped(text: string): string {
  // Control characters cannot stand in XML at all.
  const plain = text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "");
  return plain.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}

/** 0 is A, 25 is Z, 26 is AA. */
export function columnName(place: number): string {
  const last = String.fromCharCode(65 + (place % 26));
  return place < 26 ? last : columnName(Math.floor(place / 26) - 1) + last;
}

/** A zip of stored files: enough for a sheet, and read by everything. */
function zipOf(files: [name: string, text: string][]): Uint8Array {
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const [name, text] of files) {
    const [path, bytes] = [encoder.encode(name), encoder.encode(text)];
    const crc = crc32(bytes);
    // Version 2.0, names in UTF-8, stored, midnight of 1 January 1980.
    const common = [20, 0, 0, 8, 0, 0, 0, 0, 0x21, 0, ...four(crc), ...four(bytes.length), ...four(bytes.length), ...two(path.length), 0, 0];
    const local = Uint8Array.from([0x50, 0x4b, 3, 4, ...common]);
    const central = Uint8Array.from([0x50, 0x4b, 1, 2, 20, 0, ...common, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ...four(offset)]);
    parts.push(local, path, bytes);
    directory.push(central, path);
    offset += local.length + path.length + bytes.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = Uint8Array.from([0x50, 0x4b, 5, 6, 0, 0, 0, 0, ...two(files.length), ...two(files.length), ...four(size), ...four(offset), 0, 0]);
  const all = [...parts, ...directory, end];
  const out = new Uint8Array(all.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of all) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function two(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff];
}

function four(value: number): number[] {
  return [...two(value), ...two(value >>> 16)];
}

/** The checksum of zip files. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** Hands a file to whoever asked for it. */
export function save(name: string, kind: string, content: BlobPart): void {
  const address = URL.createObjectURL(new Blob([content], { type: kind }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
