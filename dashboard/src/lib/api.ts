import type { Page } from "./types.ts";

/** What the API answers instead of what was asked for: a cause, and often what to do next. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly nextAction: string | null,
    readonly fields: { field: string; message: string }[],
    readonly operationId: string | null = null,
  ) {
    super(detail);
  }

  /** What is wrong with one field of the body, if anything is. */
  field(name: string): string | null {
    const found = this.fields.find((one) => one.field === name);
    return found ? found.message : null;
  }
}

let csrfToken: string | null = null;
let onSignedOut: () => void = () => {};

export function useCsrfToken(token: string | null): void {
  csrfToken = token;
}

/** Called when the API says that the session is over. */
export function whenSignedOut(callback: () => void): void {
  onSignedOut = callback;
}

async function problemOf(response: Response): Promise<Problem> {
  const body = await response.json().catch(() => null);
  if (body === null || typeof body.detail !== "string") {
    return new Problem(response.status, "internal", `Hatchery answered ${response.status}.`, null, []);
  }
  return new Problem(
    response.status,
    body.code ?? "internal",
    body.detail,
    body.nextAction ?? null,
    body.errors ?? [],
    body.operationId ?? null,
  );
}

export const unreachable = () =>
  new Problem(0, "unreachable", "Hatchery cannot be reached.", "Check your connection; this page tries again.", []);

async function send(method: string, path: string, body?: unknown, signal?: AbortSignal, ifMatch?: string | null): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (ifMatch) headers["If-Match"] = ifMatch;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET" && csrfToken) headers["X-CSRF-Token"] = csrfToken;
  const init: RequestInit = { method, headers, credentials: "same-origin" };
  if (body !== undefined) init.body = JSON.stringify(body);
  if (signal) init.signal = signal;
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw unreachable();
  }
  if (response.ok) return response;
  const problem = await problemOf(response);
  if (problem.status === 401 && path !== "/api/auth/session") onSignedOut();
  throw problem;
}

const read = async <T>(response: Response): Promise<T> =>
  response.status === 204 ? (undefined as T) : ((await response.json()) as T);

export const call = async <T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> =>
  read<T>(await send(method, path, body, signal));

export const get = <T>(path: string, signal?: AbortSignal) => call<T>("GET", path, undefined, signal);
export const post = <T>(path: string, body: unknown = {}) => call<T>("POST", path, body);
export const put = <T>(path: string, body: unknown) => call<T>("PUT", path, body);
/** What is there, and its tag: a `putTagged` with that tag is refused (412) when somebody else came first. */
export async function getTagged<T>(path: string): Promise<{ data: T; tag: string | null }> {
  const response = await send("GET", path);
  return { data: await read<T>(response), tag: response.headers.get("ETag") };
}
export const putTagged = async <T>(path: string, body: unknown, tag: string | null): Promise<T> =>
  read<T>(await send("PUT", path, body, undefined, tag));
export const remove = <T>(path: string) => call<T>("DELETE", path);

/** A query of those parameters that are set. */
export function query(path: string, parameters: Record<string, string | number | null | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return text ? `${path}${path.includes("?") ? "&" : "?"}${text}` : path;
}

/** All pages of a list, up to `most` items; those behind a cursor if one is given. */
export async function all<T>(path: string, most: number, signal?: AbortSignal, after: string | null = null): Promise<T[]> {
  const items: T[] = [];
  let next = after;
  do {
    const page: Page<T> = await get<Page<T>>(query(path, { limit: 200, after: next }), signal);
    items.push(...page.items);
    next = page.next;
  } while (next && items.length < most);
  return items;
}
