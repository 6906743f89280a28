// Starts the real server with its demonstration data and a browser, for one walk.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { axeFaultsOf, faultsOf } from "./hands.mjs";
import { difference } from "./likeness.mjs";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
const READY_MS = 120_000;

/** Why the walks cannot be walked on this machine, or null. */
function lacking() {
  if (!existsSync(binary())) return `no server at ${binary()}: build it, or name it in TIANXIN_BIN`;
  if (!browserPath()) return "no Chromium: install Debian's chromium";
  for (const page of ["borrower", "office"]) {
    if (!existsSync(join(ROOT, "web", page, "dist/index.html"))) return `web/${page} is not built: npm run build there`;
  }
  return null;
}

function binary() {
  return resolve(process.env.TIANXIN_BIN ?? join(process.env.CARGO_TARGET_DIR ?? join(ROOT, "target"), "debug/tianxin"));
}

function browserPath() {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const names = ["chromium", "chromium-browser", "google-chrome"];
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
}

/** The server over a new folder of demonstration data: its address, and whom to sign in as. */
async function startServer() {
  const folder = mkdtempSync(join(tmpdir(), "tianxin-e2e-"));
  const child = spawn(binary(), ["demo", "--data", join(folder, "data"), "--listen", "127.0.0.1:0", "--json"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let told = "";
  let errors = "";
  child.stderr.on("data", (chunk) => (errors += chunk));
  const stop = async () => {
    if (child.exitCode === null) {
      const ended = new Promise((done) => child.once("exit", done));
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await ended;
      clearTimeout(timer);
    }
    rmSync(folder, { recursive: true, force: true });
  };
  const url = await new Promise((found, failed) => {
    const timer = setTimeout(() => failed(new Error(`the server is not ready after ${READY_MS / 1000} s\n${errors}`)), READY_MS);
    child.once("error", failed);
    child.once("exit", (code) => failed(new Error(`the server ended with ${code}\n${told}\n${errors}`)));
    child.stdout.on("data", (chunk) => {
      told += chunk;
      const ready = /ready (http:\/\/\S+)/.exec(told);
      if (ready && signIns(told)) {
        clearTimeout(timer);
        found(ready[1]);
      }
    });
  }).catch(async (error) => {
    await stop();
    throw error;
  });
  return { url, ...signIns(told), stop };
}

/** The demonstration's sign-ins, wherever in the printed JSON they stand. */
function signIns(told) {
  const staff = {};
  const households = [];
  const look = (value) => {
    if (Array.isArray(value)) return value.forEach(look);
    if (typeof value !== "object" || value === null) return undefined;
    if (value.login && value.password) staff[value.role ?? value.login] ??= value;
    if (value.phone && value.pin) households.push(value);
    return Object.values(value).forEach(look);
  };
  const begin = told.search(/^[{[]/m);
  if (begin < 0) return null;
  const json = told.slice(begin);
  for (const text of [json, ...json.split("\n")]) {
    try {
      look(JSON.parse(text));
      return { staff, households };
    } catch {
      // Not this piece of what was printed.
    }
  }
  return null;
}

/** A browser that asks nobody but the server for anything. */
function openBrowser() {
  return chromium.launch({
    executablePath: browserPath(),
    headless: true,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
  });
}

/** A page of a size, whose own faults end the walk. */
async function openPage(browser, url, width, height) {
  const context = await browser.newContext({
    baseURL: url,
    viewport: { width, height },
    deviceScaleFactor: width < 600 ? 2 : 1,
    hasTouch: width < 600,
    locale: "zh-CN",
  });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    // A refused request is no fault of the page; a broken content policy is.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) faults.push(message.text());
  });
  return { page, context, faults };
}

/** Takes pictures in order, into a folder outside of the project. */
function photographer(name) {
  const folder = process.env.TIANXIN_SHOTS ?? join(tmpdir(), "tianxin-shots");
  let count = 0;
  return async (page, what) => {
    count += 1;
    await page.screenshot({ path: join(folder, `${name}-${String(count).padStart(2, "0")}-${what}.png`), fullPage: true });
  };
}

/** How many screens were looked at in this walk, for its report. */
export const looked = { count: 0 };

/** Share of blocks in which a screen may differ from the one that was kept. */
const DIFFERS_MOST = 0.25;

/**
 * A screen of the docs: taken anew where a folder is named for it, and else put beside the one that was kept, so that a page that has lost
 * its form ends the run. A test run leaves the project as it was.
 */
export async function pictureForDocs(page, name) {
  const folder = process.env.TIANXIN_SCREENS;
  await page.waitForTimeout(500);
  const bytes = await page.screenshot({ type: "jpeg", quality: 72, scale: "css" });
  if (folder) return writeFileSync(join(folder, `${name}.jpg`), bytes);
  const kept = join(ROOT, "docs/screens", `${name}.jpg`);
  assert.ok(existsSync(kept), `${name} was never kept: npm run screens`);
  const differs = await difference(page.context().browser(), kept, bytes);
  likenesses.push({ name, differs });
  assert.ok(differs <= DIFFERS_MOST, `${name} differs from docs/screens in ${Math.round(differs * 100)} % of its blocks: look at it, and keep the new one with npm run screens`);
}

/** How much each screen differed from the one that was kept. */
export const likenesses = [];

/**
 * A walk of a name: a server, a phone of a size and a desk, set up before its first step and taken down after its last.
 * After a step that failed, the rest would only wait in vain.
 */
export function beginWalk(name, width, height) {
  const reason = lacking();
  if (reason) console.log(`skipped: web/e2e ${name}: ${reason}`);
  const skip = reason ?? false;
  const stage = {};
  const shot = photographer(name);
  let hasFailed = false;
  before(async () => {
    if (skip) return;
    stage.server = await startServer();
    stage.browser = await openBrowser();
    stage.phone = await openPage(stage.browser, stage.server.url, width, height);
    stage.desk = await openPage(stage.browser, stage.server.url, 1280, 800);
  });
  after(async () => {
    await stage.browser?.close();
    await stage.server?.stop();
  });
  const step = (what, walk) =>
    test(what, { skip }, async (context) => {
      if (hasFailed) return context.skip("an earlier step failed");
      hasFailed = true;
      await walk(stage);
      hasFailed = false;
      return undefined;
    });
  /** Every screen of the walk is looked at for what a person with poor sight or a thick finger would miss. */
  const looks = async (page, what) => {
    await page.waitForTimeout(300);
    await shot(page, what);
    assert.deepEqual([...(await faultsOf(page)), ...(await axeFaultsOf(page))], [], what);
    looked.count += 1;
  };
  const end = () =>
    step("the pages broke no rule of the server's content policy", ({ phone, desk }) => {
      assert.deepEqual([...phone.faults, ...desk.faults], []);
    });
  return { step, looks, shot, end };
}

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/** A resident id that nobody has been given, with the right check character. */
export function residentId(number) {
  const first = `11010119790307${String(number % 1000).padStart(3, "0")}`;
  const sum = WEIGHTS.reduce((total, weight, place) => total + weight * Number(first[place]), 0);
  return first + "10X98765432"[sum % 11];
}
