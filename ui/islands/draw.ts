/**
 * Drawing a point, a line or an area: each click adds a corner to the coordinates beside the map (or moves the point), which
 * are what the form sends. Typing there redraws the shape. Leaves out moving single corners: take the last ones back and go on.
 */
import type { GeoJSONSource, Map as GlMap } from "maplibre-gl";
import type { Feature, Geometry, Position } from "geojson";
import { make } from "./helpers";

type Field = HTMLInputElement | HTMLTextAreaElement;

/** Adds a source with the layers that draw a shape. */
export function shapeLayers(map: GlMap, ink: string, data: Feature): void {
  map.addSource("drawn", { type: "geojson", data });
  map.addLayer({ id: "drawn-fill", type: "fill", source: "drawn", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": ink, "fill-opacity": 0.2 } });
  map.addLayer({ id: "drawn-line", type: "line", source: "drawn", paint: { "line-color": ink, "line-width": 3 } });
}

export function startDraw(map: GlMap, box: HTMLElement, ink: string): void {
  const field = box.closest("fieldset");
  const corners = field?.querySelector<Field>("textarea, input.input");
  const datum = field?.querySelector<HTMLSelectElement>("select");
  if (!corners) return;
  const shape = box.closest<HTMLElement>("[data-shape]")?.dataset["shape"];
  const single = shape === "point";
  const area = shape === "polygon";
  shapeLayers(map, ink, feature([], area));
  map.addLayer({ id: "drawn-corner", type: "circle", source: "drawn", paint: { "circle-radius": single ? 8 : 5, "circle-color": ink, "circle-stroke-width": single ? 3 : 0, "circle-stroke-color": "#fff" } });
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
  map.on("click", (e) => write([...(single ? [] : read(corners.value)), [e.lngLat.lng, e.lngLat.lat]]));
  corners.addEventListener("input", () => void show());
  const tools = make("p", "draw-tools");
  const add = (text: string | undefined, act: () => void): void => {
    const button = make("button", "btn btn-quiet btn-small", text ?? "");
    button.type = "button";
    button.addEventListener("click", act);
    tools.append(button);
  };
  if (single && "geolocation" in navigator) {
    add(box.dataset["textLocate"], () => navigator.geolocation.getCurrentPosition(({ coords }) => {
      write([[coords.longitude, coords.latitude]]);
      map.easeTo({ center: [coords.longitude, coords.latitude], zoom: 14 });
    }, () => {
      said.textContent = box.dataset["textDenied"] ?? "";
    }, { enableHighAccuracy: true, timeout: 15_000 }));
  }
  if (!single) add(box.dataset["textUndo"], () => write(read(corners.value).slice(0, -1)));
  add(single ? box.dataset["textClearPoint"] : box.dataset["textClear"], () => write([]));
  const said = make("span", "small muted");
  said.setAttribute("role", "status");
  tools.append(said);
  (box.closest(".map-box") ?? box).after(tools);
  fit(map, show());
}

/** Moves the map to a shape. */
export function fit(map: GlMap, points: Position[]): void {
  if (!points.length) return;
  const [lons, lats] = [points.map((p) => p[0] ?? 0), points.map((p) => p[1] ?? 0)];
  map.fitBounds([Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)], { padding: 40, maxZoom: 15, duration: 0 });
}

/** A stored shape on the map of a card. */
export function showShape(map: GlMap, geometry: Geometry, ink: string): void {
  shapeLayers(map, ink, { type: "Feature", properties: {}, geometry });
  if (geometry.type === "LineString") fit(map, geometry.coordinates);
  if (geometry.type === "Polygon") fit(map, geometry.coordinates[0] ?? []);
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
