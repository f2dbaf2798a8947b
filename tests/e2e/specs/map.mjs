// The map: outlines are drawn, a click names the place before anything is sent, both sides of a border are offered, and a
// live case can be chosen from the centre's map without losing the map.
import { LAPTOP, POINT, check, holds, same } from "../lib.mjs";

/** Fifteen metres from the border of two grids of different villages. */
const BORDER = { lon: 116.86, lat: 38.31 };

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
    await page.goto("/report");
    await page.locator("#f-description").fill("写到一半的情况");
    await page.locator("input[name=reporter_phone]").fill("13900001111");
    await page.goto("/");
    await page.goto("/report");
    same(await page.locator("#f-description").inputValue(), "写到一半的情况", "what was typed");
    same(await page.locator("input[name=reporter_phone]").inputValue(), "13900001111", "the telephone number");
    const next = await page.context().newPage();
    await next.goto("/report");
    same(await next.locator("#f-description").inputValue(), "写到一半的情况", "what was typed, in another tab");
    same(await next.locator("input[name=reporter_phone]").inputValue(), "", "the telephone number, in another tab");
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
