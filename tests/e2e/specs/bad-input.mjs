// Bad input gets a clear answer and loses nothing that was typed.
import { request as httpRequest } from "node:http";
import { words } from "../client.mjs";
import { POINT, TELEPHONE, check, holds, lonLat, same } from "../lib.mjs";

const GOOD = { category: "E0104", description: "人行道上一片烂泥", reporter_phone: TELEPHONE, ...lonLat(POINT) };
/** In GCJ-02 of a place near the coast: read as WGS-84 it lies outside the city. */
const COAST_GCJ = { lon: 118.0185, lat: 38.3935 };
const MEGABYTE = 1024 * 1024;

/** The report form filled in a browser; gives the page. */
async function filled(world, values, options = {}) {
  const page = await world.page(options);
  await page.goto("/report");
  await page.locator("#f-category").selectOption(values.category);
  await page.locator("#f-description").fill(values.description);
  return page;
}

/** A refused report: said at the field, and everything typed still there. */
async function refused(world, fields, id, said, status = 422) {
  const visitor = await world.visitor();
  const answer = await visitor.report({ ...GOOD, ...fields });
  same(answer.number, null, "a number for a bad report");
  same(answer.status, status, "the status");
  const page = await world.page({ javaScriptEnabled: false });
  await page.setContent(answer.html);
  const summary = page.locator(".error-summary");
  holds(await summary.innerText(), said, "the summary of errors");
  check((await summary.locator(`a[href="#${id}"]`).count()) > 0, `the summary links to ${id}: ${await summary.innerHTML()}`);
  if (!fields.category) same(await page.locator("#f-category").inputValue(), GOOD.category, "the category");
  same(await page.locator("#f-description").inputValue(), fields.description ?? GOOD.description, "the description");
  same(await page.locator("#f-reporter_phone").inputValue(), TELEPHONE, "the telephone");
  same(await page.locator("#f-lon").inputValue(), String(fields.lon ?? GOOD.lon), "the longitude");
  return { page, answer };
}

