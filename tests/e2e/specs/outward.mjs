// What leaves the house by itself or at a click: lists of cases as files, the open data of a year, events sent to other systems and
// verified by a library that is not ours (npm standardwebhooks), the page that tells what became of them, and the stream of the journal.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import webhooks from "standardwebhooks";
import { Client } from "../client.mjs";
import { PHONE, POINT, TELEPHONE, axe, check, holds, lonLat, same } from "../lib.mjs";
import { Service } from "../server.mjs";

const PASSWORD = "Harvest-moon-2022";
const SECRETS = /^whsec_[A-Za-z0-9+/]+=*$/;
/** What a file for everybody may hold of nobody; digits within an id of letters and digits are none of it. */
const PERSONAL = {
  "a telephone number": /(?<![\w.])1[3-9]\d{9}(?![\w.])/,
  "an identity number": /(?<!\w)[1-9]\d{5}(19|20)\d{2}(0[1-9]|1[0-2])([0-2]\d|3[01])\d{3}[\dX](?!\w)/,
  "an address of mail": /[\w.+-]+@[\w-]+\.[a-z]{2,}/i,
  "the number of a case": /SB-\d{9}-\d{4}-\d{6}/,
  "a key of a service": /gk_\w+/,
};

export const serial = true;

/** Another system that keeps what it is sent and answers as told. */
async function startListener() {
  const listener = { status: 204, got: [], waiting: null };
  const server = createServer((request, answer) => {
    let body = "";
    request.on("data", (part) => (body += part));
    request.on("end", () => {
      const { status } = listener;
      answer.writeHead(status).end();
      listener.got.push({ headers: request.headers, body, status });
      listener.waiting?.();
    });
  });
  await new Promise((resolve, reject) => server.once("listening", resolve).once("error", reject).listen(0, "127.0.0.1"));
  /** The next of what was sent. */
  listener.next = async () => {
    while (listener.got.length === 0) await new Promise((resolve) => (listener.waiting = resolve));
    return listener.got.shift();
  };
  listener.url = `http://127.0.0.1:${server.address().port}/events`;
  listener.stop = () => new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
  return listener;
}

/** Events of the stream behind a position, so many and no more. */
async function streamed(url, last, wanted) {
  const ends = new AbortController();
  const answer = await fetch(`${url}/events`, { headers: { accept: "text/event-stream", "last-event-id": last }, signal: ends.signal });
  const events = [];
  let text = "";
  for await (const part of answer.body) {
    text += Buffer.from(part).toString("utf8");
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const lines = Object.fromEntries(text.slice(0, end).split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]));
      if (lines.data) events.push({ id: lines.id, data: JSON.parse(lines.data) });
      text = text.slice(end + 2);
    }
    if (events.length >= wanted) break;
  }
  ends.abort();
  return events.slice(0, wanted);
}

