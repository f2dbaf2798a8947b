// What every spec uses: visitors in the browser and without it, the place the tests happen in, what a page said in its
// console, pictures, and the check of accessibility.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Client } from "./client.mjs";
import { draw, withExif } from "./picture.mjs";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"];
/** Long, because the machine may be doing other things; nothing waits this long when all is well. */
const WAIT_MS = 30_000;
/** With this set, scripts that pages load later, and what scripts fetch, come that much later: it finds who counts on their speed. */
const SLOW_MS = Number(process.env.SLOW_MS ?? 0);
const AT_ONCE = /\/(main|helpers|preload-helper)-[^/]*\.js$/;

async function slow(context) {
  await context.route("**/*", async (route) => {
    const [request, path] = [route.request(), new URL(route.request().url()).pathname];
    const later = request.resourceType() === "fetch" || (request.resourceType() === "script" && !AT_ONCE.test(path));
    if (later) await new Promise((done) => setTimeout(done, SLOW_MS));
    await route.fallback().catch(() => {});
  });
}

export const PHONE = { width: 390, height: 844 };
export const LAPTOP = { width: 1366, height: 768 };
/** A point well inside a grid, in WGS-84. */
export const POINT = { lon: 116.83, lat: 38.3 };
/** The phone number reporters of the tests leave. */
export const TELEPHONE = "13912345678";

/** People of the pack `packs/roads` of these tests: account, name, role, place. */
export async function ROADS(world) {
  const { township, county } = await world.here();
  return [["road.officer", "路养员（合成）", "road_officer", township.code], ["road.second", "路养员二（合成）", "road_officer", township.code], ["road.director", "站长（合成）", "road_director", county.code]];
}

/** Fails with words unless it holds. */
export function check(holds, said) {
  if (!holds) throw new Error(typeof said === "function" ? said() : said);
}

export function same(is, should, what) {
  check(is === should, `${what}: ${JSON.stringify(is)}, expected ${JSON.stringify(should)}`);
}

export function holds(text, part, what = "the text") {
  check(text.includes(part), () => `${what} lacks ${JSON.stringify(part)}: ${text.slice(0, 600)}`);
}

export class World {
  constructor(server, browser, scratch) {
    this.server = server;
    this.browser = browser;
    this.scratch = scratch;
    this.contexts = [];
    /** Servers a spec started beside the one of all specs. */
    this.also = [];
    this.clients = [];
  }

  get url() {
    return this.server.url;
  }

  /** The codes of the places the point lies in, by level, the city added. */
  async here() {
    if (!this.places) {
      const client = await this.visitor();
      const { html } = await client.get(`/map/place-at?lon=${POINT.lon}&lat=${POINT.lat}&datum=wgs84`);
      const at = JSON.parse(html);
      this.places = Object.fromEntries(at.here.map((place) => [place.level, place]));
      this.places.city = { code: this.places.county.code.slice(0, 4), name: "" };
      same(at.near.length, 0, "places near by");
    }
    return this.places;
  }

  /** The account of a role at a level on the way to the point. */
  async account(role, level = "township") {
    return `${role}.${(await this.here())[level].code}`;
  }

  /** A visitor without a browser. */
  async visitor() {
    const client = await Client.open(this.url);
    this.clients.push(client);
    return client;
  }

  /** Someone of the staff without a browser. */
  async staff(role, level) {
    return (await this.visitor()).signIn(await this.account(role, level));
  }

  /** A page of a browser of its own; what it said is kept in `page.said`. */
  async page(options = {}) {
    const context = await this.browser.newContext({ baseURL: this.url, viewport: LAPTOP, locale: "zh-CN", timezoneId: "Asia/Shanghai", ...options });
    context.setDefaultTimeout(WAIT_MS);
    if (SLOW_MS > 0) await slow(context);
    this.contexts.push(context);
    const page = await context.newPage();
    page.said = listen(page, this.url);
    return page;
  }

  /** A page signed in by one click on the sign-in page. */
  async signIn(account, options = {}) {
    const page = await this.page(options);
    await page.goto("/sign-in");
    const token = await page.locator("input[name=csrf]").first().inputValue();
    const answer = await page.context().request.post("/sign-in/demo", { form: { csrf: token, account }, maxRedirects: 0 });
    same(answer.status(), 303, `signing in as ${account}`);
    return page;
  }

  /** An empty page, to draw on and to look at pictures with. */
  async blank() {
    return (this.easel ??= await (await this.browser.newContext()).newPage());
  }

  /** A JPEG as a phone makes it: with its maker and where it was taken inside. */
  async photo(text = "1") {
    return withExif(await draw(await this.blank(), text), { ...POINT, maker: "Phonemaker" });
  }

  /** A report of refuse in the street, with all that is needed, by a visitor without a browser. */
  async report(fields = {}, visitor = null) {
    const client = visitor ?? (await this.visitor());
    const photos = { name: "1.jpg", bytes: await this.photo() };
    const answer = await client.report({ category: "E0102", description: "路口垃圾桶旁堆了一地垃圾", ...lonLat(POINT), photos, reporter_phone: TELEPHONE, ...fields });
    check(answer.number, () => `the report was not taken: ${answer.status} ${answer.html.slice(0, 3000)}`);
    return answer.number;
  }

  async shoot(folder, name) {
    const base = name.replace(/[^\w]+/g, "-").slice(0, 60);
    let at = 0;
    for (const context of this.contexts) for (const page of context.pages()) await page.screenshot({ path: join(folder, `${base}-${(at += 1)}.png`), timeout: 10_000 });
  }

  async closePages(keep) {
    if (keep) return;
    await Promise.all(this.contexts.splice(0).map((context) => context.close().catch(() => {})));
    await Promise.all(this.clients.splice(0).map((client) => client.close().catch(() => {})));
  }

  async end() {
    await this.closePages(false);
    await this.easel?.context().close();
  }
}

/** The values of the report form for a point. */
export const lonLat = ({ lon, lat }, datum = "wgs84") => ({ lon, lat, datum });

/** Everything a page complains about: console errors, failed requests, addresses elsewhere. */
function listen(page, base) {
  const said = [];
  page.on("console", (message) => message.type() === "error" && said.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => said.push(`script: ${error.message}`));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(base) && !/^(data|blob|about):/.test(url)) said.push(`elsewhere: ${url}`);
  });
  page.on("requestfailed", (request) => {
    const why = request.failure()?.errorText ?? "";
    if (why !== "net::ERR_ABORTED") said.push(`failed: ${request.url()} ${why}`);
  });
  page.on("response", (response) => response.status() >= 400 && said.push(`${response.status()}: ${response.url()}`));
  return said;
}

/** What breaks the rules of accessibility on a page, one line each. */
export async function axe(page) {
  // What waits for its script is grey until then, and would turn into what is judged in the middle of the judging.
  await page.waitForFunction(() => !document.querySelector("[data-locate]:disabled"));
  await page.evaluate(axeSource);
  const found = await page.evaluate(async (tags) => {
    const result = await window.axe.run(document, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] });
    return result.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.target.join(" ")} (${node.any.concat(node.all, node.none).map((one) => one.message).join("; ")})`));
  }, AXE_TAGS);
  return found;
}
