// Weighs what a phone must fetch before the first page shows: index.html and all it names, gzipped.
// Usage: node weigh.mjs DIST LIMIT_KIB; ends with an error above the limit.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const [folder, limit] = [process.argv[2] ?? "dist", Number(process.argv[3] ?? 60)];
const page = readFileSync(join(folder, "index.html"), "utf8");
const named = [...page.matchAll(/(?:src|href)="([^"]+\.(?:js|css|svg))"/g)].map((match) => match[1]);
let sum = 0;
for (const name of ["index.html", ...named]) {
  const file = name.replace(/^\/(office\/)?/, "");
  const size = gzipSync(readFileSync(join(folder, file)), { level: 9 }).length;
  sum += size;
  console.log(`${(size / 1024).toFixed(1).padStart(7)} KiB gzip  ${file}`);
}
console.log(`${(sum / 1024).toFixed(1).padStart(7)} KiB gzip  critical path (limit ${limit})`);
if (/<script(?![^>]*\bsrc=)/.test(page) || / style=|<style/.test(page)) {
  console.error("index.html holds an inline script or style, which the server's content policy forbids");
  process.exit(1);
}
process.exit(sum > limit * 1024 ? 1 : 0);