export default function (test) {
  let service;
  let listener;
  let own;
  let secret;
  let first;

  const report = async (world) => {
    const client = await Client.open(service.url);
    world.clients.push(client);
    const answer = await client.report({ category: "E0104", description: "路面破损", ...lonLat(POINT), reporter_phone: TELEPHONE });
    check(answer.number, () => `the report was not taken: ${answer.status} ${answer.html.slice(0, 2000)}`);
  };

  test("a list of cases leaves as CSV and as XLSX and says how many it holds", async (world) => {
    await world.report();
    const page = await world.signIn(await world.account("dispatcher"));
    await page.goto("/cases?open=1");
    const shown = Number(/[\d,]+/.exec(await page.locator(".list-head strong").innerText())[0].replaceAll(",", ""));
    check(shown > 0, "there are open cases");
    for (const [name, end] of [["导出 CSV", "csv"], ["导出 XLSX", "xlsx"]]) {
      const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name }).click()]);
      check(download.suggestedFilename().endsWith(`.${end}`), download.suggestedFilename());
      await page.locator(`a[href*=".${end}"] + [role=status]`, { hasText: `已导出 ${shown} 行` }).waitFor();
      const file = await readFile(await download.path());
      if (end === "csv") same(file.toString("utf8").trimEnd().split("\n").length, shown + 2, "lines: who took it, the heads, the cases");
      else same(file.subarray(0, 2).toString(), "PK", "the spreadsheet begins as one");
      check(!file.includes(TELEPHONE), "a telephone number leaves");
    }
  });

  test("the open data of a year name every file with its digest, and nobody stands in them", async (world) => {
    const out = join(world.scratch, "open-data");
    const { server } = world;
    const year = String(new Date().getFullYear());
    execFileSync(server.binary, ["open-data", "--year", year, "--out", out, "--data", join(world.scratch, "data"), "--home", server.home], { stdio: "ignore" });
    const files = Object.fromEntries(readdirSync(out).map((name) => [name, readFileSync(join(out, name))]));
    const catalogue = JSON.parse(files["dcat.jsonld"].toString("utf8"));
    const told = catalogue["dcat:dataset"].map((set) => set["dcat:distribution"]);
    for (const given of told) {
      const bytes = files[given["dcat:downloadURL"]["@id"]];
      same(given["dcat:byteSize"]["@value"], String(bytes.length), "the size of a file");
      same(given["spdx:checksum"]["spdx:checksumValue"]["@value"], createHash("sha256").update(bytes).digest("hex"), "the digest of a file");
    }
    same(told.length + 2, Object.keys(files).length, "files: every set, the catalogue and the page about it");
    const people = [...(await world.visitor().then((client) => client.get("/sign-in"))).html.matchAll(/name="account" value="([^"]+)"/g)].map(([, account]) => account);
    check(people.length > 3, "there are people to look for");
    let cases = 0;
    for (const [name, bytes] of Object.entries(files)) {
      const text = bytes.toString("utf8");
      for (const [what, pattern] of Object.entries(PERSONAL)) check(!pattern.test(text), () => `${name} holds ${what}: ${pattern.exec(text)[0]}`);
      for (const account of people) check(!text.includes(account), `${name} names the account ${account}`);
      if (name.startsWith("cases-")) cases += text.trimEnd().split("\n").length - 1;
    }
    check(cases > 100, `settled cases are among them: ${cases}`);
    return `${told.length} files, ${cases} cases`;
  });

  test("who administers names a receiver and is shown its secret once", async (world) => {
    listener = await startListener();
    world.also.push(listener);
    service = await Service.of(world.server, join(world.scratch, "outward"), () => ["--receivers-inside"]);
    world.also.push(service);
    await service.start();
    own = await world.page({ baseURL: service.url, viewport: PHONE });
    await own.goto(await service.setupLink());
    for (const [name, text] of [["account", "anna"], ["name", "安娜（合成）"], ["new_password", PASSWORD], ["again", PASSWORD]]) await own.fill(`#f-${name}`, text);
    await own.locator('form[action="/setup"] button[type=submit]').click();
    await own.goto("/admin/receivers");
    holds(await own.locator("main").innerText(), "尚无接收方", "the page before there is one");
    await own.locator("[name=title]").fill("市指挥中心大屏");
    await own.locator("[name=url]").fill(listener.url);
    check(await own.locator("[name=key][value=\"-\"]").isChecked(), "where there are no keys, what anyone may know is chosen");
    await own.locator("form:has([name=url]) button[type=submit]").click();
    secret = (await own.locator("output#secret").innerText()).trim();
    check(SECRETS.test(secret), `the secret is ${secret}`);
    await own.goto("/admin/receivers");
    check(!(await own.content()).includes(secret), "the secret is shown again");
  });

  test("an event comes as a CloudEvent whose signature another library finds good", async (world) => {
    await report(world);
    first = await listener.next();
    same(first.headers["content-type"].split(";")[0], "application/cloudevents+json", "the type");
    const verifier = new webhooks.Webhook(secret);
    const event = verifier.verify(first.body, first.headers);
    same(event.specversion, "1.0", "the version of CloudEvents");
    same(event.type, "ganglion.case.opened", "the type of the event");
    for (const name of ["id", "source", "subject", "time", "datacontenttype"]) check(typeof event[name] === "string" && event[name], `${name} is missing`);
    check(!first.body.includes("路面破损") && !first.body.includes(TELEPHONE), "somebody's words travel");
    for (const [body, headers] of [[first.body.replace("opened", "closed"), first.headers], [first.body, { ...first.headers, "webhook-id": "another" }]]) {
      let refused = false;
      try {
        verifier.verify(body, headers);
      } catch {
        refused = true;
      }
      check(refused, "what was changed on the way is taken for ours");
    }
  });

  test("what is not taken comes again, and the page tells what became of it", async (world) => {
    listener.status = 503;
    await report(world);
    const once = await listener.next();
    await own.goto("/admin/receivers");
    await own.locator("summary", { hasText: "待推送" }).click();
    holds(await own.locator("main table").first().innerText(), "503", "the event that waits");
    same((await axe(own)).join("\n"), "", "accessibility of the page");
    same(await own.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, "it fits a phone");
    const tab = await own.locator(".tabs [aria-current]").boundingBox();
    check(tab.x >= 0 && tab.x + tab.width <= PHONE.width, () => `the tab of the page is seen among the others: ${JSON.stringify(tab)}`);
    listener.status = 204;
    // It may have come a second time and been refused while the page was looked at.
    let again = await listener.next();
    while (again.status !== 204) again = await listener.next();
    same(again.headers["webhook-id"], once.headers["webhook-id"], "the event that comes again");
    new webhooks.Webhook(secret).verify(again.body, again.headers);
  });

  test("everything after a position of the journal is sent again, under the same ids", async () => {
    const { id } = JSON.parse(first.body);
    const [shard, line] = id.split("-");
    await own.goto("/admin/receivers");
    await own.locator("[name=position]").fill(`${shard}-${Number(line) - 1}`);
    await own.locator("form[action$='/replay'] button").click();
    holds(await own.locator("main, [role=status]").first().innerText(), "市指挥中心大屏", "the page");
    const ids = [await listener.next(), await listener.next()].map((one) => JSON.parse(one.body).id);
    same(ids[0], id, "the first that is sent again");
    check(ids[1] !== id, "and then the next");
  });

  test("a receiver that says it is gone is switched off", async (world) => {
    listener.status = 410;
    await report(world);
    await listener.next();
    await own.waitForFunction(async () => (await (await fetch("/admin/receivers")).text()).includes("已停用"));
    await own.goto("/admin/receivers");
    holds(await own.locator("main .tag").first().innerText(), "已停用", "the state of the receiver");
  });

  test("a stream that broke off is taken up behind the last event that came", async () => {
    const [one, two] = await streamed(service.url, "beginning", 2);
    const [again] = await streamed(service.url, one.id, 1);
    same(again.data.id, two.data.id, "the event behind the first");
    const page = await (await fetch(`${service.url}/events?after=${encodeURIComponent(one.id)}`)).json();
    same(page.events[0].id, two.data.id, "the same, a page at a time");
  });
}
