// Features and tiles as other software reads them: with OWSLib, which is not ours, where PyPI can be reached; and our own tiles.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { check, holds, same } from "../lib.mjs";

const here = dirname(fileURLToPath(import.meta.url));
/** Kept between runs: fetching it takes longer than the test. */
const VENV = resolve(here, "../../../target/owslib");
const OWSLIB = "OWSLib==0.35.0";
const FETCH_MS = 90_000;

function ran(program, args, ms) {
  return new Promise((done) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], timeout: ms });
    let said = "";
    child.stdout.on("data", (part) => (said += part));
    child.stderr.on("data", (part) => (said += part));
    child.once("error", (error) => done({ code: 1, said: String(error) }));
    child.once("exit", (code) => done({ code: code ?? 1, said }));
  });
}

/** The Python that has OWSLib; null with the reason where it cannot be had. */
async function python() {
  const own = join(VENV, "bin/python");
  if (existsSync(own) && (await ran(own, ["-c", "import owslib.ogcapi.features"], FETCH_MS)).code === 0) return { own };
  const made = await ran("python3", ["-m", "venv", VENV], FETCH_MS);
  if (made.code !== 0) return { own: null, why: made.said };
  const fetched = await ran(own, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1", OWSLIB], FETCH_MS);
  return fetched.code === 0 ? { own } : { own: null, why: fetched.said };
}

export default function (test) {
  test("a client that is not ours reads the features", async (world) => {
    const { own, why } = await python();
    if (!own) return `NOT TESTED: OWSLib cannot be fetched (${why.trim().split("\n").at(-1)})`;
    const { code, said } = await ran(own, [join(here, "../features.py"), world.url], FETCH_MS);
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
