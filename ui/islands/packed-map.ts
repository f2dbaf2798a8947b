/**
 * A base map packed in one file (PMTiles), read in stretches: pictures as they are, shapes drawn plainly by what the layers of such
 * files are usually called (Protomaps, OpenMapTiles), places by what our own export calls them. Names of others are left out: they
 * would stand between ours. Those of our own export are drawn with the fonts of the machine, and then stand in for our labels.
 */
import { addProtocol } from "maplibre-gl";
import type { LayerSpecification, Map as GlMap } from "maplibre-gl";
import { PMTiles, Protocol, TileType } from "pmtiles";

const SOURCE = "base-packed";
/** What is painted as an area, and what is drawn as a line, with its width; the first ones lie below. */
const AREAS = ["earth", "landcover", "landuse", "park", "water", "buildings", "building"];
const LINES: Record<string, number> = { waterway: 0.8, roads: 1.1, transportation: 1.1, boundaries: 0.8, boundary: 0.8 };

/** Layers of our own export: outlines of a level, and the names in it. */
const PLACES = /^places-([a-z]+)(-names)?$/;
/** Size of a name by level, and from which zoom on it is drawn. */
const NAMED: Record<string, [number, number]> = { city: [15, 0], county: [14, 6], township: [13, 8.5], village: [12, 11], grid: [11, 13.5] };
const FONTS = ["Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", "Source Han Sans SC", "sans-serif"];

const color = (box: Element, name: string): string => getComputedStyle(box).getPropertyValue(name).trim();

/** The layers of a file of shapes, in the order they are drawn. */
function drawn(box: Element, named: string[]): LayerSpecification[] {
  const [land, ground, line] = ["--map-land", "--map-bg", "--map-line"].map((name) => color(box, name)) as [string, string, string];
  const fills: Record<string, string> = { earth: land, landcover: land, landuse: land, park: land, water: ground, buildings: line, building: line };
  const areas = AREAS.filter((id) => named.includes(id)).map((id) => ({
    id: `base-${id}`, type: "fill", source: SOURCE, "source-layer": id, filter: ["==", ["geometry-type"], "Polygon"],
    paint: { "fill-color": fills[id] ?? land, "fill-opacity": id.startsWith("building") ? 0.35 : 1 },
  }));
  const lines = Object.entries(LINES).filter(([id]) => named.includes(id)).map(([id, width]) => ({
    id: `base-${id}`, type: "line", source: SOURCE, "source-layer": id, filter: ["==", ["geometry-type"], "LineString"],
    paint: { "line-color": id === "waterway" ? ground : line, "line-width": width, "line-opacity": 0.7 },
  }));
  return [...areas, ...lines] as unknown as LayerSpecification[];
}

/** Outlines of places as our own export has them: what lies deeper is thinner. */
function places(box: Element, named: string[]): LayerSpecification[] {
  const outlines = named.filter((id) => PLACES.test(id) && !id.endsWith("-names"));
  return outlines.map((id) => ({
    id: `base-${id}`, type: "line", source: SOURCE, "source-layer": id, filter: ["==", ["geometry-type"], "Polygon"],
    paint: { "line-color": color(box, "--map-line"), "line-width": id.endsWith("-village") || id.endsWith("-grid") ? 0.5 : 0.9, "line-opacity": 0.6 },
  })) as unknown as LayerSpecification[];
}

/** Names of places as our own export has them, the wide ones last: where there is no room for both they win. */
function names(box: Element, named: string[]): LayerSpecification[] {
  const levels = named.flatMap((id) => {
    const [, level = "", names] = PLACES.exec(id) ?? [];
    const how = names ? NAMED[level] : undefined;
    return how ? [{ id, size: how[0], from: how[1] }] : [];
  });
  return levels.sort((a, b) => a.size - b.size).map(({ id, size, from }) => ({
    id: `base-${id}`, type: "symbol", source: SOURCE, "source-layer": id, minzoom: from,
    layout: { "text-field": ["coalesce", ["get", "name"], ""], "text-font": FONTS, "text-size": size, "text-max-width": 8 },
    paint: { "text-color": color(box, "--text"), "text-halo-color": color(box, "--map-land"), "text-halo-width": 1.5 },
  })) as unknown as LayerSpecification[];
}

/** Adds the file below our own outlines; says whether it names our places. */
export async function addPacked(map: GlMap, box: HTMLElement, address: string): Promise<boolean> {
  const file = new PMTiles(new URL(address, location.href).href);
  const protocol = new Protocol();
  protocol.add(file);
  addProtocol("pmtiles", protocol.tile);
  const header = await file.getHeader().catch(() => null);
  if (!header) return false;
  const url = `pmtiles://${file.source.getKey()}`;
  if (header.tileType !== TileType.Mvt) {
    map.addSource(SOURCE, { type: "raster", url, tileSize: 256 });
    map.addLayer({ id: SOURCE, type: "raster", source: SOURCE }, "land");
    return false;
  }
  const about = (await file.getMetadata()) as { vector_layers?: { id: string }[] };
  map.addSource(SOURCE, { type: "vector", url });
  const named = (about.vector_layers ?? []).map((one) => one.id);
  for (const layer of drawn(box, named)) map.addLayer(layer, "land");
  for (const layer of places(box, named)) map.addLayer(layer, "fine-line");
  const written = names(box, named);
  for (const layer of written) map.addLayer(layer, "cases");
  return written.length > 0;
}
