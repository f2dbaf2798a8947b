// Features and tiles as other software reads them: with OWSLib, which is not ours, where PyPI can be reached; and our own tiles.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { notRun, python, ran } from "../python.mjs";
import { check, holds, same } from "../lib.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const READ_MS = 90_000;

export default function (test) {
  test("a client that is not ours reads the features", async (world) => {
    const { own, why } = await python("owslib.ogcapi.features");
    if (!own) return notRun("OWSLib", why);
    const { code, said } = await ran(own, [join(here, "../features.py"), world.url], READ_MS);
    same(code, 0, `OWSLib says ${said}`);
    return said.trim();
  });

  test("the style leads to tiles, and a tile that is known is not sent again", async (world) => {
    const read = async (path, headers = {}) => fetch(path.startsWith("http") ? path : `${world.url}${path}`, { headers });
    const style = await (await read("/tiles/style.json")).json();
    const source = style.sources["places-county"];
    const described = await (await read(source.url)).json();
    same(described.tilejson, "3.0.0", "the version of TileJSON");
    const [west, south, east, north] = described.bounds;
    const side = 2 ** described.minzoom;
    const phi = ((south + north) / 2) * (Math.PI / 180);
    const at = { z: described.minzoom, x: Math.floor((((west + east) / 2 + 180) / 360) * side), y: Math.floor(((1 - Math.asinh(Math.tan(phi)) / Math.PI) / 2) * side) };
    const address = described.tiles[0].replace(/\{([zxy])\}/g, (_, name) => String(at[name]));
    const tile = await read(address);
    same(tile.status, 200, address);
    const bytes = Buffer.from(await tile.arrayBuffer());
    holds(bytes.toString("utf8"), "places-county", "the tile");
    const again = await read(address, { "if-none-match": tile.headers.get("etag") });
    same(again.status, 304, "the same tile again");
  });

  test("features are pages as well, and their list goes on", async (world) => {
    const page = await world.page({ javaScriptEnabled: false });
    await page.goto("/ogc");
    await page.locator("main a", { hasText: "数据集" }).click();
    await page.locator("main a", { hasText: "乡镇" }).first().click();
    await page.locator("main a", { hasText: "要素" }).first().click();
    const first = await page.locator("main tbody th").first().innerText();
    await page.locator("a[rel=next]").click();
    check((await page.locator("main tbody th").first().innerText()) !== first, "the next page shows others");
    await page.locator("main tbody th a").first().click();
    holds(await page.locator("main").innerText(), "代码", "the page of one place");
  });
}
