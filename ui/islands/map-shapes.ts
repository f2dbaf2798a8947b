/** Geometry the map needs in the browser: bounds, which shape holds a point, and labels that do not cover one another. */
import { Marker } from "maplibre-gl";
import type { Map as GlMap } from "maplibre-gl";
import type { Feature, FeatureCollection, Position } from "geojson";
import { make } from "./helpers";

function rings(f: Feature): Position[][][] {
  if (f.geometry?.type === "Polygon") return [f.geometry.coordinates];
  return f.geometry?.type === "MultiPolygon" ? f.geometry.coordinates : [];
}

export function boundsOf(shapes: FeatureCollection): [number, number, number, number] {
  let [w, s, e, n] = [180, 90, -180, -90];
  for (const f of shapes.features) for (const polygon of rings(f)) for (const [x = 0, y = 0] of polygon[0] ?? []) {
    [w, s, e, n] = [Math.min(w, x), Math.min(s, y), Math.max(e, x), Math.max(n, y)];
  }
  return w > e ? [115, 37, 119, 40] : [w, s, e, n];
}

function inside(ring: Position[], x: number, y: number): boolean {
  let odd = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [xi = 0, yi = 0] = ring[i] ?? [];
    const [xj = 0, yj = 0] = ring[j] ?? [];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) odd = !odd;
  }
  return odd;
}

/** The shape that holds a point. The server decides routing; this only chooses which outlines to load. */
export function holding(shapes: FeatureCollection, x: number, y: number): Feature | null {
  return shapes.features.find((f) => rings(f).some((p) => p.reduce((odd, ring) => odd !== inside(ring, x, y), false))) ?? null;
}

/** A point well inside the largest polygon: the middle of the longest crossing at half height. */
function anchor(f: Feature): [number, number] | null {
  const outer = rings(f).map((p) => p[0] ?? []).sort((a, b) => b.length - a.length)[0];
  if (!outer?.length) return null;
  const ys = outer.map((p) => p[1] ?? 0);
  const y = (Math.min(...ys) + Math.max(...ys)) / 2;
  const cuts: number[] = [];
  for (let i = 0, j = outer.length - 1; i < outer.length; j = i++) {
    const [xi = 0, yi = 0] = outer[i] ?? [];
    const [xj = 0, yj = 0] = outer[j] ?? [];
    if (yi > y !== yj > y) cuts.push(((xj - xi) * (y - yi)) / (yj - yi) + xi);
  }
  cuts.sort((a, b) => a - b);
  let best: [number, number] = [0, 0];
  for (let i = 0; i + 1 < cuts.length; i += 2) {
    const [a = 0, b = 0] = [cuts[i], cuts[i + 1]];
    if (b - a > best[1] - best[0]) best = [a, b];
  }
  return best[1] > best[0] ? [(best[0] + best[1]) / 2, y] : null;
}

/** Names of places as HTML, hidden where they would cover one another. */
export class Labels {
  private markers: Marker[] = [];
  private shown: FeatureCollection | null = null;

  constructor(private readonly map: GlMap, private readonly box: HTMLElement) {
    map.on("idle", () => this.thin());
    map.on("moveend", () => this.thin());
  }

  /** Labels every shape; `figures` adds a value under the name. */
  show(shapes: FeatureCollection, figures?: Map<string, string>): void {
    if (this.shown === shapes) return;
    this.shown = shapes;
    for (const m of this.markers) m.remove();
    this.markers = [];
    for (const f of shapes.features) {
      const at = anchor(f);
      if (!at) continue;
      const element = make("span", "map-label is-hidden", String(f.properties?.["name"] ?? ""));
      const value = figures?.get(String(f.properties?.["code"]));
      if (value) element.append(make("b", "", value));
      this.markers.push(new Marker({ element }).setLngLat(at).addTo(this.map));
    }
    requestAnimationFrame(() => this.thin());
    this.map.triggerRepaint();
  }

  private thin(): void {
    const frame = this.box.getBoundingClientRect();
    const taken: DOMRect[] = [];
    for (const m of this.markers) {
      const e = m.getElement();
      e.classList.remove("is-hidden");
      const r = e.getBoundingClientRect();
      const out = r.right < frame.left || r.left > frame.right || r.bottom < frame.top || r.top > frame.bottom;
      const covered = taken.some((t) => r.left < t.right + 2 && r.right > t.left - 2 && r.top < t.bottom + 2 && r.bottom > t.top - 2);
      if (out || covered) e.classList.add("is-hidden");
      else taken.push(r);
    }
  }
}
