// The map: outlines are drawn, a click names the place before anything is sent, both sides of a border are offered, and a
// live case can be chosen from the centre's map without losing the map.
import { LAPTOP, PHONE, POINT, check, holds, same } from "../lib.mjs";

/** Fifteen metres from the border of two grids of different villages. */
const BORDER = { lon: 116.86, lat: 38.31 };

/** The form with its script: without it nothing is kept, and nothing comes back. */
async function form(page) {
  await page.goto("/report");
  await page.locator("#report[data-ready]").waitFor();
}

export default function (test) {
  test("a click on the map of the report form names the place", async (world) => {
    const page = await world.page({ viewport: LAPTOP });
    const outlines = page.waitForResponse((answer) => answer.url().includes("/map/outlines") && answer.ok());
    await page.goto("/report");
    await page.locator("#f-description").fill("地图上点的");
    await outlines;
    const map = page.locator("#f-place .map canvas");
    await map.scrollIntoViewIfNeeded();
    const recognised = page.locator("[data-recognised]");
    // Names stand on the map once it is ready for clicks.
    await page.waitForFunction(() => document.querySelector("#f-place .map-label") !== null);
    const box = await map.boundingBox();
    await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
    await recognised.locator("p, legend").first().waitFor();
    check(Number(await page.locator("#f-lon").inputValue()) > 115, "the coordinates are filled in");
    await page.locator(".maplibregl-marker:not(.map-label)").waitFor();
    same(await page.locator("#f-description").inputValue(), "地图上点的", "what was typed");
    holds(await page.locator(".map-note").first().innerText(), "OpenStreetMap", "the attribution");
    same(page.said.join("\n"), "", "what the page complained about");
  });

  test("a point in another province is outside, and nothing is said about how it was measured", async (world) => {
    const page = await world.page({ viewport: LAPTOP });
    await page.goto("/report");
    await page.locator("details:has(#f-lon) > summary").click();
    const read = async (lon, lat) => {
      await page.locator("#f-lon").fill(lon);
      await page.locator("#f-lat").fill(lat);
      const answer = page.waitForResponse((one) => one.url().includes(`lon=${lon}&lat=${lat}`));
      await page.locator("#f-lat").press("Tab");
      await answer;
      await page.locator("[data-recognised]", { hasText: "本市" }).waitFor();
      return page.locator("[data-recognised]").innerText();
    };
    for (const [lon, lat] of [["121.4737", "31.2304"], ["0", "0"], ["-179.9", "89"]]) check(!(await read(lon, lat)).includes("坐标系"), `${lon}, ${lat} is said to be measured otherwise`);
  });

  test("what was typed comes back in the same tab, with who typed it; the next person finds no name", async (world) => {
    const page = await world.page({ viewport: LAPTOP });
    await form(page);
    await page.locator("#f-description").fill("写到一半的情况");
    await page.locator("input[name=reporter_phone]").fill("13900001111");
    await page.goto("/");
    await form(page);
    same(await page.locator("#f-description").inputValue(), "写到一半的情况", "what was typed");
    same(await page.locator("input[name=reporter_phone]").inputValue(), "13900001111", "the telephone number");
    const next = await page.context().newPage();
    await form(next);
    same(await next.locator("#f-description").inputValue(), "写到一半的情况", "what was typed, in another tab");
    same(await next.locator("input[name=reporter_phone]").inputValue(), "", "the telephone number, in another tab");
  });

  test("on a phone the place is asked for where it is missing, and the lists of places come back where they were left", async (world) => {
    const page = await world.page({ viewport: PHONE });
    const { county, township } = await world.here();
    await page.goto("/report");
    await page.locator("[data-next]").click();
    for (const missing of ["请选择类别", "请填写问题描述"]) holds(await page.locator("[data-q=what]").innerText(), missing, "what the first step misses");
    same(await page.evaluate(() => document.activeElement.id), "f-category", "where one is led");
    await page.locator("#f-category").selectOption("E0102");
    await page.locator("#f-description").fill("没有地图的");
    same(await page.locator("p[data-fault]").count(), 0, "what is said once it is filled in");
    await page.locator("[data-next]").click();
    await page.locator("[data-next]").click();
    holds(await page.locator("#f-place [data-fault]").innerText(), "地图上点一下", "what is missing");
    await page.locator("[data-picker] > summary").click();
    await page.locator("#f-county").selectOption(county.code);
    await page.getByRole("button", { name: "选乡镇" }).click();
    await page.locator("#f-township").waitFor({ state: "visible" });
    await page.locator("#f-township").selectOption(township.code);
    await page.getByRole("button", { name: "选村" }).click();
    await page.locator("#f-village").waitFor({ state: "visible" });
    same(await page.locator("#f-description").inputValue(), "没有地图的", "what was typed");
    await page.locator("[data-next]").click();
    await page.locator("[data-q=photos]").waitFor({ state: "visible" });
    await page.locator("[data-needs=photos]").waitFor({ state: "hidden" });
    await page.locator("[data-next]").click();
    holds(await page.locator("[data-q=photos]").innerText(), "请上传现场照片", "a photo this category asks for");
  });

  test("a form sent while a photo is on its way waits for it", async (world) => {
    const page = await world.page({ viewport: LAPTOP });
    let go;
    const held = new Promise((done) => (go = done));
    await page.route("**/files", async (route) => {
      await held;
      await route.continue();
    });
    await page.goto("/report");
    await page.locator("#f-category").selectOption("E0102");
    await page.locator("#f-description").fill("照片还在路上");
    await page.locator("details:has(#f-lon) > summary").click();
    await page.locator("#f-lon").fill(String(POINT.lon));
    await page.locator("#f-lat").fill(String(POINT.lat));
    await page.locator("#f-photos").setInputFiles({ name: "1.jpg", mimeType: "image/jpeg", buffer: Buffer.from(await world.photo()) });
    await page.locator("[data-send]").click();
    await page.locator(".file-wait", { hasText: "正在上传" }).waitFor();
    go();
    await page.waitForURL(/\/report\/sent\//);
  });

  test("within 30 metres of a border both sides are offered, and the one chosen is taken", async (world) => {
    const page = await world.page({ viewport: LAPTOP });
    await page.goto("/report");
    await page.locator("#f-category").selectOption("E0104");
    await page.locator("#f-description").fill("边界上的");
    await page.locator("details:has(#f-lon) > summary").click();
    await page.locator("#f-lon").fill(String(BORDER.lon));
    await page.locator("#f-lat").fill(String(BORDER.lat));
    await page.locator("#f-lat").press("Tab");
    const sides = page.locator("[data-recognised] input[name=place]");
    await sides.nth(1).waitFor();
    const other = await sides.nth(1).getAttribute("value");
    const name = (await page.locator("[data-recognised] label", { has: page.locator(`input[value="${other}"]`) }).locator("span").first().evaluate((e) => e.firstChild.data)).trim();
    await sides.nth(1).check();
    await page.locator("[data-send]").click();
    await page.waitForURL(/\/report\/sent\//);
    holds((await page.locator("main").innerText()).replace(/\s/g, ""), name.split(" · ").at(-1).replace(/\s/g, ""), "the receipt");
  });

  test("coordinates typed before the scripts are there are looked up when they come, and a newer question ends an older one", async (world) => {
    const page = await world.page({ viewport: LAPTOP });
    let come;
    const scripts = new Promise((done) => (come = done));
    await page.route(/\/report-[^/]*\.js$/, async (route) => {
      await scripts;
      await route.continue();
    });
    await page.goto("/report");
    await page.locator("details:has(#f-lon) > summary").click();
    await page.locator("#f-lon").fill(String(POINT.lon));
    await page.locator("#f-lat").fill(String(POINT.lat));
    await page.locator("#f-lat").press("Tab");
    holds(await page.locator("[data-recognised]").innerText(), "选好位置后", "what is said without the scripts");
    come();
    await page.locator("[data-recognised]", { hasText: "·" }).waitFor();
    // Of two questions the older one would be answered last.
    let answer;
    const late = new Promise((done) => (answer = done));
    await page.route(/place-at\?lon=116\.86&lat=38\.31&/, async (route) => {
      await late;
      await route.continue().catch(() => {});
    });
    const ended = page.waitForEvent("requestfailed", (one) => /place-at\?lon=116\.86&lat=38\.31&/.test(one.url()));
    await page.locator("#f-lon").fill(String(BORDER.lon));
    await page.locator("#f-lat").fill(String(BORDER.lat));
    await page.locator("#f-lat").press("Tab");
    await page.locator("#f-lat").fill("12");
    await page.locator("#f-lat").press("Tab");
    await ended;
    answer();
    await page.locator("[data-recognised] .is-bad").waitFor();
  });

  test("the map of the centre draws the open cases and keeps them current", async (world) => {
    const page = await world.signIn(await world.account("director"));
    const points = page.waitForResponse((answer) => answer.url().includes("/map/cases") && answer.ok());
    const number = await world.report();
    await page.goto("/centre");
    const drawn = await (await points).json();
    const found = drawn.features.find((feature) => feature.properties.number === number);
    check(found, "the case is among the points");
    check(Math.abs(found.geometry.coordinates[0] - POINT.lon) < 0.001, "the point is where it was reported");
    await page.locator(".centre-map canvas").waitFor();
    check((await page.locator(".map-label").count()) > 0, "places are named");
    same(page.said.join("\n"), "", "what the page complained about");
  });
}
