// Every sentence of the pages is told in both languages: read from the sources, so that none is forgotten.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const WEB = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((one) => {
    const path = join(folder, one.name);
    if (one.isDirectory()) return ["node_modules", "dist", "tests"].includes(one.name) ? [] : sources(path);
    return /\.tsx?$/.test(one.name) && !one.name.endsWith(".d.ts") ? [path] : [];
  });
}

const STRING = String.raw`"((?:[^"\\]|\\.)*)"`;
const SAID = new RegExp(String.raw`\bsay\(\s*${STRING}\s*,\s*${STRING}`, "g");
const CHINESE = /[\u4e00-\u9fff]/;
/** Names of places are as they are in both. */
const EXAMPLE = "柳河乡李家村";
/** Signs between the parts of a list, which only Chinese has. */
const CHINESE_SIGN = /[\u3001\uff0c\uff1b]/;

test("each sentence has its Chinese and its English, with the same figures in both", () => {
  let count = 0;
  const wrong = [];
  for (const path of ["borrower/src", "office/src", "shared"].flatMap((folder) => sources(join(WEB, folder)))) {
    const text = readFileSync(path, "utf8");
    for (const [, zh, en] of text.matchAll(SAID)) {
      count += 1;
      const figures = (words) => [...new Set([...words.matchAll(/\{(\w+)\}/g)].map((match) => match[1]))].sort().join();
      if (!CHINESE.test(zh) && !CHINESE_SIGN.test(zh)) wrong.push(`${path}: not Chinese: ${zh}`);
      if (en.trim() === "" || CHINESE.test(en.replace(EXAMPLE, ""))) wrong.push(`${path}: not English: ${en}`);
      if (figures(zh) !== figures(en)) wrong.push(`${path}: figures differ: ${zh} | ${en}`);
    }
  }
  assert.ok(count > 700, `only ${count} sentences were found: is the search broken?`);
  assert.deepEqual(wrong, []);
});

test("no text of a page stands outside of the sentences", () => {
  const wrong = [];
  for (const path of ["borrower/src", "office/src"].flatMap((folder) => sources(join(WEB, folder)))) {
    const text = readFileSync(path, "utf8");
    // Text between tags, and labels in quotes that are Chinese but not told through `say` or a pair.
    for (const match of text.matchAll(/>\s*([^<>{}\n"()]*[\u4e00-\u9fff][^<>{}\n"()]*)\s*<\//g)) wrong.push(`${path}: ${match[1].trim()}`);
  }
  // The one name that is the same in both languages.
  assert.deepEqual(wrong.filter((one) => !one.endsWith(": 田信")), []);
});