/** Sends a body of `megabytes` with one file in pieces, without ever holding it; gives the answer and the most memory used. */
async function stream(world, visitor, path, fields, megabytes) {
  const boundary = "----ganglion-end-to-end";
  const part = (name, rest) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${rest}`;
  const cookies = (await visitor.http.storageState()).cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
  let most = 0;
  const answer = new Promise((resolve, reject) => {
    const request = httpRequest(new URL(path, world.url), { method: "POST", headers: { "content-type": `multipart/form-data; boundary=${boundary}`, cookie: cookies, accept: "text/html", "transfer-encoding": "chunked" } }, (response) => {
      let html = "";
      response.setEncoding("utf8").on("data", (text) => (html += text)).on("end", () => resolve({ status: response.statusCode, html, sent: request.socket?.bytesWritten ?? 0 }));
    });
    request.on("error", reject);
    for (const [name, value] of Object.entries(fields)) request.write(`${part(name, "")}\r\n\r\n${value}\r\n`);
    request.write(`${part(path === "/files" ? "file" : "photos", '; filename="clip.mp4"')}\r\nContent-Type: video/mp4\r\n\r\n`);
    const piece = Buffer.alloc(MEGABYTE, 7);
    let left = megabytes;
    const more = () => {
      while (left > 0) {
        left -= 1;
        most = Math.max(most, world.server.memory());
        if (!request.write(piece)) return request.once("drain", more);
      }
      request.end(`\r\n--${boundary}--\r\n`);
    };
    more();
  });
  const got = await answer;
  return { ...got, most: Math.max(most, world.server.memory()) };
}

export default function (test) {
  test("a point in another city", async (world) => {
    await refused(world, lonLat({ lon: 116.4, lat: 39.9 }), "f-place", "不在范围内");
  });

  test("a point in the sea", async (world) => {
    await refused(world, lonLat({ lon: 118.6, lat: 38.6 }), "f-place", "不在范围内");
  });

  test("a point of a phone map sent as WGS-84 near an edge gets a hint that names GCJ-02", async (world) => {
    const { page } = await refused(world, lonLat(COAST_GCJ), "f-place", "不在范围内");
    holds(await page.locator("[data-recognised]").innerText(), "GCJ-02", "the hint");
    const live = await filled(world, GOOD);
    await live.locator("details:has(#f-lon) > summary").click();
    await live.locator("#f-lon").fill(String(COAST_GCJ.lon));
    await live.locator("#f-lat").fill(String(COAST_GCJ.lat));
    await live.locator("#f-lat").press("Tab");
    await live.locator("[data-recognised]").getByText("GCJ-02").first().waitFor();
    await live.locator("#f-datum").selectOption("gcj02");
    await live.locator("[data-recognised]").getByText("朝阳街社区").first().waitFor();
    same(await live.locator("#f-description").inputValue(), GOOD.description, "the description");
  });

  test("the same point declared as GCJ-02 is taken and lies where it should", async (world) => {
    const visitor = await world.visitor();
    const { number, status } = await visitor.report({ ...GOOD, ...lonLat(COAST_GCJ, "gcj02") });
    check(number, `the answer: ${status}`);
    holds(words((await visitor.get(`/report/sent/${number}`)).html), "朝阳街社区", "the receipt");
  });

  test("no point and no place", async (world) => {
    const visitor = await world.visitor();
    const answer = await visitor.report({ ...GOOD, lon: "", lat: "" });
    same(answer.status, 422, "the status");
    holds(answer.html, 'href="#f-place"', "the summary");
  });

  test("a category that needs a photo, without one", async (world) => {
    await refused(world, { category: "E0102" }, "f-photos", "照片");
  });

  test("a category that has been retired, and one that never was", async (world) => {
    for (const category of ["P0122", "E9999"]) await refused(world, { category }, "f-category", "类别");
  });

  test("a renamed executable is refused by what it is, the rest is kept", async (world) => {
    const elf = Buffer.concat([Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]), Buffer.alloc(4096, 1)]);
    const photos = { name: "holiday.jpg", bytes: elf };
    const { page } = await refused(world, { photos }, "f-photos", "照片", 415);
    holds(await page.locator("main").innerText(), "holiday.jpg", "the page");
    const live = await filled(world, GOOD);
    await live.locator("#f-photos").setInputFiles({ name: "holiday.jpg", mimeType: "image/jpeg", buffer: elf });
    await live.locator("[data-file-errors] li", { hasText: "holiday.jpg" }).waitFor();
    same(await live.locator("[data-file-list] li").count(), 0, "files kept");
  });

  test("a good photo beside a bad one is kept when the form is refused, and goes along the second time", async (world) => {
    const visitor = await world.visitor();
    const first = await visitor.report({ ...GOOD, category: "E0102", photos: [{ name: "good.jpg", bytes: await world.photo("good") }, { name: "bad.jpg", bytes: Buffer.from("MZ no picture") }] });
    same(first.status, 415, "the status");
    const kept = /name="photo_ids" value="([0-9a-f]{32})"/.exec(first.html)?.[1];
    check(kept, "the good photo is kept");
    const second = await visitor.report({ ...GOOD, category: "E0102", photo_ids: kept });
    check(second.number, () => `the second try: ${second.status} ${words(second.html).slice(0, 800)}`);
    const stranger = await world.visitor();
    const stolen = await stranger.report({ ...GOOD, category: "E0102", photo_ids: kept });
    same(stolen.number, null, "a report with the photo of somebody else");
  });

  test("a file over the limit in the browser: said beside it, with scripts and without", async (world) => {
    const big = { name: "huge.jpg", mimeType: "image/jpeg", buffer: Buffer.alloc(13 * MEGABYTE, 3) };
    const page = await filled(world, GOOD);
    await page.locator("#f-photos").setInputFiles(big);
    await page.locator("[data-file-errors] li", { hasText: "huge.jpg" }).waitFor();
    same(await page.locator("#f-description").inputValue(), GOOD.description, "the description");
    const plain = await filled(world, GOOD, { javaScriptEnabled: false });
    await plain.locator("#f-photos").setInputFiles(big);
    await plain.locator("button[data-send]").click();
    await plain.locator(".error-summary").waitFor();
    holds(await plain.locator("[data-file-errors]").innerText(), "huge.jpg", "the errors beside the files");
    same(await plain.locator("#f-description").inputValue(), GOOD.description, "the description");
  });

  test("a video of 300 MB is answered, the text is kept, and memory stays where it was", async (world) => {
    const visitor = await world.visitor();
    const form = { ...(await visitor.reportForm()), ...GOOD };
    const before = world.server.memory();
    const { status, html, most, sent } = await stream(world, visitor, "/report", form, 300);
    same(status, 413, "the status");
    check(sent > 300 * MEGABYTE, `only ${sent} bytes were taken`);
    holds(html, "clip.mp4", "the answer");
    holds(html, GOOD.description, "the answer");
    check(most - before < 64, `memory grew by ${(most - before).toFixed(0)} MB`);
    const files = await stream(world, visitor, "/files", { csrf: form.csrf }, 300);
    check(files.status >= 400 && files.status < 500, `the answer of /files: ${files.status}`);
    check(files.most - before < 64, `memory grew by ${(files.most - before).toFixed(0)} MB`);
    return `memory +${(Math.max(most, files.most) - before).toFixed(0)} MB`;
  });

  test("5,000 characters stay in the field, with how many are too many", async (world) => {
    const long = "垃".repeat(4998) + "🗑️";
    await refused(world, { description: long }, "f-description", "4000");
    const page = await filled(world, { ...GOOD, description: "垃".repeat(5000) });
    await page.locator("#f-description-count.over").waitFor();
    holds(await page.locator("#f-description-count").innerText(), "1000", "the count");
  });

  test("HTML and emoji come back as they were typed, and nothing of it runs", async (world) => {
    const text = `<script>window.hacked=1</script><img src=x onerror="window.hacked=1"><b>粗</b> 🚧👷‍♀️ & "引号" {{ 7*7 }} {% raw %}`;
    const visitor = await world.visitor();
    const { number } = await visitor.report({ ...GOOD, description: text, reporter_name: "<i>李</i>" });
    check(number, "the report is taken");
    const page = await world.signIn(await world.account("call_taker"));
    for (const path of ["/desk", `/desk?selected=${number}`, `/cases/${number}`, "/cases", `/centre?selected=${number}`]) {
      await page.goto(path);
      holds(await page.locator("body").innerText(), number, path);
      check(!(await page.evaluate(() => "hacked" in window)), `a script ran on ${path}`);
    }
    await page.goto(`/cases/${number}`);
    same(await page.locator(".case-text").innerText(), text, "the text on the card");
    same(page.said.join("\n"), "", "what the pages complained about");
  });

  test("the same form sent twice gives the same number and one case", async (world) => {
    const visitor = await world.visitor();
    const leader = await world.staff("leader", "city");
    const { grid } = await world.here();
    const year = String(new Date().getFullYear());
    const before = await leader.figure("reports", grid.code, year);
    const kept = await visitor.reportForm();
    const answers = await Promise.all([visitor.report(GOOD, kept), visitor.report(GOOD, kept)]);
    const again = await visitor.report(GOOD, kept);
    check(again.number, "the report is taken");
    for (const answer of answers) same(answer.number, again.number, "the number");
    same((await leader.figure("reports", grid.code, year)) - before, 1, "reports moved by");
  });

  test("a form without its token, or from another site, is refused", async (world) => {
    const visitor = await world.visitor();
    const kept = await visitor.reportForm();
    same((await visitor.post("/report", { ...kept, ...GOOD, csrf: "0".repeat(64) })).status, 403, "with a wrong token");
    const foreign = await visitor.http.post("/report", { form: { ...kept, ...GOOD }, headers: { origin: "https://elsewhere.example", "sec-fetch-site": "cross-site" }, maxRedirects: 0 });
    same(foreign.status(), 403, "from another site");
  });

  test("wrong digits, an unknown number and a strange one get the same answer", async (world) => {
    const number = await world.report();
    const visitor = await world.visitor();
    const csrf = await visitor.csrf();
    const asked = [{ number, phone_tail: "0001" }, { number: "SB-130903005-2026-999999", phone_tail: "5678" }, { number: "'; DROP TABLE cases; --", phone_tail: "5678" }];
    const answers = [];
    for (const one of asked) answers.push(await visitor.post("/follow", { csrf, ...one }));
    for (const answer of answers) {
      same(answer.status, 422, "the status");
      same(words(/<div class="error-summary[\s\S]*?<\/ul>/.exec(answer.html)?.[0] ?? answer.html), words(/<div class="error-summary[\s\S]*?<\/ul>/.exec(answers[0].html)?.[0] ?? answers[0].html), "the words");
    }
  });
}
