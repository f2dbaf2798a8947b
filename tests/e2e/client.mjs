// A visitor without a browser: keeps cookies, sends the forms of the pages as they stand, and reads the answers. Used to
// bring cases into a state and to play the people a test does not watch.
import { request } from "playwright-core";

const unescape = (text) =>
  text.replace(/&#x([0-9a-f]+);/gi, (_, hex) => String.fromCodePoint(parseInt(hex, 16))).replace(/&#(\d+);/g, (_, n) => String.fromCodePoint(Number(n)))
    .replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&amp;", "&");

/** The values of the inputs of a form that are hidden. */
function hidden(html) {
  const pairs = [...html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)];
  return Object.fromEntries(pairs.map(([, name, value]) => [name, unescape(value)]));
}

function form(html, beginning) {
  const at = html.indexOf(beginning);
  if (at < 0) return null;
  return html.slice(at, html.indexOf("</form>", at));
}

/** The words of a page without its tags. */
export const words = (html) => unescape(html.replace(/<(script|style)[\s\S]*?<\/\1>/g, "").replace(/<[^>]*>/g, " ")).replace(/\s+/g, " ");

export class Client {
  static async open(base) {
    const client = new Client();
    client.base = base;
    client.http = await request.newContext({ baseURL: base });
    return client;
  }

  close() {
    return this.http.dispose();
  }

  async get(path) {
    const answer = await this.http.get(path);
    return { status: answer.status(), html: await answer.text(), url: answer.url(), headers: answer.headers() };
  }

  async post(path, values) {
    const answer = await this.http.post(path, { multipart: data(values), maxRedirects: 0 });
    return { status: answer.status(), html: await answer.text(), to: answer.headers()["location"] ?? null };
  }

  async csrf() {
    return hidden((await this.get("/sign-in")).html)["csrf"];
  }

  async signIn(account) {
    const answer = await this.post("/sign-in/demo", { csrf: await this.csrf(), account });
    if (answer.status !== 303) throw new Error(`${account} cannot sign in: ${answer.status}`);
    return this;
  }

  /** The hidden values of an action's form on the card of a case, or null when it is not offered. */
  async offered(number, action) {
    const { html } = await this.get(`/cases/${number}`);
    const part = form(html, `id="action-${action}"`);
    return part && hidden(part);
  }

  /** Takes an action by its form. A form read earlier may be given as `kept`. */
  async act(number, action, fields = {}, kept = null) {
    const values = kept ?? (await this.offered(number, action));
    if (!values) throw new Error(`${action} is not offered on ${number}`);
    return this.post(`/cases/${number}/${action}`, { ...values, ...fields });
  }

  /** Takes an action that has to succeed. */
  async did(number, action, fields = {}) {
    const answer = await this.act(number, action, fields);
    if (answer.status !== 303) throw new Error(`${action} on ${number}: ${answer.status} ${words(answer.html).slice(0, 1500)}`);
  }

  /** The hidden values of the report form. */
  async reportForm() {
    return hidden(form((await this.get("/report")).html, 'id="report"'));
  }

  /** Sends a report; gives the answer, with the number when there is one. */
  async report(fields, kept = null) {
    const answer = await this.post("/report", { ...(kept ?? (await this.reportForm())), ...fields });
    return { ...answer, number: /^\/report\/sent\/(.+)$/.exec(answer.to ?? "")?.[1] ?? null };
  }

  /** The state of a case as its card shows it. */
  async state(number) {
    const { html } = await this.get(`/cases/${number}`);
    return words(/<div class="case-head"[\s\S]*?<\/span>/.exec(html)?.[0] ?? "").trim();
  }

  /** A count of an indicator at a place over a period. */
  async figure(indicator, place, period) {
    const { html, status } = await this.get(`/figures?indicator=${indicator}&place=${place}&period=${period}`);
    const text = /<p class="figure-value">([\d,]+)/.exec(html)?.[1];
    if (!text && !html.includes('<p class="figure-value">')) throw new Error(`no figure ${indicator} at ${place}: ${status}`);
    return Number((text ?? "0").replaceAll(",", ""));
  }
}

function data(values) {
  const out = new FormData();
  for (const [name, value] of Object.entries(values)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one?.bytes) out.append(name, new File([one.bytes], one.name, { type: one.type ?? "image/jpeg" }));
      else out.append(name, String(one));
    }
  }
  return out;
}
