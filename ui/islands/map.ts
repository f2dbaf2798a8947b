/**
 * The map: our own outlines and case points on a plain ground, with labels as HTML. There is no glyph server, and no tile but
 * those of a base map where the deployment has one.
 * Modes: view (one point), pick (set a point), draw (a line or an area), live (points that change), areas (a figure by place).
 */
import { GeoJSONSource, Map as GlMap, Marker, NavigationControl, setWorkerUrl } from "maplibre-gl";
import type { Feature, FeatureCollection, Geometry, Point } from "geojson";
import type { StyleSpecification } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import "maplibre-gl/dist/maplibre-gl.css";
import { make } from "./helpers";
import { addBaseMap } from "./base-map";
import { Labels, boundsOf, holding } from "./map-shapes";
import type { CaseEvent } from "./live";

export interface PickedPoint { lon: number; lat: number }
interface Area { code: string; name: string; text: string; class: string; href?: string }

setWorkerUrl(workerUrl);
const NONE: FeatureCollection = { type: "FeatureCollection", features: [] };
/** Name of the picture for areas without a value. */
const HATCH = "no-value";
/** From how near rows of a list are shown; one row alone keeps the borders around it in sight. */
const NEAREST = 14;
const NEAREST_ALONE = 10.5;

export async function startMap(box: HTMLElement): Promise<void> {
  if (box.dataset["started"]) return;
  box.dataset["started"] = "1";
  const mode = box.dataset["mode"] ?? "view";
  const point = json<[number, number]>(box.dataset["point"]);
  const bounds = json<[number, number, number, number]>(box.dataset["bounds"]);
  const areas = json<Area[]>(box.dataset["areas"]) ?? [];
  const outlines = await load(box.dataset["outlines"]);
  const map = new GlMap({
    container: box, style: style(box), attributionControl: false, dragRotate: false, pitchWithRotate: false, touchPitch: false, maxZoom: 18, minZoom: 6,
    cooperativeGestures: false, locale: { "Map.Title": box.dataset["label"] ?? "" },
    ...(point && mode !== "live" ? { center: point, zoom: 12.5 } : { bounds: bounds ?? boundsOf(outlines), fitBoundsOptions: { padding: padding(box, mode) } }),
  });
  map.addControl(new NavigationControl({ showCompass: false }), mode === "live" ? "bottom-right" : "top-right");
  map.touchZoomRotate.disableRotation();
  await new Promise<void>((done) => void map.once("load", () => done()));
  box.querySelector(".map-off")?.remove();
  const named = await addBaseMap(map, box);
  if (areas.length) paintAreas(map, outlines, areas);
  else source(map, "outlines").setData(outlines);
  const labels = new Labels(map, box);
  // A base map that names our places does so everywhere; figures still need their labels.
  if (areas.length || !named) labels.show(outlines, areas.length ? new Map(areas.map((a) => [a.code, a.text])) : undefined);
  noteSynthetic(box, outlines);
  if (!areas.length) drillOnZoom(map, box, outlines, named ? null : labels);
  const geometry = json<Geometry>(box.dataset["geometry"]);
  if (geometry) (await import("./draw")).showShape(map, geometry, color(box, "--accent"));
  else if (mode === "pick") pick(map, box);
  else if (mode === "draw") (await import("./draw")).startDraw(map, box, color(box, "--accent"));
  else if (point && mode !== "live") new Marker({ color: color(box, "--accent") }).setLngLat(point).addTo(map);
  if (mode === "live") await live(map, box);
  else if (box.dataset["cases"]) await rows(map, box);
  box.dataset["ready"] = "1";
}

function json<T>(text: string | undefined): T | null {
  return text ? (JSON.parse(text) as T) : null;
}

async function load(href: string | undefined): Promise<FeatureCollection> {
  if (!href) return NONE;
  const answer = await fetch(href).catch(() => null);
  return answer?.ok ? ((await answer.json()) as FeatureCollection) : NONE;
}

const color = (box: Element, name: string): string => getComputedStyle(box).getPropertyValue(name).trim();
const source = (map: GlMap, id: string): GeoJSONSource => map.getSource(id) as GeoJSONSource;

function padding(box: HTMLElement, mode: string): number | { left: number; right: number; top: number; bottom: number } {
  const wide = box.clientWidth > 1000;
  return mode === "live" && wide ? { left: 380, right: 390, top: 30, bottom: 40 } : 16;
}

