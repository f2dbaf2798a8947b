// Registers in a browser, for a system that came from a pack alone: roads drawn as lines and changed by two people, bridges with
// a condition and rows inside the row, areas, lists and cards for staff and for everybody, bad input, two people at once.
import { PHONE, axe, check, holds, same } from "../lib.mjs";

export const serial = true;

/** Clicks at shares of the map's width and height, once it is drawn. */
async function clickMap(page, box, shares) {
  const map = box.locator(".map[data-ready='1']");
  await map.waitFor();
  await map.scrollIntoViewIfNeeded();
  const { width, height } = await map.boundingBox();
  for (const [x, y] of shares) await map.click({ position: { x: width * x, y: height * y } });
}

const field = (page, name) => page.locator(`.field:has([name="${name}"])`).first();

export default function (test) {
  const s = {};

  test("a road is drawn and proposed by the officer", async (world) => {
    s.page = await world.signIn("road.officer");
    await s.page.goto("/registers/road");
    holds(await s.page.locator("main").innerText(), "还没有登记任何一行", "the empty list");
    await s.page.getByRole("link", { name: "提请新增" }).click();
    await s.page.locator("#f-code").fill("Y001");
    await s.page.locator("#f-name").fill("<b>东环</b>乡道 & 支线");
    await s.page.locator("input[name=surface][value=asphalt]").check();
    await s.page.locator("#f-length_km").fill("三公里");
    const line = s.page.locator(".field-shape");
    await clickMap(s.page, line, [[0.45, 0.5], [0.55, 0.45], [0.6, 0.55]]);
    same((await line.locator("textarea").inputValue()).split("\n").length, 3, "corners drawn");
    await line.getByRole("button", { name: "撤销上一个点" }).click();
    same((await line.locator("textarea").inputValue()).split("\n").length, 2, "corners after one was taken back");
    await s.page.locator("main form button[type=submit]").last().click();
    // What cannot be read stands beside its field and on top; nothing typed is lost.
    holds(await s.page.locator(".error-summary").innerText(), "里程", "what is wrong");
    same(await s.page.locator("#f-name").inputValue(), "<b>东环</b>乡道 & 支线", "the name kept");
    same((await line.locator("textarea").inputValue()).trim().split("\n").length >= 1 && (await line.locator("textarea").inputValue()) !== "", true, "the line kept");
    await s.page.locator("#f-length_km").fill("3.25");
    await s.page.locator("main form button[type=submit]").last().click();
    await s.page.waitForURL(/\/registers\/road/);
    holds(await s.page.locator(".flash").innerText(), "Y001", "what was sent");
    same(s.page.said.join("\n").replace(/422: \S+|console: Failed to load resource[^\n]*/g, "").trim(), "", "what the pages complained about");
  });

  test("who proposed cannot approve; the director does, and is told where it waits", async (world) => {
    await s.page.goto("/proposals");
    check(!(await s.page.locator("button[value=approve]").count()), "the proposer is offered to approve");
    const director = await world.signIn("road.director");
    await director.goto("/desk");
    await director.getByRole("link", { name: /待我批准的变更/ }).click();
    holds(await director.locator(".proposal").first().innerText(), "<b>东环</b>乡道 & 支线", "the proposal, its HTML as text");
    await director.locator("button[value=reject]").first().click();
    holds(await director.locator("main").innerText(), "理由", "a rejection without a reason");
    await director.locator("button[value=approve]").first().click();
    await director.locator(".notice-ok").waitFor();
    await director.goto("/registers/road");
    const row = director.locator(".row-table tbody tr").first();
    holds(await row.innerText(), "3.25", "the row");
    await row.locator("a").first().click();
    await director.locator(".map[data-ready='1']").waitFor();
    check(await director.locator(".map[data-geometry*=LineString]").count(), "the line is not on the card");
    holds(await director.locator(".version-list").innerText(), "批准", "who approved");
    s.road = new URL(director.url()).pathname;
  });

  test("conditions and rows follow what is typed, and typing saves nothing", async () => {
    await s.page.goto("/registers/bridge/new");
    await s.page.locator("#f-code").fill("Q001");
    await s.page.locator("#f-name").fill("南桥");
    await s.page.locator("#f-checked_on").fill("2026-01-15");
    const limit = field(s.page, "limit_t");
    await limit.waitFor({ state: "hidden" });
    await s.page.locator("input[name=condition][value=c4]").check();
    await limit.waitFor({ state: "visible" });
    await s.page.locator("input[name=condition][value=c2]").check();
    await limit.waitFor({ state: "hidden" });
    const spans = s.page.locator("#f-spans");
    const rows = spans.locator("[data-row]");
    same(await rows.count(), 1, "one blank row");
    await rows.nth(0).locator("input").nth(0).fill("1");
    await rows.nth(0).locator("input").nth(1).fill("12.5");
    await spans.locator("[data-more]").click();
    await rows.nth(1).locator("input").nth(0).fill("2");
    await rows.nth(1).locator("input").nth(1).fill("10");
    await s.page.locator('[data-given="total_m"]', { hasText: "22.5" }).waitFor();
    await rows.nth(0).getByRole("button", { name: "删除" }).click();
    await s.page.locator('[data-given="total_m"]', { hasText: /^10/ }).waitFor();
    const { html } = await (await s.page.context().request.get("/registers/bridge")).text().then((html) => ({ html }));
    check(!html.includes("Q001"), "typing saved the row");
    await s.page.locator("main form button[type=submit]").last().click();
    await s.page.waitForURL(/\/registers\/bridge\/rows\//);
    holds(await s.page.locator("main").innerText(), "10 米", "the card");
    s.bridge = new URL(s.page.url()).pathname;
  });

  test("a point is set on the map of the form, and shown on card and list", async () => {
    await s.page.goto(s.bridge.replace("/rows/", "/edit/"));
    await clickMap(s.page, s.page.locator(".field-point"), [[0.5, 0.5]]);
    const before = await s.page.locator("input[name=at]").inputValue();
    check(/^\d+\.\d+, \d+\.\d+$/.test(before), `the point: ${before}`);
    await clickMap(s.page, s.page.locator(".field-point"), [[0.52, 0.5]]);
    const after = await s.page.locator("input[name=at]").inputValue();
    check(after !== before && !after.includes("\n"), "a second click moves the point");
    await s.page.locator("main form button[type=submit]").last().click();
    await s.page.waitForURL(/\/registers\/bridge\/rows\//);
    await s.page.locator(".case-side .map[data-ready='1']").waitFor();
    await s.page.goto("/registers/bridge");
    await s.page.locator(".register-map .map[data-ready='1']").waitFor();
  });

  test("with scripts off the same form works: more rows, and what does not apply is said", async (world) => {
    const page = await world.signIn("road.officer", { javaScriptEnabled: false, viewport: PHONE });
    await page.goto("/registers/bridge/new");
    holds(await field(page, "limit_t").innerText(), "仅当", "when the limit applies");
    await page.locator("#f-code").fill("Q002");
    await page.locator("#f-name").fill("北桥");
    await page.locator("#f-checked_on").fill("2026-02-15");
    await page.locator("input[name=condition][value=c5]").check();
    const count = await page.locator("[data-row]").count();
    await page.locator("[data-more]").click();
    check(await page.locator("[data-row]").count() > count, "no more rows came");
    same(await page.locator("#f-name").inputValue(), "北桥", "the name kept");
    await page.locator("main form button[type=submit]").last().click();
    await page.waitForURL(/\/registers\/bridge\/rows\//);
    await page.goto("/rules");
    holds(await page.locator("main").innerText(), "不符合：1 行", "the rule it breaks");
    await page.getByRole("link", { name: "四五类桥梁已限载" }).click();
    holds(await page.locator("main").innerText(), "北桥", "the row that breaks the rule, by name");
  });

  test("two people change the same row: the second is told and keeps what was typed", async (world) => {
    const second = await world.signIn("road.second");
    const edit = s.bridge.replace("/rows/", "/edit/");
    await Promise.all([s.page.goto(edit), second.goto(edit)]);
    await s.page.locator("#f-name").fill("南桥（一）");
    await second.locator("#f-name").fill("南桥（二）");
    await s.page.locator("main form button[type=submit]").last().click();
    await s.page.waitForURL(/\/rows\//);
    await second.locator("main form button[type=submit]").last().click();
    holds(await second.locator(".notice-bad").innerText(), "改", "what the second is told");
    same(await second.locator("#f-name").inputValue(), "南桥（二）", "what the second typed");
  });

  test("too long a text, a day to come and a key that is taken are each said beside the field", async () => {
    await s.page.goto("/registers/bridge/new");
    await s.page.locator("#f-code").fill("Q009");
    await s.page.locator("#f-name").fill("长".repeat(5000));
    await s.page.locator("#f-checked_on").fill("2126-01-01");
    await s.page.locator("input[name=condition][value=c1]").check();
    await s.page.locator("main form button[type=submit]").last().click();
    const said = await s.page.locator(".error-summary").innerText();
    for (const part of ["桥名", "5,000", "检查日期"]) holds(said.replace("5000", "5,000"), part, "what is wrong");
    same((await s.page.locator("#f-name").inputValue()).length, 5000, "the text kept");
    await s.page.locator("#f-code").fill("Q001");
    await s.page.locator("#f-name").fill("又一座");
    await s.page.locator("#f-checked_on").fill("2026-01-01");
    await s.page.locator("main form button[type=submit]").last().click();
    holds(await s.page.locator("main").innerText(), "Q001", "a key that is taken");
  });

  test("an area is drawn", async () => {
    await s.page.goto("/registers/section/new");
    await s.page.locator("#f-code").fill("A1");
    await s.page.locator("#f-name").fill("北片");
    await clickMap(s.page, s.page.locator(".field-shape"), [[0.46, 0.45], [0.54, 0.45], [0.54, 0.55], [0.46, 0.55]]);
    await s.page.locator("main form button[type=submit]").last().click();
    await s.page.waitForURL(/\/registers\/section\/rows\//);
    await s.page.locator(".map[data-ready='1'][data-geometry*=Polygon]").waitFor();
  });

  test("lists are narrowed, sorted and printed by their address; a phone has no wide table", async (world) => {
    await s.page.goto("/registers/bridge?f.condition=c5");
    const text = await s.page.locator(".row-table").innerText();
    check(text.includes("北桥") && !text.includes("南桥"), "narrowed by condition");
    await s.page.goto("/registers/bridge?sort=-name&q=桥");
    same(await s.page.locator(".row-table tbody tr").count(), 2, "found by a word");
    const phone = await world.signIn("road.officer", { viewport: PHONE });
    for (const path of ["/registers", "/registers/bridge", "/registers/road", s.bridge, "/registers/bridge/new", "/proposals", "/rules"]) {
      await phone.goto(path);
      const wide = await phone.evaluate(() => document.scrollingElement.scrollWidth - innerWidth);
      check(wide <= 1, `${path} is ${wide} pixels wider than a phone`);
    }
    const box = phone.locator(".list-filters");
    await phone.goto("/registers/bridge");
    same(await box.getAttribute("open"), null, "filters stand in the way on a phone");
    await phone.locator(".rail-more summary").click();
    await phone.locator(".rail-more-body").getByRole("link", { name: "数据" }).click();
    await phone.waitForURL(/\/figures/);
  });

  test("everybody reads what is public, in the frame of the public", async (world) => {
    const page = await world.page({ viewport: PHONE, javaScriptEnabled: false });
    await page.goto("/registers");
    holds(await page.locator("main").innerText(), "乡村道路", "the open registers");
    check(!(await page.locator(".rail").count()), "the menu of staff");
    await page.goto("/registers/road");
    const text = await page.locator("main").innerText();
    holds(text, "3.25", "the list");
    check(!text.includes("建成日期") && !(await page.locator("main a[href$='/new']").count()), "more than is public");
    await page.locator(".row-table tbody a").first().click();
    holds(await page.locator("main").innerText(), "东环", "the card");
    same((await page.context().request.get("/registers/bridge")).url().includes("/sign-in"), true, "a register that is not open");
  });

  test("the rules of accessibility hold on these pages", async (world) => {
    const found = [];
    for (const [page, paths] of [[s.page, ["/registers", "/registers/bridge", "/registers/road", s.bridge, "/registers/bridge/new", "/registers/section/new", "/registers/bridge/import", "/proposals", "/rules", "/rules/bridge_limited"]], [await world.page({ viewport: PHONE }), ["/registers", "/registers/road", s.road]]]) {
      for (const path of paths) {
        await page.goto(path);
        for (const line of await axe(page)) found.push(`${path} ${line}`);
      }
    }
    check(found.length === 0, () => found.slice(0, 20).join("\n"));
  });
}
