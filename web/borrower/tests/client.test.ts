// The promise to people on a weak signal: nothing is lost and nothing is done twice.

import { expect, test } from "vitest";
import { Client, Refused, Unanswered, newUuid } from "../../shared/client";

interface Sent {
  method: string;
  path: string;
  id: string | null;
  csrf: string | null;
  language: string | null;
  body: unknown;
}

type Reply = "lost" | "broken" | { status: number; body?: unknown; headers?: Record<string, string> };

/** A client whose server answers as told, one reply after the other, the last one for ever. */
function stage(replies: Reply[], kept = new Map<string, string>()) {
  const sent: Sent[] = [];
  const pauses: number[] = [];
  let ids = 0;
  const client = new Client({
    fetch: async (path, init) => {
      const headers = new Headers(init.headers);
      sent.push({
        method: init.method ?? "GET",
        path,
        id: headers.get("Command-Id"),
        csrf: headers.get("X-CSRF-Token"),
        language: headers.get("Accept-Language"),
        body: typeof init.body === "string" ? JSON.parse(init.body) : undefined,
      });
      const reply = replies.length > 1 ? replies.shift() : replies[0];
      if (reply === "lost" || reply === undefined) throw new TypeError("failed to fetch");
      if (reply === "broken") return new Response('{"half', { status: 201 });
      return new Response(reply.body === undefined ? null : JSON.stringify(reply.body), { status: reply.status, headers: reply.headers });
    },
    kept: {
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => void kept.set(key, value),
      removeItem: (key) => void kept.delete(key),
    },
    newId: () => `id-${++ids}`,
    pause: async (milliseconds) => void pauses.push(milliseconds),
    language: () => "zh",
    now: () => ids,
  });
  return { client, sent, pauses, kept };
}

const OK: Reply = { status: 201, body: { done: true } };
const path = "/households/hh-1/loans/ln-1/repayments";
const body = { amount: "100.00" };

test("a lost answer is asked for again under the same id, until it is there", async () => {
  for (const bad of ["lost", "broken", { status: 503 }, { status: 504 }, { status: 408 }, { status: 429, headers: { "Retry-After": "2" } }] as Reply[]) {
    const { client, sent, kept } = stage([bad, bad, OK]);
    expect(await client.write(path, body)).toEqual({ done: true });
    expect(sent.map((one) => one.id)).toEqual(["id-1", "id-1", "id-1"]);
    expect(kept.get("tianxin.pending")).toBe("{}");
  }
});

test("without any answer the id stays for the next try, also after a reload", async () => {
  const first = stage(["lost"]);
  await expect(first.client.write(path, body, { told: "还款 ¥100" })).rejects.toBeInstanceOf(Unanswered);
  expect(first.sent).toHaveLength(4);
  expect(first.client.unanswered()).toMatchObject([{ id: "id-1", path, body, told: "还款 ¥100" }]);

  const second = stage([OK], first.kept);
  const [pending] = second.client.unanswered();
  if (!pending) throw new Error("nothing kept");
  await second.client.again(pending);
  expect(second.sent.map((one) => [one.id, one.body])).toEqual([["id-1", body]]);
  expect(second.client.unanswered()).toEqual([]);
});

test("an answer ends the id: the same act done on purpose later is another command", async () => {
  const { client, sent } = stage([OK]);
  await client.write(path, body);
  await client.write(path, body);
  expect(sent.map((one) => one.id)).toEqual(["id-1", "id-2"]);
});

test("two taps are one request", async () => {
  const { client, sent } = stage([OK]);
  await Promise.all([client.write(path, body), client.write(path, body)]);
  expect(sent).toHaveLength(1);
});

test("another body is another command", async () => {
  const { client, sent } = stage(["lost", "lost", "lost", "lost", OK]);
  await expect(client.write(path, body)).rejects.toBeInstanceOf(Unanswered);
  await client.write(path, { amount: "90.00" });
  expect(sent.map((one) => one.id)).toEqual(["id-1", "id-1", "id-1", "id-1", "id-2"]);
  expect(client.unanswered()).toHaveLength(1);
});

