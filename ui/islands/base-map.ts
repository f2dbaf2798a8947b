/**
 * The base map of the deployment below our own outlines, where it has one. Tiles in GCJ-02 lie half a kilometre off: they are
 * moved to where they belong, each put together from the four it covers.
 */
import { addProtocol } from "maplibre-gl";
import type { Map as GlMap } from "maplibre-gl";

interface BaseMap { layers: string[][]; attribution: string; datum: string; packed: boolean; max_zoom: number }

const SIZE = 256;
const AXIS = 6378245;
const E2 = 0.006693421622965943;
const PROTOCOL = "gcj02";

/** WGS-84 to GCJ-02, degrees: the series the server uses. */
export function shifted(lon: number, lat: number): [number, number] {
  const wave = (size: number, at: number): number => size * Math.sin(at * Math.PI);
  const [x, y] = [lon - 105, lat - 35];
  const both = wave(20, 6 * x) + wave(20, 2 * x);
  const east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * Math.sqrt(Math.abs(x)) + ((both + wave(20, x) + wave(40, x / 3) + wave(150, x / 12) + wave(300, x / 30)) * 2) / 3;
  const north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * Math.sqrt(Math.abs(x)) + ((both + wave(20, y) + wave(40, y / 3) + wave(160, y / 12) + wave(320, y / 30)) * 2) / 3;
  const phi = (lat * Math.PI) / 180;
  const root = Math.sqrt(1 - E2 * Math.sin(phi) ** 2);
  const degrees = (metres: number, radius: number): number => ((metres / radius) * 180) / Math.PI;
  return [lon + degrees(east, (AXIS / root) * Math.cos(phi)), lat + degrees(north, (AXIS * (1 - E2)) / root ** 3)];
}

/** Column and row of a point, with fractions, among `side` tiles to a side. */
function place(lon: number, lat: number, side: number): [number, number] {
  const phi = (lat * Math.PI) / 180;
  return [((lon + 180) / 360) * side, ((1 - Math.asinh(Math.tan(phi)) / Math.PI) / 2) * side];
}

/** Where the tile x, y has its corner among tiles in GCJ-02. */
function corner(z: number, x: number, y: number): [number, number] {
  const side = 2 ** z;
  const lat = (Math.atan(Math.sinh(Math.PI * (1 - (2 * (y + 0.5)) / side))) * 180) / Math.PI;
  const [column, row] = place(...shifted(((x + 0.5) / side) * 360 - 180, lat), side);
  return [column - 0.5, row - 0.5];
}

const filled = (template: string, z: number, x: number, y: number): string =>
  template.replace("{z}", String(z)).replace("{x}", String(x)).replace("{y}", String(y));

async function moved(templates: string[], [z, x, y]: [number, number, number], signal: AbortSignal): Promise<ArrayBuffer> {
  const [left, top] = corner(z, x, y);
  const canvas = new OffscreenCanvas(SIZE, SIZE);
  const paint = canvas.getContext("2d");
  const parts = [0, 1].flatMap((i) => [0, 1].map((j) => [Math.floor(left) + i, Math.floor(top) + j] as const));
  await Promise.all(parts.map(async ([column, row]) => {
    const template = templates[(column + row) % templates.length] ?? "";
    const answer = await fetch(filled(template, z, column, row), { signal });
    if (!answer.ok) return;
    const image = await createImageBitmap(await answer.blob());
    paint?.drawImage(image, Math.round((column - left) * SIZE), Math.round((row - top) * SIZE), SIZE, SIZE);
  }));
  return (await canvas.convertToBlob()).arrayBuffer();
}

/** Adds the base map below the outlines, and says whose it is. Answers whether it names our places. */
export async function addBaseMap(map: GlMap, box: HTMLElement): Promise<boolean> {
  const answer = await fetch("/map/base").catch(() => null);
  if (answer?.status !== 200) return false;
  const base = (await answer.json()) as BaseMap;
  const isMoved = base.datum === PROTOCOL;
  if (isMoved) {
    addProtocol(PROTOCOL, async (request, abort) => {
      const [layer = 0, z = 0, x = 0, y = 0] = request.url.slice(PROTOCOL.length + 3).split("/").map(Number);
      return { data: await moved(base.layers[layer] ?? [], [z, x, y], abort.signal) };
    });
  }
  let named = false;
  if (base.packed) named = await (await import("./packed-map")).addPacked(map, box, base.layers[0]?.[0] ?? "");
  else base.layers.forEach((tiles, at) => {
    const id = `base-${at}`;
    map.addSource(id, { type: "raster", tileSize: SIZE, maxzoom: base.max_zoom, tiles: isMoved ? [`${PROTOCOL}://${at}/{z}/{x}/{y}`] : tiles });
    map.addLayer({ id, type: "raster", source: id }, "land");
  });
  // Areas painted by a figure stay to be seen; land alone would only hide the map, unless the map has nothing but our places.
  if (!named) map.setPaintProperty("land", "fill-opacity", box.dataset["areas"] ? 0.6 : 0);
  const note = box.parentElement?.querySelector(".map-note");
  if (note && base.attribution) note.append(` · ${base.attribution}`);
  return named;
}
