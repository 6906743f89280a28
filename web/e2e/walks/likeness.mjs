// Whether a screen still looks as it was kept: by how light it is and how much is drawn, block by block, not pixel by pixel. The demonstration
// ends today and its names and figures move with it, and letters are drawn otherwise on every machine: what is found here is a
// page that has lost its form, not one whose date has changed.

import { readFileSync } from "node:fs";

/** Blocks across and down. */
const BLOCKS = 16;
/** A block differs by this much of full white and more. */
const BLOCK_DIFFERS = 0.22;

/** The lightness of each block of a picture (a file or bytes), 0 to 1, worked out in a page of the browser. */
async function blocksOf(browser, bytes, kind) {
  const page = await browser.newPage();
  try {
    return await page.evaluate(async ([address, count]) => {
      const picture = new Image();
      picture.src = address;
      await picture.decode();
      const canvas = document.createElement("canvas");
      canvas.width = count * 8;
      canvas.height = count * 8;
      const drawing = canvas.getContext("2d");
      drawing.drawImage(picture, 0, 0, canvas.width, canvas.height);
      const blocks = [];
      for (let y = 0; y < count; y++) {
        for (let x = 0; x < count; x++) {
          const { data } = drawing.getImageData(x * 8, y * 8, 8, 8);
          let sum = 0;
          for (let at = 0; at < data.length; at += 4) sum += 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2];
          blocks.push(sum / (data.length / 4) / 255);
        }
      }
      return blocks;
    }, [`data:image/${kind};base64,${bytes.toString("base64")}`, BLOCKS]);
  } finally {
    await page.close();
  }
}

/** The share of blocks in which two pictures differ, 0 to 1. */
export async function difference(browser, keptPath, bytes) {
  const [kept, now] = await Promise.all([blocksOf(browser, readFileSync(keptPath), "jpeg"), blocksOf(browser, bytes, "jpeg")]);
  return kept.filter((light, place) => Math.abs(light - now[place]) > BLOCK_DIFFERS).length / kept.length;
}
