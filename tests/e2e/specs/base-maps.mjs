// Base maps of a deployment, each in a browser: tiles in the shifted datum GCJ-02 and in WGS-84 from a server that is not ours, the
// national map (WMTS) as its servers are asked, and a map packed in one file. What is seen where says that a map lies where it should,
// and the point somebody sets on it comes back in WGS-84.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LAPTOP, POINT, check, holds, same } from "../lib.mjs";
import { Service } from "../server.mjs";
import { seen, startFile, startTiles, tile, written } from "../tile-server.mjs";

/** The same point in GCJ-02, as eviltransform 0.1.1 of PyPI has it: half a kilometre east. */
const SHIFTED = { lon: 116.83580572259187, lat: 38.3005750302441 };
/** Where the map is moved to first: the pin there must not cover the mark. */
const BESIDE = { lon: 116.818, lat: 38.302 };
/** How far a click on the mark may be from the point: two pixels of the screen and half a tile's shift, in degrees. */
const NEAR = 0.0008;
const KEY = "0123456789abcdef";

export const serial = true;

export default function (test) {
  let service;
  let folder;

  /** The service with another base map, and its form to report with the map moved beside the mark. */
  async function reporting(world, more) {
    await service.stop();
    service.more = more;
    await service.start();
    const page = await world.page({ baseURL: service.url, viewport: LAPTOP });
    return page;
  }

  async function moved(page) {
    await page.goto("/report");
    await page.locator("#f-category").selectOption("E0104");
    await page.locator("#f-description").fill("底图上点的");
    await page.locator("#f-place .map[data-ready]").waitFor();
    await page.locator("details:has(#f-lon) > summary").click();
    await page.locator("#f-lon").fill(String(BESIDE.lon));
    await page.locator("#f-lat").fill(String(BESIDE.lat));
    await page.locator("#f-lat").press("Tab");
    const map = page.locator("#f-place .map");
    await map.scrollIntoViewIfNeeded();
    // Once the point is recognised the map glides there; it has arrived when the pin stands in its middle.
    await map.locator(".maplibregl-marker:not(.map-label)").waitFor();
    await map.evaluate(async (box) => {
      const middle = (rect) => rect.left + rect.width / 2;
      const pin = box.querySelector(".maplibregl-marker:not(.map-label)");
      const arrived = () => Math.abs(middle(pin.getBoundingClientRect()) - middle(box.getBoundingClientRect())) < 2;
      while (!arrived()) await new Promise(requestAnimationFrame);
    });
    return map;
  }

  /** Clicks on the mark, and looks that the form then has the point in WGS-84. */
  async function set(world, page) {
    const map = await moved(page);
    const at = await seen(world, page, map);
    const recognised = page.waitForResponse((answer) => answer.url().includes("/map/place-at") && answer.ok());
    await page.mouse.click(at.x, at.y);
    await recognised;
    const [lon, lat] = [Number(await page.locator("#f-lon").inputValue()), Number(await page.locator("#f-lat").inputValue())];
    check(Math.abs(lon - POINT.lon) < NEAR && Math.abs(lat - POINT.lat) < NEAR, `the mark was clicked and the form has ${lon}, ${lat}, not ${POINT.lon}, ${POINT.lat}`);
    same(await page.locator("#f-datum").inputValue(), "wgs84", "the datum of the form");
    return { lon, lat };
  }

  /** Waits until names are written on the map; gives where it is. */
  async function named(world, page, map) {
    const box = await map.boundingBox();
    // Names come with the tiles that hold them; without the buttons of the map nothing else is as dark.
    while ((await written(world, page, { ...box, width: box.width * 0.8 })) < 100) await page.evaluate(() => new Promise(requestAnimationFrame));
    return box;
  }

  /** What the page complained about besides asking this service and those servers. */
  const complaints = (page, ...origins) => page.said.filter((line) => ![service.url, ...origins].some((origin) => line.startsWith(`elsewhere: ${origin}/`))).join("\n");

  test("tiles in GCJ-02 lie where they should, and the pin comes back in WGS-84", async (world) => {
    const tiles = await startTiles(SHIFTED);
    world.also.push(tiles);
    folder = join(world.scratch, "base-maps");
    service = await Service.of(world.server, folder);
    world.also.push(service);
    const page = await reporting(world, ["--base-map", `${tiles.origin}/{z}/{x}/{y}.png`, "--base-map-datum", "gcj02", "--base-map-attribution", "某地图"]);
    const { lon, lat } = await set(world, page);
    holds(await page.locator("#f-place .map-note, .map-note").first().innerText(), "某地图", "whose map it is");
    check(tiles.asked.some(([z]) => z >= 12), "tiles of the place were asked for");
    await page.locator("[data-send]").click();
    await page.waitForURL(/\/report\/sent\//);
    const { features } = await (await fetch(`${service.url}/ogc/collections/cases-incident/items?limit=1`)).json();
    const [x, y] = features[0].geometry.coordinates;
    check(Math.abs(x - lon) < 0.0001 && Math.abs(y - lat) < 0.0001, `what is kept lies at ${x}, ${y}, set was ${lon}, ${lat}`);
    same(complaints(page, tiles.origin), "", "what the page complained about");
  });

  test("tiles in WGS-84 are drawn as they come", async (world) => {
    const tiles = await startTiles(POINT);
    world.also.push(tiles);
    const page = await reporting(world, ["--base-map", `${tiles.origin}/{z}/{x}/{y}.png`]);
    await set(world, page);
    const box = await page.locator("#f-place .map").boundingBox();
    check((await written(world, page, { ...box, width: box.width * 0.8 })) < 100, "something is as dark as names where there are none");
    same(complaints(page, tiles.origin), "", "what the page complained about");
  });

  test("the national map is asked as its WMTS wants it, with the key, and lies where it should", async (world) => {
    const page = await reporting(world, ["--tianditu-key", KEY]);
    const asked = [];
    await page.context().route(/^https:\/\/t[0-7]\.tianditu\.gov\.cn\//, async (route) => {
      const url = new URL(route.request().url());
      const value = (name) => url.searchParams.get(name);
      asked.push({ path: url.pathname, ...Object.fromEntries(url.searchParams) });
      const at = ["TILEMATRIX", "TILECOL", "TILEROW"].map((name) => Number(value(name)));
      await route.fulfill({ contentType: "image/png", headers: { "access-control-allow-origin": "*" }, body: tile(POINT, at) });
    });
    await set(world, page);
    const wanted = { SERVICE: "WMTS", REQUEST: "GetTile", VERSION: "1.0.0", STYLE: "default", TILEMATRIXSET: "w", FORMAT: "tiles", tk: KEY };
    for (const one of asked) for (const [name, value] of Object.entries(wanted)) same(one[name], value, `${name} of ${one.path}`);
    same([...new Set(asked.map((one) => `${one.path} ${one.LAYER}`))].sort().join(), "/cva_w/wmts cva,/vec_w/wmts vec", "the layers");
    const servers = Array.from({ length: 8 }, (_, n) => `https://t${n}.tianditu.gov.cn`);
    same(complaints(page, ...servers), "", "what the page complained about");
  });

  test("places packed in one file are drawn with their names, and nothing is asked elsewhere", async (world) => {
    const file = join(folder, "places.pmtiles");
    await service.stop();
    execFileSync(service.binary, ["places", "pmtiles", "--out", file, "--data", join(folder, "data"), "--home", service.home], { stdio: "ignore" });
    const page = await reporting(world, ["--base-map-file", file, "--base-map-attribution", "本市地名"]);
    const pieces = [];
    page.on("response", (answer) => answer.url().endsWith("/map/base.pmtiles") && pieces.push(answer.status()));
    const map = await moved(page);
    check(pieces.length > 1 && pieces.every((status) => status === 206), `the file comes in stretches: ${pieces.join()}`);
    same(await page.locator(".map-label").count(), 0, "labels beside the names of the file");
    holds(await page.locator(".map-note").first().innerText(), "本市地名", "whose map it is");
    const box = await named(world, page, map);
    await page.mouse.click(box.x + box.width / 2 + 40, box.y + box.height / 2);
    await page.locator("[data-recognised] p, [data-recognised] legend").first().waitFor();
    const lon = Number(await page.locator("#f-lon").inputValue());
    check(lon > BESIDE.lon && lon < BESIDE.lon + 0.02, `the point beside the middle is ${lon}`);
    same(complaints(page), "", "what the page complained about");
  });

  test("the same file on another server is read from there in stretches", async (world) => {
    const bytes = readFileSync(join(folder, "places.pmtiles"));
    const file = await startFile(bytes);
    world.also.push(file);
    const page = await reporting(world, ["--base-map", `${file.origin}/places.pmtiles`]);
    await named(world, page, await moved(page));
    check(file.asked.length > 1 && file.asked.every((length) => length < bytes.length), `stretches of ${bytes.length}: ${file.asked.join()}`);
    same(complaints(page, file.origin), "", "what the page complained about");
  });
}
