// Talks to the server. A write carries an id that is kept until it is answered, so that a lost connection,
// a second tap or a reload never does the same thing twice.

import type { Language } from "./language";
import type { Problem } from "./bodies";

/** The server's answer was no; nothing was done. */
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail ?? problem.code);
  }
}

/** No answer came. A read may be repeated; whether a write was done is not known until it is sent again. */
export class Unanswered extends Error {
  /** With what the server said, if it could say that it could not answer. */
  constructor(readonly problem: Problem | null = null) {
    super(problem?.code ?? "no answer");
  }
}

/** A write that has not been answered yet. */
export interface Pending {
  id: string;
  method: string;
  path: string;
  body: unknown;
  /** What it was, for people. */
  told?: string;
  at: number;
}

/** What the client needs from its surroundings. */
export interface Surroundings {
  fetch(path: string, init: RequestInit): Promise<Response>;
  /** Keeps text for this tab only. */
  kept: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  newId(): string;
  /** Waits so long, or until the network is back if that comes first. */
  pause(milliseconds: number): Promise<void>;
  language(): Language;
  now(): number;
}

/** How a write is sent. */
export interface HowToWrite {
  method?: "POST" | "DELETE";
  /** Holds a code, a pin or a resident id: neither it nor its id is written down outside memory. */
  secret?: boolean;
  told?: string;
  /** The command's id, where it was made and written down before; otherwise one is made. */
  id?: string;
}

const KEPT = "tianxin.pending";
const BASE = "/api/v1";
const PAUSES = [800, 2500, 6000];
/** Refusals of this try that tell nothing about an earlier one: the id stays. */
const STAYS = [401, 408, 425, 429];

export class Client {
  /** Sent with every write of a signed-in person. */
  csrf = "";
  /** Told when the network fails and the client is trying again, and when it stops. */
  onWaiting: (isWaiting: boolean) => void = () => undefined;
  /** Told when the server no longer knows the session. */
  onSignedOut: () => void = () => undefined;

  private readonly inFlight = new Map<string, Promise<unknown>>();
  private readonly secrets = new Map<string, string>();

  constructor(private readonly around: Surroundings) {}

  /** Reads; repeated by itself while the network fails. */
  async read<T>(path: string): Promise<T> {
    return (await this.send("GET", path)) as T;
  }

  /** Writes once, however often it is called with the same body before the answer is there. */
  write<T>(path: string, body: unknown, how: HowToWrite = {}): Promise<T> {
    const method = how.method ?? "POST";
    const key = `${method} ${path} ${JSON.stringify(body)}`;
    const running = this.inFlight.get(key);
    if (running) return running as Promise<T>;
    const sent = this.sendOnce(key, method, path, body, how).finally(() => this.inFlight.delete(key));
    this.inFlight.set(key, sent);
    return sent as Promise<T>;
  }

  /** Writes that never got their answer, oldest first; those with secrets are not among them. */
  unanswered(): Pending[] {
    return Object.values(this.load())
      .filter((pending) => !this.inFlight.has(keyOf(pending)))
      .sort((a, b) => a.at - b.at);
  }

  /** Sends such a write again, under its own id: the server answers what it answered then, or does it now. */
  again<T>(pending: Pending): Promise<T> {
    return this.write<T>(pending.path, pending.body, { method: pending.method === "DELETE" ? "DELETE" : "POST" });
  }

  /** Forgets all that belongs to the person who was signed in. */
  forget(): void {
    this.csrf = "";
    this.secrets.clear();
    this.around.kept.removeItem(KEPT);
  }

  private async sendOnce(key: string, method: string, path: string, body: unknown, how: HowToWrite): Promise<unknown> {
    const id = how.secret ? this.secretId(key) : this.keep(key, { method, path, body, told: how.told }, how.id);
    const isAnswered = () => {
      this.secrets.delete(key);
      this.drop(key);
    };
    try {
      const answer = await this.send(method, path, id, body);
      isAnswered();
      return answer;
    } catch (error) {
      if (error instanceof Refused && !STAYS.includes(error.problem.status)) isAnswered();
      throw error;
    }
  }

  private async send(method: string, path: string, id?: string, body?: unknown): Promise<unknown> {
    let isRenewed = false;
    let last: Answer | null = null;
    try {
      for (const pause of [...PAUSES, null]) {
        last = await this.attempt(method, path, id, body);
        if (last && last.status < 400) return last.value;
        if (last && isFinal(last)) {
          const problem = problemOf(last);
          if (!id || isRenewed || !problem.code.includes("csrf")) break;
          isRenewed = true;
          await this.renewCsrf();
          continue;
        }
        // After an error inside the server, asking at once again helps nobody.
        if (pause === null || last?.status === 500) break;
        this.onWaiting(true);
        await this.around.pause(Math.max(pause, (last?.retryAfter ?? 0) * 1000));
      }
    } finally {
      this.onWaiting(false);
    }
    if (!last || last.status >= 500) throw new Unanswered(last && problemOf(last));
    if (last.status === 401) this.onSignedOut();
    throw new Refused(problemOf(last));
  }

