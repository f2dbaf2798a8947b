/**
 * Drawing a line or an area: each click adds a corner to the list of coordinates beside the map, which is what the form sends.
 * Typing there redraws the shape. Leaves out moving single corners: take the last ones back and go on.
 */
import type { GeoJSONSource, Map as GlMap } from "maplibre-gl";
import type { Feature, Position } from "geojson";
import { make } from "./helpers";

export function startDraw(map: GlMap, box: HTMLElement, ink: string): void {
  const field = box.closest("fieldset");
  const corners = field?.querySelector<HTMLTextAreaElement>("textarea");
  const datum = field?.querySelector<HTMLSelectElement>("select");
  if (!corners) return;
  const area = box.closest<HTMLElement>("[data-shape]")?.dataset["shape"] === "polygon";
  map.addSource("drawn", { type: "geojson", data: feature([], area) });
  map.addLayer({ id: "drawn-fill", type: "fill", source: "drawn", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": ink, "fill-opacity": 0.2 } });
  map.addLayer({ id: "drawn-line", type: "line", source: "drawn", paint: { "line-color": ink, "line-width": 3 } });
  map.addLayer({ id: "drawn-corner", type: "circle", source: "drawn", paint: { "circle-radius": 5, "circle-color": ink } });
  map.getCanvas().style.cursor = "crosshair";
  const show = (): Position[] => {
    const points = read(corners.value);
    (map.getSource("drawn") as GeoJSONSource).setData(feature(points, area));
    return points;
  };
  const write = (points: Position[]): void => {
    corners.value = points.map(([lon = 0, lat = 0]) => `${lon.toFixed(6)}, ${lat.toFixed(6)}`).join("\n");
    if (datum) datum.value = "wgs84";
    corners.dispatchEvent(new Event("input", { bubbles: true }));
  };
  map.on("click", (e) => write([...read(corners.value), [e.lngLat.lng, e.lngLat.lat]]));
  corners.addEventListener("input", () => void show());
  const tools = make("p", "draw-tools");
  for (const [text, change] of [[box.dataset["textUndo"], (p: Position[]) => p.slice(0, -1)], [box.dataset["textClear"], () => []]] as const) {
    const button = make("button", "btn btn-quiet btn-small", text ?? "");
    button.type = "button";
    button.addEventListener("click", () => write(change(read(corners.value))));
    tools.append(button);
  }
  box.after(tools);
  const points = show();
  const [first] = points;
  if (!first) return;
  const [lons, lats] = [points.map((p) => p[0] ?? 0), points.map((p) => p[1] ?? 0)];
  map.fitBounds([Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)], { padding: 40, maxZoom: 15, duration: 0 });
}

/** The corners in a text: coordinates of GeoJSON, or one pair a line. What cannot be read is left to the server. */
function read(text: string): Position[] {
  if (/^\s*[[{]/.test(text)) {
    try {
      return outer(JSON.parse(text) as unknown);
    } catch {
      return [];
    }
  }
  const pairs = text.split(/[\n;]/).map((line) => line.trim().split(/[\s,，]+/).map(Number));
  return pairs.filter((pair) => pair.length === 2 && pair.every(Number.isFinite));
}

function outer(value: unknown): Position[] {
  if (value && typeof value === "object" && !Array.isArray(value)) {
    const object = value as { geometry?: unknown; coordinates?: unknown };
    return outer(object.geometry ?? object.coordinates ?? []);
  }
  const list = Array.isArray(value) ? (value as unknown[]) : [];
  const [first] = list;
  if (Array.isArray(first) && Array.isArray(first[0])) return outer(first);
  const points = list.filter((p): p is Position => Array.isArray(p) && typeof p[0] === "number" && typeof p[1] === "number");
  const [start, end] = [points[0], points.at(-1)];
  return points.length > 3 && start?.[0] === end?.[0] && start?.[1] === end?.[1] ? points.slice(0, -1) : points;
}

function feature(points: Position[], area: boolean): Feature {
  const closed = [...points, ...points.slice(0, 1)];
  if (area && points.length > 2) return { type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [closed] } };
  if (points.length > 1) return { type: "Feature", properties: {}, geometry: { type: "LineString", coordinates: points } };
  return { type: "Feature", properties: {}, geometry: { type: "MultiPoint", coordinates: points } };
}
