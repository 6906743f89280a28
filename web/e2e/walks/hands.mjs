// What a person does on the pages, in their words.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** The screen with this heading. */
export async function sees(page, heading) {
  await page.getByRole("heading", { level: 1, name: heading }).waitFor();
}

export async function taps(page, name) {
  const exact = typeof name === "string";
  await page.getByRole("button", { name, exact }).or(page.getByRole("link", { name, exact })).first().click();
}

export async function types(page, label, text) {
  await page.getByLabel(label).first().fill(text);
}

export async function chooses(page, name) {
  await page.getByRole("radio", { name }).check({ force: true });
}

/** The demonstration shows the code that would come by message. */
export async function typesTheCode(page) {
  const told = await page.getByText("验证码是").innerText();
  await types(page, "6 位验证码", /(\d{6})/.exec(told)[1]);
}

export async function signsIn({ page, context }, { phone, pin }) {
  await context.clearCookies();
  await page.goto("/");
  await page.reload();
  await taps(page, "我有账户，去登录");
  await types(page, "手机号", phone);
  await taps(page, "发验证码");
  await sees(page, "输入短信验证码");
  await typesTheCode(page);
  await taps(page, "下一步");
  await types(page, "密码，6 个数字", pin);
  await taps(page, "登录");
  await page.getByText("现在能借").waitFor();
}

export async function staffSignsIn({ desk, server }, role) {
  const { page } = desk;
  await desk.context.clearCookies();
  await page.goto("/office/");
  await page.reload();
  const { login, password } = server.staff[role];
  await types(page, "登录名", login);
  await types(page, "密码", password);
  await taps(page, "登录");
  await page.getByRole("navigation").waitFor();
}

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds against WCAG 2.2 AA, each with the first place it was found at. */
export async function axeFaultsOf(page) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(AXE);
  return page.evaluate(async () => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
    const { violations } = await window.axe.run(document, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] });
    return violations.map((one) => `${one.id}: ${one.help} (${one.nodes.length}, first ${one.nodes[0]?.html.slice(0, 160)})`);
  });
}

/** Nothing on the page is smaller than a finger, unnamed, or wider than the screen. */
export async function faultsOf(page) {
  return page.evaluate(() => {
    const faults = [];
    if (document.documentElement.scrollWidth > innerWidth) faults.push(`wider than the screen: ${document.documentElement.scrollWidth} > ${innerWidth}`);
    for (const one of document.querySelectorAll("a, button, input, select, textarea")) {
      const box = (one.matches("input[type=checkbox], input[type=radio]") ? (one.closest("label") ?? one) : one).getBoundingClientRect();
      const words = (one.textContent || one.getAttribute("aria-label") || "").trim();
      // What is shown only on focus, or not at all, is no target.
      if (box.width <= 1) continue;
      if (box.height < 44 || box.width < 44) faults.push(`small (${Math.round(box.width)}x${Math.round(box.height)}): ${one.tagName} ${words}`);
      if (one.matches("input, select, textarea") && one.labels.length === 0) faults.push(`no label: ${one.outerHTML.slice(0, 80)}`);
      if (one.matches("a, button") && words === "") faults.push(`no words: ${one.outerHTML.slice(0, 80)}`);
    }
    const headings = document.querySelectorAll("h1").length;
    if (headings !== 1) faults.push(`${headings} headings of the first level`);
    return faults;
  });
}