test("a refusal is final and told with its code; a new try is a new command", async () => {
  const problem = { type: "urn:tianxin:problem:insufficient_funds", title: "余额不够", status: 422, code: "insufficient_funds" };
  const { client, sent, pauses } = stage([{ status: 422, body: problem }]);
  const error = await client.write(path, body).catch((failure: unknown) => failure);
  expect(error).toBeInstanceOf(Refused);
  expect((error as Refused).problem).toMatchObject({ code: "insufficient_funds", status: 422 });
  await client.write(path, body).catch(() => undefined);
  expect(sent.map((one) => one.id)).toEqual(["id-1", "id-2"]);
  expect(pauses).toEqual([]);
});

test("after the session has ended the id waits for the next sign-in", async () => {
  const { client, sent } = stage([{ status: 401, body: { code: "session_expired" } }, OK]);
  let signedOut = 0;
  client.onSignedOut = () => signedOut++;
  await expect(client.write(path, body)).rejects.toBeInstanceOf(Refused);
  await client.write(path, body);
  expect(signedOut).toBe(1);
  expect(sent.map((one) => one.id)).toEqual(["id-1", "id-1"]);
});

test("codes, pins and resident ids are never written down", async () => {
  const { client, kept, sent } = stage(["lost"]);
  const secret = { phone: "13912345678", pin: "250817" };
  await expect(client.write("/sessions", secret, { secret: true })).rejects.toBeInstanceOf(Unanswered);
  await expect(client.write("/sessions", secret, { secret: true })).rejects.toBeInstanceOf(Unanswered);
  expect([...kept.values()].join()).not.toContain("2508");
  expect(new Set(sent.map((one) => one.id))).toEqual(new Set(["id-1"]));
  expect(client.unanswered()).toEqual([]);
});

test("a stale token of the page is renewed once, under the same id", async () => {
  const { client, sent } = stage([{ status: 403, body: { code: "csrf_missing" } }, { status: 200, body: { csrf_token: "new" } }, OK]);
  client.csrf = "old";
  await client.write(path, body);
  expect(sent.map((one) => [one.method, one.id, one.csrf])).toEqual([
    ["POST", "id-1", "old"],
    ["GET", null, null],
    ["POST", "id-1", "new"],
  ]);
  const never = stage([{ status: 403, body: { code: "csrf_missing" } }]);
  await expect(never.client.write(path, body)).rejects.toBeInstanceOf(Refused);
});

test("the server's own wish to be asked later is kept to, and a long one is told at once", async () => {
  const soon = stage([{ status: 503, headers: { "Retry-After": "5" } }, OK]);
  await soon.client.write(path, body);
  expect(soon.pauses).toEqual([5000]);
  const late = stage([{ status: 429, body: { code: "code_too_soon" }, headers: { "Retry-After": "50" } }]);
  const error = await late.client.write("/codes", {}, { secret: true }).catch((failure: unknown) => failure);
  expect((error as Refused).problem.code).toBe("code_too_soon");
  expect(late.sent).toHaveLength(1);
});

test("an error inside the server is not hammered, and its words are kept", async () => {
  const { client, sent } = stage([{ status: 500, body: { code: "fault", title: "程序出了错" } }]);
  const error = await client.write(path, body).catch((failure: unknown) => failure);
  expect(error).toBeInstanceOf(Unanswered);
  expect((error as Unanswered).problem?.title).toBe("程序出了错");
  expect(sent).toHaveLength(1);
});

test("reads are repeated too, and carry the language but no command", async () => {
  const { client, sent } = stage(["lost", { status: 200, body: [1] }]);
  const waits: boolean[] = [];
  client.onWaiting = (isWaiting) => waits.push(isWaiting);
  expect(await client.read("/products")).toEqual([1]);
  expect(sent[1]).toMatchObject({ method: "GET", path: "/api/v1/products", id: null, language: "zh-CN" });
  expect(waits).toEqual([true, false]);
});

test("signing out leaves nothing of the person", async () => {
  const { client, kept } = stage(["lost"]);
  await expect(client.write(path, body)).rejects.toBeInstanceOf(Unanswered);
  client.forget();
  expect(kept.size).toBe(0);
});

test("a store that keeps nothing does not stop the act", async () => {
  const { client } = stage([OK]);
  const broken = new Client({
    ...(client as unknown as { around: ConstructorParameters<typeof Client>[0] }).around,
    kept: {
      getItem: () => "not json",
      setItem: () => {
        throw new Error("full");
      },
      removeItem: () => undefined,
    },
  });
  expect(await broken.write(path, body)).toEqual({ done: true });
});

test("ids are UUIDs of version 4, and differ", () => {
  const ids = Array.from({ length: 200 }, newUuid);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set(ids).size).toBe(200);
});
