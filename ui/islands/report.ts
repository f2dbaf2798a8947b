/** The report form: one question at a time on a phone, place by map or location with its name shown at once, category search, draft. */
import { clearDraft, keepDraft } from "./draft";
import { fill, make } from "./helpers";
import type { PickedPoint } from "./map";

interface Place { code: string; name: string; level: string }
interface PlaceAt { here: Place[]; near: { code: string; name: string; metres: number }[]; outside: boolean; hint?: string; point?: [number, number] }
interface Near { number: string; href: string; title: string; state_label: string; metres: number; updated: string }

export function startReport(form: HTMLFormElement): void {
  startWizard(form);
  startCategorySearch(form);
  startPoint(form);
  const picker = form.querySelector<HTMLDetailsElement>("[data-picker]");
  // Where there is a map the list of places steps back; where there is none it is the only way.
  if (picker && form.querySelector("[data-point]") && !form.querySelector(".error-summary") && !form.querySelector("#f-county option:checked:not([value=''])")) picker.open = false;
  // Only the plain report leaves a draft on the device: what other forms ask may be nobody else's business.
  if (form.dataset["draft"] !== undefined) startDraft(form);
  form.dataset["ready"] = "1";
}

function startDraft(form: HTMLFormElement): void {
  const note = document.querySelector<HTMLElement>("[data-draft-note]");
  keepDraft(form, "/report", () => {
    if (note) note.hidden = false;
    form.querySelector<HTMLElement>("#f-description")?.dispatchEvent(new Event("input"));
    form.querySelector<HTMLElement>("#f-lon")?.dispatchEvent(new Event("change", { bubbles: true }));
  });
  document.querySelector("[data-draft-clear]")?.addEventListener("click", () => {
    clearDraft("/report");
    location.assign(location.pathname);
  });
}

function startWizard(form: HTMLFormElement): void {
  const parts = [...form.querySelectorAll<HTMLElement>(".q")];
  if (form.querySelector(".error-summary")) {
    form.classList.remove("wizard");
    for (const b of form.querySelectorAll<HTMLElement>(".wizard-only")) b.hidden = true;
    return;
  }
  const [prev, next, send, step] = ["[data-prev]", "[data-next]", "[data-send]", "[data-step]"].map((s) => form.querySelector<HTMLElement>(s));
  const narrow = matchMedia("(max-width: 47.99rem)");
  // A list of townships or villages was asked for: the page comes back where it was left.
  let at = Math.max(0, parts.findIndex((part) => part.dataset["q"] === form.dataset["at"]));
  const show = (focus: boolean): void => {
    parts.forEach((p, i) => p.classList.toggle("is-open", i === at));
    document.body.classList.toggle("is-later", at > 0);
    if (prev) prev.hidden = at === 0;
    if (next) next.hidden = at === parts.length - 1;
    if (send) send.hidden = narrow.matches && at < parts.length - 1;
    if (step) step.textContent = fill(form.dataset["textStep"], at + 1, parts.length);
    if (!focus) return;
    const head = parts[at]?.querySelector<HTMLElement>("h2");
    head?.setAttribute("tabindex", "-1");
    head?.focus();
    window.scrollTo(0, 0);
    window.dispatchEvent(new Event("resize"));
  };
  prev?.addEventListener("click", () => (at--, show(true)));
  next?.addEventListener("click", () => {
    const part = parts[at];
    if (part && !complete(part)) return;
    at++;
    show(true);
  });
  narrow.addEventListener("change", () => show(false));
  show(false);
}

/** Whether a place was chosen by name, down to some level. */
function picked(part: HTMLElement): boolean {
  return [...part.querySelectorAll<HTMLSelectElement>("[data-picker] select")].some((select) => select.value !== "");
}

function placed(part: HTMLElement): boolean {
  const lon = part.querySelector<HTMLInputElement>("#f-lon");
  return Boolean(lon?.value) || picked(part);
}

/** Whether a part holds what it must; says beside each field that it does not, as the server would, and leads to the first of them. */
function complete(part: HTMLElement): boolean {
  const empty: HTMLElement[] = [];
  for (const control of part.querySelectorAll<HTMLInputElement>("[aria-required=true], [data-required=true]")) {
    const box = control.closest<HTMLElement>(".field");
    if (!box || control.closest("[data-off]") || !isEmpty(control, box)) continue;
    fault(box, box.dataset["textNeeded"], control);
    empty.push(control);
  }
  const place = part.querySelector<HTMLElement>("#f-place");
  if (place && !placed(part)) {
    fault(place, part.dataset["textNeeded"]);
    // Where there is a map, finding the place is the shortest way to name one.
    const first = [...place.querySelectorAll<HTMLElement>("[data-locate], select")].find((one) => one.checkVisibility());
    empty.push(first ?? place);
  }
  const first = empty[0];
  first?.focus({ preventScroll: true });
  first?.closest(".field")?.scrollIntoView({ block: "center" });
  return empty.length === 0;
}