function style(box: Element): StyleSpecification {
  const c = (name: string): string => color(box, name);
  const kind = ["match", ["get", "clock_kind"], "overdue", c("--late"), "soon", c("--soon"), "paused", c("--paused"), "plenty", c("--ok"), c("--done")];
  const radius = (small: number, large: number): unknown => ["interpolate", ["linear"], ["zoom"], 8, small, 14, large];
  return {
    version: 8,
    sources: Object.fromEntries(["outlines", "detail", "fine", "cases"].map((id) => [id, { type: "geojson", data: NONE }])),
    layers: [
      { id: "ground", type: "background", paint: { "background-color": c("--map-bg") } },
      { id: "land", type: "fill", source: "outlines", paint: { "fill-color": ["coalesce", ["get", "color"], c("--map-land")] } },
      { id: "no-value", type: "fill", source: "outlines", filter: ["==", ["get", "none"], true], paint: { "fill-pattern": HATCH } },
      { id: "fine-line", type: "line", source: "fine", paint: { "line-color": c("--map-line"), "line-width": 0.6, "line-dasharray": [2, 2] } },
      { id: "detail-line", type: "line", source: "detail", paint: { "line-color": c("--map-line"), "line-width": 0.9, "line-dasharray": [4, 2] } },
      { id: "outline", type: "line", source: "outlines", paint: { "line-color": c("--map-line"), "line-width": 1.4 } },
      { id: "cases", type: "circle", source: "cases", filter: ["!=", ["get", "clock_kind"], "overdue"], paint: { "circle-radius": radius(3, 7), "circle-color": kind, "circle-stroke-width": 1, "circle-stroke-color": c("--map-bg") } },
      { id: "cases-late", type: "circle", source: "cases", filter: ["==", ["get", "clock_kind"], "overdue"], paint: { "circle-radius": radius(5, 10), "circle-color": c("--late"), "circle-stroke-width": 2, "circle-stroke-color": c("--late"), "circle-stroke-opacity": 0.5, "circle-stroke-width-transition": { duration: 900 }, "circle-stroke-opacity-transition": { duration: 900 } } },
    ],
  } as unknown as StyleSpecification;
}

/** Shows the note on invented outlines as soon as any are drawn. */
function noteSynthetic(box: HTMLElement, shapes: FeatureCollection): void {
  const note = box.parentElement?.querySelector<HTMLElement>("[data-map-synthetic]");
  if (note && shapes.features.some((f) => f.properties?.["synthetic"] === true)) note.hidden = false;
}

/** The picture of lines that tells areas without a value from pale ones. */
function hatch(line: string): ImageData {
  const canvas = Object.assign(document.createElement("canvas"), { width: 8, height: 8 });
  const pen = canvas.getContext("2d")!;
  pen.strokeStyle = line;
  // The corners are drawn too, so that the lines go on from one tile to the next.
  for (const at of [-8, 0, 8]) {
    pen.moveTo(at - 1, 9);
    pen.lineTo(at + 9, -1);
  }
  pen.stroke();
  return pen.getImageData(0, 0, 8, 8);
}

function paintAreas(map: GlMap, outlines: FeatureCollection, areas: Area[]): void {
  const box = map.getContainer();
  if (!map.hasImage(HATCH)) map.addImage(HATCH, hatch(color(box, "--muted")));
  const by = new Map(areas.map((a) => [a.code, a]));
  const painted = outlines.features.map((f) => {
    const area = by.get(String(f.properties?.["code"]));
    const shade = area?.class ?? "q0";
    return { ...f, properties: { ...f.properties, color: color(box, `--${shade}`), none: shade === "q0", href: area?.href ?? "" } };
  });
  source(map, "outlines").setData({ type: "FeatureCollection", features: painted });
  map.on("click", "land", (e) => {
    const href = e.features?.[0]?.properties?.["href"] as string | undefined;
    if (href) location.assign(href);
  });
  map.on("mouseenter", "land", () => (map.getCanvas().style.cursor = "pointer"));
  map.on("mouseleave", "land", () => (map.getCanvas().style.cursor = ""));
}

/** Loads the outlines below the place in the middle, one level at zoom 10 and the next at 12.5, each asked for once. */
function drillOnZoom(map: GlMap, box: HTMLElement, top: FeatureCollection, labels: Labels | null): void {
  const asked = new Map<string, Promise<FeatureCollection>>();
  const below = (code: string): Promise<FeatureCollection> => {
    const known = asked.get(code) ?? load(`/map/outlines?parent=${encodeURIComponent(code)}`);
    asked.set(code, known);
    return known;
  };
  const look = async (): Promise<void> => {
    const centre = map.getCenter();
    const zoom = map.getZoom();
    const first = zoom >= 10 ? holding(top, centre.lng, centre.lat) : null;
    const detail = first ? await below(String(first.properties?.["code"])) : NONE;
    source(map, "detail").setData(detail);
    const second = zoom >= 12.5 ? holding(detail, centre.lng, centre.lat) : null;
    const fine = second ? await below(String(second.properties?.["code"])) : NONE;
    source(map, "fine").setData(fine);
    noteSynthetic(box, detail);
    labels?.show(fine.features.length ? fine : detail.features.length ? detail : top);
  };
  map.on("moveend", () => void look());
  void look();
}

