// Builds for phones some eight years old; no inline scripts or data addresses, which the server's policy forbids.
import { defineConfig } from "vitest/config";

const server = process.env.TIANXIN_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  base: "/",
  // The shared folder has no packages of its own.
  resolve: { dedupe: ["preact"] },
  build: {
    target: ["es2018", "chrome66", "firefox67", "safari12.1"],
    cssTarget: ["chrome66", "safari12.1"],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    // What the service worker keeps for times without a network.
    manifest: "files.json",
  },
  server: { proxy: { "/api": server, "/health": server } },
  test: { include: ["tests/**/*.test.ts"] },
});
