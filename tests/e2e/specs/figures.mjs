// Figures as a leader and a resident meet them: the dashboard of a place, one figure with trend, siblings and ranks, down to its
// rows; targets and counts of broken rules; the same on a phone, in English, and with scripts off.
import { PHONE, axe, check, holds, same } from "../lib.mjs";

const number = (text) => Number(text.replaceAll(",", "").replace(/[^\d.-].*$/s, ""));

async function wide(page) {
  return page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth);
}

export default function (test) {
  test("from the dashboard to a figure and down to the rows it counts", async (world) => {
    const page = await world.signIn(await world.account("leader", "county"));
    await page.goto("/figures");
    const tile = page.locator(".tile", { hasText: "上报件数" }).first();
    const shown = number(await tile.locator(".counter-value").innerText());
    await tile.click();
    await page.waitForURL(/indicator=reports/);
    same(number(await page.locator(".figure-value").innerText()), shown, "the figure of the tile");
    const siblings = await page.locator(".bars").first().locator(".bar-text").allInnerTexts();
    const sum = siblings.reduce((all, text) => all + number(text), 0);
    same(sum, shown, "the townships add up to the county");
    await page.getByRole("link", { name: /查看 .* 条记录/ }).click();
    await page.waitForURL(/\/figures\/rows/);
    const said = await page.locator("main").innerText();
    holds(said, String(shown), "the page of its rows");
    check(await page.locator("main a[href^='/cases/']").count() >= Math.min(shown, 50), "each row leads to its case");
    same(page.said.join("\n"), "", "what the pages complained about");
  });

  test("rows of a register count at the place they name, from village to city", async (world) => {
    const client = await world.visitor();
    await client.signIn("leader.1309");
    const of = (place) => client.figure("mediation_committees", place, "2026-06");
    const [city, county, townships] = [await of("1309"), await of("130926"), []];
    for (const code of ["130926100", "130926101", "130926102", "130926103", "130926104", "130926105", "130926106", "130926107", "130926205"]) townships.push(await of(code));
    check(townships.every((count) => count > 0), `townships without committees: ${townships}`);
    check(townships.reduce((a, b) => a + b) <= county && county <= city, `${townships} in ${county} in ${city}`);
  });

  test("a place without rows says so plainly", async (world) => {
    const page = await world.signIn(await world.account("leader", "county"));
    await page.goto("/figures");
    const empty = page.locator(".tile:has(.counter-na)").first();
    holds(await empty.innerText(), "暂无", "a tile without a value");
  });

  test("a target of the pack stands with what is done, expected and who leads", async (world) => {
    const page = await world.signIn("road.director");
    await page.goto("/figures");
    const card = page.locator(".target", { hasText: "全年完工任务" });
    const said = await card.innerText();
    holds(said, "60", "the target");
    holds(said, "站长", "who leads");
    check(await card.locator(".bars tr").count() >= 1, "the places inside");
    same(await card.locator("p.meta a").count() >= 2, true, "links to the figure and to the place");
    await card.locator("p.meta a").first().click();
    await page.waitForURL(/repairs_done/);
    const worked = await page.locator(".definition").innerText();
    check(!/[a-z]+_[a-z]+/.test(worked), () => `names of the pack's files under how it is worked out: ${worked}`);
  });

  test("the figures of one's own work come first, and every other system is a click away", async (world) => {
    const page = await world.signIn("road.director");
    await page.goto("/figures");
    same(await page.locator(".figure-group h2").first().innerText(), "农村公路养护", "the first system");
    const chips = page.locator("nav.chips a");
    const offered = await chips.evaluateAll((all) => all.filter((a) => !a.getAttribute("href").startsWith("#targets")).map((a) => a.innerText.replace(/\s*\d+$/, "").trim()));
    const shown = await page.locator(".figure-group h2").allInnerTexts();
    check(offered.length > shown.length, () => `more systems than are laid out: ${offered} of ${shown}`);
    for (const title of shown) check(offered.includes(title), `${title} has no link`);
    const other = page.locator("nav.chips a[href*='pack=']").first();
    const [title, count] = (await other.innerText()).trim().split(/\s+(?=\d+$)/);
    await other.click();
    await page.waitForURL(/pack=/);
    same((await page.locator(".figure-group h2").allInnerTexts()).join(), title, "the system that was asked for, alone");
    same(await page.locator(".figure-group .tile").count(), Number(count), "all of its figures");
  });

  test("what breaks a rule is counted, opened to its row, and no more once it is put right", async (world) => {
    const page = await world.signIn("road.officer");
    const place = (await world.here()).township.code;
    await page.goto("/registers/bridge/new");
    await page.locator("#f-code").fill("Q990");
    await page.locator("#f-name").fill("危险合成桥");
    await page.locator("#f-checked_on").fill("2026-01-15");
    await page.locator("input[name=condition][value=c4]").check();
    const where = page.locator("select[name='-place']");
    if (await where.count()) await where.selectOption(place);
    await page.locator("main form button[type=submit]").last().click();
    await page.waitForURL(/\/rows\//);
    const row = new URL(page.url()).pathname;
    await page.goto(`/figures/rows?indicator=rule_bridge_limited&place=${place}`);
    holds(await page.locator("main").innerText(), "危险合成桥", "the rows it counts");
    await page.goto("/rules");
    holds(await page.locator("main").innerText(), "四五类桥梁已限载", "the rule");
    await page.goto(row);
    await page.getByRole("link", { name: "修改" }).click();
    await page.locator("#f-limit_t").fill("20");
    await page.locator("main form button[type=submit]").last().click();
    await page.waitForURL(/\/rows\//);
    await page.goto(`/figures/rows?indicator=rule_bridge_limited&place=${place}`);
    check(!(await page.locator("main").innerText()).includes("危险合成桥"), "it still counts");
  });

  test("a leader of one county does not see another's", async (world) => {
    const page = await world.signIn(await world.account("leader", "county"));
    same((await page.context().request.get("/figures?indicator=reports&place=130903")).status(), (await world.here()).county.code === "130903" ? 200 : 404, "another county");
    for (const path of ["/figures?indicator=nothing", "/figures?indicator=reports&place=0", "/figures?indicator=reports&period=xyz"]) {
      const status = (await page.context().request.get(path)).status();
      same(status, path.includes("period=") ? 400 : 404, path);
    }
  });

  test("on a phone two tiles stand side by side, in both languages; nothing is wider than the screen", async (world) => {
    const phone = await world.signIn(await world.account("leader", "county"), { viewport: PHONE });
    for (const path of ["/figures", "/figures?indicator=on_time_rate", "/figures/rows?indicator=reports", "/figures?indicator=reports&lang=en"]) {
      await phone.goto(path);
      check(await wide(phone) <= 1, `${path} is too wide`);
    }
    await phone.goto("/figures?lang=zh");
    const [first, second] = [await phone.locator(".tile").nth(0).boundingBox(), await phone.locator(".tile").nth(1).boundingBox()];
    check(first.y === second.y && second.x > first.x, "tiles stand one below the other");
    const head = await phone.locator(".figure-sentence").boundingBox();
    const card = await phone.locator(".list-tools").boundingBox();
    check(card.y - head.y - head.height >= 8, "the heading sits on the card");
  });

  test("a resident reads open figures without scripts, and no small counts", async (world) => {
    const page = await world.page({ viewport: PHONE, javaScriptEnabled: false });
    await page.goto("/figures");
    check(await page.locator(".tile").count() > 3, "open figures");
    await page.goto("/figures?indicator=reports");
    check(!(await page.locator("a[href^='/figures/rows']").count()), "rows are offered to everybody");
    for (const text of await page.locator(".bar-text").allInnerTexts()) check(number(text) === 0 || number(text) >= 5 || Number.isNaN(number(text)), `a small count: ${text}`);
  });

  test("the rules of accessibility hold on the dashboard and a figure, on a phone too", async (world) => {
    const found = [];
    for (const viewport of [undefined, PHONE]) {
      const page = await world.signIn("road.director", viewport ? { viewport } : {});
      for (const path of ["/figures", "/figures?indicator=repairs_done&period=2026", "/figures?indicator=rule_bridge_limited"]) {
        await page.goto(path);
        for (const line of await axe(page)) found.push(`${path} ${line}`);
      }
    }
    check(found.length === 0, () => found.slice(0, 20).join("\n"));
  });
}