function isEmpty(control: HTMLInputElement, box: HTMLElement): boolean {
  if (control.type !== "file") return control.value.trim() === "";
  const kept = box.querySelector("[data-file-list] input[type=hidden], [data-file-list] input:checked, [data-file-list] progress");
  return !kept && !control.files?.length;
}

/** Puts a fault beside a field; it goes when something is typed, chosen or picked there. */
function fault(box: HTMLElement, words: string | undefined, control?: HTMLElement): void {
  const line = document.querySelector<HTMLTemplateElement>("template[data-fault]")?.content.firstElementChild?.cloneNode(true) as HTMLElement | undefined;
  const said = line?.querySelector("span");
  if (!line || !said || box.querySelector(":scope > [data-fault]")) return;
  line.dataset["fault"] = "";
  line.id = `${control?.id ?? box.id}-fault`;
  line.setAttribute("role", "alert");
  said.textContent = words ?? "";
  const label = box.querySelector(":scope > [id$=-help]") ?? box.querySelector(":scope > .label");
  if (label) label.after(line);
  else box.prepend(line);
  const described = control?.getAttribute("aria-describedby");
  control?.setAttribute("aria-invalid", "true");
  control?.setAttribute("aria-describedby", `${described ?? ""} ${line.id}`.trim());
  box.classList.add("has-error");
  const mended = new AbortController();
  const mend = (): void => {
    mended.abort();
    line.remove();
    box.classList.remove("has-error");
    control?.removeAttribute("aria-invalid");
    if (described) control?.setAttribute("aria-describedby", described);
    else control?.removeAttribute("aria-describedby");
  };
  for (const kind of ["input", "change", "ganglion:picked"]) box.addEventListener(kind, mend, { capture: true, signal: mended.signal });
}

function startCategorySearch(form: HTMLFormElement): void {
  const search = form.querySelector<HTMLInputElement>("#f-category-search");
  const hits = form.querySelector<HTMLElement>("[data-hits]");
  const select = form.querySelector<HTMLSelectElement>("#f-category");
  if (!search || !hits || !select) return;
  search.addEventListener("keydown", (e) => { if (e.key === "Enter") e.preventDefault(); });
  search.addEventListener("input", () => {
    const words = search.value.trim().toLowerCase();
    const found = words ? [...select.options].filter((o) => o.value && `${o.text} ${o.dataset["hint"] ?? ""} ${(o.parentElement as HTMLOptGroupElement).label ?? ""}`.toLowerCase().includes(words)).slice(0, 8) : [];
    hits.replaceChildren(...found.map((o) => {
      const b = make("button", "btn btn-quiet btn-small", o.text);
      b.type = "button";
      b.addEventListener("click", () => {
        select.value = o.value;
        search.value = "";
        hits.replaceChildren();
        select.dispatchEvent(new Event("change", { bubbles: true }));
        select.focus();
      });
      return b;
    }));
  });
}

function startPoint(form: HTMLFormElement): void {
  const lon = form.querySelector<HTMLInputElement>("#f-lon");
  const lat = form.querySelector<HTMLInputElement>("#f-lat");
  const datum = form.querySelector<HTMLSelectElement>("#f-datum");
  const status = form.querySelector<HTMLElement>("[data-locate-status]");
  const map = form.querySelector<HTMLElement>('[data-island="map"]');
  if (!lon || !lat || !datum) return;
  const say = (text: string | undefined): void => { if (status) status.textContent = text ?? ""; };
  const set = (point: PickedPoint): void => {
    lon.value = point.lon.toFixed(6);
    lat.value = point.lat.toFixed(6);
    datum.value = "wgs84";
    lon.dispatchEvent(new Event("input", { bubbles: true }));
    void recognise(form, map);
  };
  map?.addEventListener("ganglion:picked", (e) => set((e as CustomEvent<PickedPoint>).detail));
  for (const field of [lon, lat, datum]) field.addEventListener("change", () => void recognise(form, map, true));
  form.querySelector("#f-category")?.addEventListener("change", () => void nearby(form));
  const locate = form.querySelector<HTMLButtonElement>("[data-locate]");
  // The page comes with it off: a tap before this script was there would be lost without a word.
  if (locate) locate.disabled = false;
  locate?.addEventListener("click", () => {
    say(form.dataset["textLocating"]);
    if (!navigator.geolocation) return say(form.dataset["textLocateFailed"]);
    navigator.geolocation.getCurrentPosition((p) => {
      say(fill(form.dataset["textLocated"], Math.round(p.coords.accuracy)));
      set({ lon: p.coords.longitude, lat: p.coords.latitude });
      show(map, p.coords.longitude, p.coords.latitude);
    }, (e) => say(form.dataset[e.code === e.PERMISSION_DENIED ? "textDenied" : "textLocateFailed"]), { enableHighAccuracy: true, timeout: 10000, maximumAge: 30000 });
  });
  if (!lon.value || !lat.value) return;
  // Typed before this script was there: nobody has looked it up. Otherwise the page came with what it was told.
  if (lon.value !== lon.defaultValue || lat.value !== lat.defaultValue) void recognise(form, map, true);
  else if (!form.querySelector("[data-recognised] input")) show(map, Number(lon.value), Number(lat.value));
}