  private async attempt(method: string, path: string, id?: string, body?: unknown): Promise<Answer | null> {
    const headers: Record<string, string> = { "Accept-Language": this.around.language() === "zh" ? "zh-CN" : "en" };
    if (id) headers["Command-Id"] = id;
    if (id && this.csrf) headers["X-CSRF-Token"] = this.csrf;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    try {
      const response = await this.around.fetch(path === "/health" ? path : BASE + path, {
        method,
        headers,
        credentials: "same-origin",
        cache: "no-store",
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      return await answerOf(response);
    } catch {
      return null;
    }
  }

  private async renewCsrf(): Promise<void> {
    const answer = await this.attempt("GET", "/me");
    const token = (answer?.value as { csrf_token?: string } | undefined)?.csrf_token;
    if (token) this.csrf = token;
  }

  private secretId(key: string): string {
    const id = this.secrets.get(key) ?? this.around.newId();
    this.secrets.set(key, id);
    return id;
  }

  private keep(key: string, what: Omit<Pending, "id" | "at">, id?: string): string {
    const all = this.load();
    const known = all[key];
    const kept = known && (!id || known.id === id) ? known : { ...what, id: id ?? this.around.newId(), at: this.around.now() };
    this.store({ ...all, [key]: kept });
    return kept.id;
  }

  private drop(key: string): void {
    const { [key]: gone, ...rest } = this.load();
    if (gone) this.store(rest);
  }

  private load(): Record<string, Pending> {
    try {
      return JSON.parse(this.around.kept.getItem(KEPT) ?? "{}") as Record<string, Pending>;
    } catch {
      return {};
    }
  }

  private store(all: Record<string, Pending>): void {
    try {
      this.around.kept.setItem(KEPT, JSON.stringify(all));
    } catch {
      // A full or forbidden store: the id then lives as long as the request.
    }
  }
}

function keyOf(pending: Pending): string {
  return `${pending.method} ${pending.path} ${JSON.stringify(pending.body)}`;
}

/** What came back, read to its end. */
interface Answer {
  status: number;
  value: unknown;
  /** Seconds after which the server wants to be asked again. */
  retryAfter: number | null;
}

/** A body that breaks off half-way on a weak signal is no answer: this throws. */
async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  const asked = Number(response.headers.get("Retry-After") ?? Number.NaN);
  const answer = { status: response.status, value: undefined, retryAfter: Number.isFinite(asked) ? asked : null };
  if (text === "") return answer;
  try {
    return { ...answer, value: JSON.parse(text) };
  } catch (error) {
    if (response.ok) throw error;
    return answer;
  }
}

/** Whether asking again soon would bring the same answer. */
function isFinal(answer: Answer): boolean {
  if (answer.status === 429) return answer.retryAfter === null || answer.retryAfter > 10;
  return answer.status < 500 && answer.status !== 408 && answer.status !== 425;
}

function problemOf(answer: Answer): Problem {
  const problem = (typeof answer.value === "object" && answer.value !== null ? answer.value : {}) as Partial<Problem>;
  const { status } = answer;
  return { ...problem, status, code: problem.code ?? codeFromType(problem.type) ?? `http_${status}` };
}

function codeFromType(type: string | undefined): string | undefined {
  return type && type !== "about:blank" ? type.split(/[/:]/).pop() : undefined;
}

/** A version 4 UUID; `crypto.randomUUID` is missing on old phones and without TLS. */
export function newUuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** A client in a browser: answers are waited for 25 seconds, which a slow line needs. */
export function browserClient(language: () => Language): Client {
  return new Client({
    fetch: async (path, init) => {
      const stop = new AbortController();
      const timer = setTimeout(() => stop.abort(), 25_000);
      try {
        return await fetch(path, { ...init, signal: stop.signal });
      } finally {
        clearTimeout(timer);
      }
    },
    kept: tabStorage(),
    newId: newUuid,
    pause: (milliseconds) =>
      new Promise((resolve) => {
        const done = () => {
          clearTimeout(timer);
          removeEventListener("online", done);
          resolve();
        };
        const timer = setTimeout(done, milliseconds);
        addEventListener("online", done);
      }),
    language,
    now: () => Date.now(),
  });
}

function tabStorage(): Surroundings["kept"] {
  try {
    sessionStorage.getItem(KEPT);
    return sessionStorage;
  } catch {
    const memory = new Map<string, string>();
    return {
      getItem: (key) => memory.get(key) ?? null,
      setItem: (key, value) => void memory.set(key, value),
      removeItem: (key) => void memory.delete(key),
    };
  }
}
