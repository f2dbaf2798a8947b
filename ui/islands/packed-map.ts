/**
 * A base map packed in one file (PMTiles), read in stretches: pictures as they are, shapes drawn plainly by what the layers of such
 * files are usually called (Protomaps, OpenMapTiles). Names stay ours: theirs would stand between them.
 */
import { addProtocol } from "maplibre-gl";
import type { LayerSpecification, Map as GlMap } from "maplibre-gl";
import { PMTiles, Protocol, TileType } from "pmtiles";

const SOURCE = "base-packed";
/** What is painted as an area, and what is drawn as a line, with its width; the first ones lie below. */
const AREAS = ["earth", "landcover", "landuse", "park", "water", "buildings", "building"];
const LINES: Record<string, number> = { waterway: 0.8, roads: 1.1, transportation: 1.1, boundaries: 0.8, boundary: 0.8 };

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

/** Adds the file below our own outlines. */
export async function addPacked(map: GlMap, box: HTMLElement, address: string): Promise<void> {
  const file = new PMTiles(new URL(address, location.href).href);
  const protocol = new Protocol();
  protocol.add(file);
  addProtocol("pmtiles", protocol.tile);
  const header = await file.getHeader().catch(() => null);
  if (!header) return;
  const url = `pmtiles://${file.source.getKey()}`;
  if (header.tileType !== TileType.Mvt) {
    map.addSource(SOURCE, { type: "raster", url, tileSize: 256 });
    map.addLayer({ id: SOURCE, type: "raster", source: SOURCE }, "land");
    return;
  }
  const about = (await file.getMetadata()) as { vector_layers?: { id: string }[] };
  map.addSource(SOURCE, { type: "vector", url });
  for (const layer of drawn(box, (about.vector_layers ?? []).map((one) => one.id))) map.addLayer(layer, "land");
}
