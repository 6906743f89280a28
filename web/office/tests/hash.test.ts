// Fingerprints of papers: the same with the browser's own hash and without it.

import { afterEach, expect, test, vi } from "vitest";
import { fingerprint, hexOf, sha256 } from "../../shared/hash";

const bytes = (text: string) => new TextEncoder().encode(text);

// FIPS 180-4 and the NIST examples.
const KNOWN: readonly (readonly [string, string])[] = [
  ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  ["abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"],
  [
    "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
    "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1",
  ],
  ["a".repeat(1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"],
];

afterEach(() => vi.unstubAllGlobals());

test("the published vectors", () => {
  for (const [text, hash] of KNOWN) expect(hexOf(sha256(bytes(text)))).toBe(hash);
});

test("every length around the ends of a block is as the platform's own", async () => {
  for (let length = 0; length <= 200; length++) {
    const some = Uint8Array.from({ length }, (_, place) => (place * 31 + length) & 255);
    expect(hexOf(sha256(some)), `${length} bytes`).toBe(hexOf(new Uint8Array(await crypto.subtle.digest("SHA-256", some))));
  }
});

test("a file has one fingerprint, over encrypted pages and over plain ones", async () => {
  const file = new Blob([bytes("合同文本")]);
  const own = await fingerprint(file);
  vi.stubGlobal("crypto", {});
  expect(await fingerprint(file)).toBe(own);
  expect(own).toMatch(/^[0-9a-f]{64}$/);
});
