// The closed loop as a partner's program goes through it, with service keys, over a client whose types are made from
// `/api/openapi.json` of the running server: what does not fit the document does not compile.
import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "./api.js";

type Outcome = components["schemas"]["Outcome"];
type Problem = components["schemas"]["Problem"];

/** Secrets of keys, each standing in a post of its own. */
export interface Keys {
  partner: string;
  taker: string;
  dispatcher: string;
  handler: string;
  verifier: string;
  reader: string;
}

export interface Job {
  base: string;
  keys: Keys;
  /** Where it is, WGS-84. */
  location: [number, number];
  /** Id of the post the handler's key stands in. */
  duty: string;
  /** The place figures are read at, and the year. */
  place: string;
  period: string;
  photo: Uint8Array;
}

export function client(base: string, key: string) {
  const bearer: Middleware = {
    onRequest({ request }) {
      request.headers.set("authorization", `Bearer ${key}`);
      request.headers.set("accept-language", "en");
      return request;
    },
  };
  const made = createClient<paths>({ baseUrl: base });
  made.use(bearer);
  return made;
}

interface Answer<T> {
  data?: T | undefined;
  error?: Problem | undefined;
  response: Response;
}

/** What an answer holds, or an error with the words of the problem. */
export function told<T>(what: string, answer: Answer<T>): T {
  if (answer.data === undefined) {
    const { error } = answer;
    throw new Error(`${what}: ${answer.response.status} ${error?.code} ${error?.detail} ${JSON.stringify(error?.errors ?? [])}`);
  }
  return answer.data;
}

const named = ({ number }: Outcome): string => {
  if (typeof number !== "string") throw new Error("an opened case has no number");
  return number;
};

async function upload({ base, keys, photo }: Job): Promise<string> {
  const form = new FormData();
  form.append("file", new Blob([photo.slice().buffer], { type: "image/jpeg" }), "after.jpg");
  const answer = await fetch(`${base}/files`, { method: "POST", headers: { authorization: `Bearer ${keys.handler}` }, body: form });
  if (answer.status !== 201) throw new Error(`the picture was not taken: ${answer.status} ${await answer.text()}`);
  return ((await answer.json()) as { id: string }).id;
}

/** Settled cases at a place, as the indicator counts them, and the numbers of those behind it. */
async function closed({ base, keys, place, period }: Job): Promise<{ count: number; numbers: string[] }> {
  const params = { path: { indicator: "closed" }, query: { place, period } };
  const reader = client(base, keys.reader);
  const read = told("the figure", await reader.GET("/api/figures/{indicator}", { params }));
  const numbers: string[] = [];
  let after: string | undefined;
  do {
    const query = { ...params.query, fields: "kind,counted_on,case.number", ...(after === undefined ? {} : { after }) };
    const page = told("its rows", await reader.GET("/api/figures/{indicator}/rows", { params: { path: params.path, query } }));
    // Which fields a case has depends on what was asked for.
    for (const { case: one } of page.items) numbers.push(String((one as { number?: string } | undefined)?.number));
    after = page.next === null ? undefined : (new URL(page.next, base).searchParams.get("after") ?? undefined);
  } while (after !== undefined);
  return { count: read.figure?.number ?? 0, numbers };
}

export interface Went {
  number: string;
  again: string;
  states: string[];
  before: number;
  after: number;
  behind: number;
  found: boolean;
  suggested: string[];
  withheld: string[];
  refused: { status: number; code: string | undefined };
}

export async function loop(job: Job): Promise<Went> {
  const { base, keys, location } = job;
  const { count: before } = await closed(job);
  const partner = client(base, keys.partner);
  const once = { header: { "Idempotency-Key": `loop-${job.period}` } };
  const form = { category: "E0102", description: "bins overflow at the corner", location, reporter_phone: "13912345678" };
  const body = { form } as const;
  const number = named(told("open", await partner.POST("/api/processes/incident/cases", { params: once, body })));
  const again = named(told("open again", await partner.POST("/api/processes/incident/cases", { params: once, body })));
  const params = { path: { number } };
  const states: string[] = [];
  const went = (what: string, answer: Answer<Outcome>) => states.push(told(what, answer).state ?? "");
  const [taker, dispatcher, handler, verifier] = [client(base, keys.taker), client(base, keys.dispatcher), client(base, keys.handler), client(base, keys.verifier)];
  // A step that is not the partner's is refused as it would be on any page.
  const tried = await partner.POST("/api/processes/incident/cases/{number}/file", { params, body: {} });
  const refused = { status: tried.response.status, code: tried.error?.code };
  went("file", await taker.POST("/api/processes/incident/cases/{number}/file", { params, body: {} }));
  const suggested = told("suggestions", await dispatcher.GET("/api/processes/incident/suggestions/{number}", { params })).items;
  went("dispatch", await dispatcher.POST("/api/processes/incident/cases/{number}/dispatch", { params, body: { form: { duty: job.duty } } }));
  went("accept", await handler.POST("/api/processes/incident/cases/{number}/accept", { params, body: {} }));
  const result_photos = [await upload(job)];
  went("finish", await handler.POST("/api/processes/incident/cases/{number}/finish", { params, body: { form: { result: "cleared away", result_photos } } }));
  went("pass", await verifier.POST("/api/processes/incident/cases/{number}/pass", { params, body: { form: { closing_code: "solved" } } }));
  const found = told("read", await client(base, keys.reader).GET("/api/processes/incident/cases/{number}", { params }));
  states.push(found.state ?? "");
  const { count: after, numbers } = await closed(job);
  const seen = { behind: numbers.length, found: numbers.includes(number), suggested: suggested.map(({ value }) => value ?? "") };
  return { number, again, states, before, after, ...seen, withheld: found.withheld ?? [], refused };
}
