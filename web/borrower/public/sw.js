// Keeps the pages on the phone, so that they open without a network. Answers of the server are never kept here:
// they are about a person, and old figures must not pass for new ones.

const KEPT = "tianxin-pages-1";
/** What a weak signal is waited for before the kept page is shown. */
const WAIT_MS = 4000;

self.addEventListener("install", (event) => {
  event.waitUntil(
    (async () => {
      const kept = await caches.open(KEPT);
      const listed = await fetch("/files.json", { cache: "no-store" });
      const files = Object.values(await listed.json()).flatMap((one) => [one.file, ...(one.css ?? [])]);
      await kept.addAll(["/", "/favicon.svg", "/manifest.webmanifest", ...new Set(files.map((file) => `/${file}`))]);
      await self.skipWaiting();
    })(),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) if (name !== KEPT) await caches.delete(name);
      await self.clients.claim();
    })(),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  const isOwn = request.method === "GET" && origin === self.location.origin;
  // The office, the interface and its documents are not these pages.
  if (!isOwn || /^\/(api|office|docs|health)(\/|$)/.test(pathname)) return;
  if (request.mode === "navigate") event.respondWith(page(request));
  else if (pathname.startsWith("/assets/") || /\.(svg|webmanifest)$/.test(pathname)) event.respondWith(file(request));
});

/** The page as the server has it now, or as it was kept where the signal is too weak. */
async function page(request) {
  const kept = await caches.open(KEPT);
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), WAIT_MS);
  try {
    const fresh = await fetch(request.url, { signal: stop.signal, credentials: "same-origin" });
    if (fresh.ok) await kept.put("/", fresh.clone());
    return fresh;
  } catch {
    return (await kept.match("/")) ?? Response.error();
  } finally {
    clearTimeout(timer);
  }
}

/** Files with a hash in their names never change: what is kept is right. */
async function file(request) {
  const kept = await caches.open(KEPT);
  const found = await kept.match(request);
  if (found) return found;
  const fresh = await fetch(request);
  if (fresh.ok) await kept.put(request, fresh.clone());
  return fresh;
}