/** Moves the pin there; a map that is not ready yet finds it when it is. */
function show(map: HTMLElement | null, lon: number, lat: number): void {
  if (!map || !Number.isFinite(lon) || !Number.isFinite(lat)) return;
  map.dataset["point"] = JSON.stringify([lon, lat]);
  map.dispatchEvent(new CustomEvent<PickedPoint>("ganglion:show", { detail: { lon, lat } }));
}

function query(form: HTMLFormElement): URLSearchParams | null {
  const data = new FormData(form);
  const [lon, lat] = [String(data.get("lon") ?? "").trim(), String(data.get("lat") ?? "").trim()];
  if (!lon || !lat) return null;
  return new URLSearchParams({ lon, lat, datum: String(data.get("datum") ?? "wgs84"), category: String(data.get("category") ?? "") });
}

/** The question about a point that is under way; a newer one ends it, so that no older answer comes after. */
let recognising: AbortController | null = null;

/** Asks the server which place the point lies in and says it, before anything is sent. */
async function recognise(form: HTMLFormElement, map: HTMLElement | null, move = false): Promise<void> {
  recognising?.abort();
  const asked = query(form);
  const box = form.querySelector<HTMLElement>("[data-recognised]");
  if (!asked || !box) return;
  recognising = new AbortController();
  const { signal } = recognising;
  const at = await fetch(`/map/place-at?${asked}`, { signal }).then((answer) => (answer.ok ? (answer.json() as Promise<PlaceAt>) : null)).catch(() => null);
  if (!at) return;
  const texts = form.dataset;
  const path = at.here.map((p) => p.name).join(" · ");
  if (at.outside || !at.here.length) box.replaceChildren(line("recognised-line is-bad", at.hint || texts["textOutside"] || ""));
  else if (at.near.length) box.replaceChildren(border(texts, at, path));
  else {
    box.replaceChildren(line("recognised-line", fill(texts["textBelongs"], path)));
    if (at.hint) box.append(make("p", "small muted", at.hint));
  }
  const point = at.point ?? [Number(asked.get("lon")), Number(asked.get("lat"))];
  if (move) show(map, point[0], point[1]);
  const picker = form.querySelector<HTMLDetailsElement>("[data-picker]");
  if (picker && !at.outside) picker.open = false;
  await nearby(form);
}

function line(className: string, text: string): HTMLElement {
  const p = make("p", className);
  p.append(make("span", "", text));
  return p;
}

function border(texts: DOMStringMap, at: PlaceAt, path: string): HTMLElement {
  const set = make("fieldset");
  set.append(make("legend", "label", texts["textBorder"]));
  const options = make("div", "options");
  const sides = [{ code: at.here.at(-1)?.code ?? "", name: path, metres: 0 }, ...at.near];
  sides.forEach((side, i) => {
    const label = make("label", "option");
    const radio = make("input");
    radio.type = "radio";
    radio.name = "place";
    radio.value = side.code;
    radio.checked = i === 0;
    const words = make("span", "", side.name);
    words.append(make("small", "", side.metres ? fill(texts["textAway"], Math.round(side.metres)) : texts["textHere"]));
    label.append(radio, words);
    options.append(label);
  });
  set.append(options);
  return set;
}

/** The question about open cases near a point that is under way. */
let looking: AbortController | null = null;

async function nearby(form: HTMLFormElement): Promise<void> {
  looking?.abort();
  const asked = query(form);
  const box = form.querySelector<HTMLElement>("[data-nearby]");
  const list = form.querySelector<HTMLElement>("[data-nearby-list]");
  const title = form.querySelector<HTMLElement>("[data-nearby-title]");
  if (!asked?.get("category") || !box || !list) return;
  looking = new AbortController();
  const { signal } = looking;
  const near = await fetch(`/report/near?${asked}`, { signal }).then((answer) => (answer.ok ? (answer.json() as Promise<{ cases: Near[] }>) : null)).catch(() => null);
  if (!near) return;
  const { cases } = near;
  box.hidden = cases.length === 0;
  const none = list.lastElementChild;
  if (title) title.textContent = (cases.length === 1 ? form.dataset["textNearby"] : form.dataset["textNearbyMany"]?.replace("2", String(cases.length))) ?? "";
  list.replaceChildren(...cases.map((c) => {
    const label = make("label", "option");
    const radio = make("input");
    radio.type = "radio";
    radio.name = "same_as";
    radio.value = c.number;
    const words = make("span", "", `${c.title} · ${c.state_label}`);
    words.append(make("small", "", `${fill(form.dataset["textNearbyLine"], Math.round(c.metres), c.updated)} · ${c.number}`));
    label.append(radio, words);
    return label;
  }));
  if (none) list.append(none);
}