/** Lets a point be picked. `data-point` holds the one to begin with: the form may have moved it while the map was on its way. */
function pick(map: GlMap, box: HTMLElement): void {
  const point = json<[number, number]>(box.dataset["point"]);
  const marker = new Marker({ draggable: true, color: color(box, "--accent"), scale: 1.2 });
  const tell = (): void => {
    const { lng, lat } = marker.getLngLat();
    box.dispatchEvent(new CustomEvent<PickedPoint>("ganglion:picked", { detail: { lon: lng, lat } }));
  };
  if (point) marker.setLngLat(point).addTo(map);
  marker.on("dragend", tell);
  map.getCanvas().style.cursor = "crosshair";
  map.on("click", (e) => {
    marker.setLngLat(e.lngLat).addTo(map);
    tell();
  });
  const show = (e: Event): void => {
    const { lon, lat } = (e as CustomEvent<PickedPoint>).detail;
    if (!Number.isFinite(lon) || !Number.isFinite(lat)) return;
    marker.setLngLat([lon, lat]).addTo(map);
    map.easeTo({ center: [lon, lat], zoom: Math.max(map.getZoom(), 12.6), duration: 300 });
  };
  box.addEventListener("ganglion:show", show);
  const form = box.closest("form");
  const lon = form?.querySelector<HTMLInputElement>("#f-lon")?.value;
  const lat = form?.querySelector<HTMLInputElement>("#f-lat")?.value;
  if (!point && lon && lat) show(new CustomEvent("ganglion:show", { detail: { lon: Number(lon), lat: Number(lat) } }));
  new ResizeObserver(() => map.resize()).observe(box);
}

async function live(map: GlMap, box: HTMLElement): Promise<void> {
  const cases = new Map<string, Feature<Point>>();
  const first = await load(box.dataset["cases"]);
  for (const f of first.features as Feature<Geometry>[]) if (f.geometry.type === "Point") cases.set(String(f.properties?.["number"]), f as Feature<Point>);
  let planned = false;
  const draw = (): void => {
    planned = false;
    source(map, "cases").setData({ type: "FeatureCollection", features: [...cases.values()] });
  };
  draw();
  document.addEventListener("ganglion:case", (e) => {
    const event = (e as CustomEvent<CaseEvent>).detail;
    if (!event.point) return;
    cases.set(event.number, { type: "Feature", geometry: { type: "Point", coordinates: event.point }, properties: { number: event.number, title: event.title, tone: event.tone, clock_kind: event.clock_kind } });
    if (!planned) planned = window.setTimeout(draw, 300) > 0;
  });
  for (const layer of ["cases", "cases-late"]) {
    map.on("click", layer, (e) => {
      const number = e.features?.[0]?.properties?.["number"] as string | undefined;
      if (number) box.dispatchEvent(new CustomEvent<string>("ganglion:choose", { detail: number, bubbles: true }));
    });
    map.on("mouseenter", layer, () => (map.getCanvas().style.cursor = "pointer"));
    map.on("mouseleave", layer, () => (map.getCanvas().style.cursor = ""));
  }
  const chosen = json<[number, number]>(box.dataset["point"]);
  if (chosen) new Marker({ element: make("span", "map-ring") }).setLngLat(chosen).addTo(map);
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) pulse(map);
}

/** From so many points on they are drawn small. */
const CROWD = 400;

/** The rows of a list: each point leads to its row. */
async function rows(map: GlMap, box: HTMLElement): Promise<void> {
  const found = await load(box.dataset["cases"]);
  const points = (found.features as Feature<Geometry>[]).filter((f): f is Feature<Point> => f.geometry.type === "Point");
  source(map, "cases").setData({ type: "FeatureCollection", features: points });
  const side = (of: (...all: number[]) => number, axis: 0 | 1): number => of(...points.map((f) => f.geometry.coordinates[axis] ?? 0));
  if (points.length > CROWD) {
    // So many that full dots would hide the land under them.
    map.setPaintProperty("cases", "circle-radius", ["interpolate", ["linear"], ["zoom"], 8, 1.6, 14, 6]);
    map.setPaintProperty("cases-late", "circle-radius", ["interpolate", ["linear"], ["zoom"], 8, 2, 14, 7]);
    for (const layer of ["cases", "cases-late"]) map.setPaintProperty(layer, "circle-stroke-width", 0);
  }
  if (points.length) map.fitBounds([[side(Math.min, 0), side(Math.min, 1)], [side(Math.max, 0), side(Math.max, 1)]], { padding: 40, maxZoom: points.length > 1 ? NEAREST : NEAREST_ALONE, animate: false });
  map.on("click", "cases", (e) => {
    const href = e.features?.[0]?.properties?.["href"] as string | undefined;
    if (href) location.assign(href);
  });
  map.on("mousemove", "cases", (e) => {
    map.getCanvas().style.cursor = "pointer";
    map.getCanvas().title = String(e.features?.[0]?.properties?.["title"] ?? "");
  });
  map.on("mouseleave", "cases", () => {
    map.getCanvas().style.cursor = "";
    map.getCanvas().title = "";
  });
}

/** Only what is overdue moves. */
function pulse(map: GlMap): void {
  let wide = false;
  window.setInterval(() => {
    if (document.hidden) return;
    wide = !wide;
    map.setPaintProperty("cases-late", "circle-stroke-width", wide ? 9 : 2);
    map.setPaintProperty("cases-late", "circle-stroke-opacity", wide ? 0.1 : 0.5);
  }, 1000);
}
