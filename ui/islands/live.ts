/**
 * Live changes by server-sent events. Each event goes to whoever listens on the document (the map, the ticker); the parts
 * marked data-live are then fetched anew, at most every few seconds, so counts and clocks are always the server's.
 */
import { fill } from "./helpers";
import { swap } from "./swap";

export interface CaseEvent {
  seq: number; number: string; title: string; state: string; state_label: string; tone: string; place: string;
  point: [number, number] | null; clock_kind: string; at: string; text: string;
}

const QUIET_MS = 1500;
const APART_MS = 4000;

export function startLive(href: string, start: (root: ParentNode) => void): void {
  const status = document.querySelector<HTMLElement>("[data-live-region]");
  const changed = new Set<string>();
  let timer = 0;
  let last = 0;
  let lost = false;

  const busy = (part: Element): boolean =>
    part.querySelector("details[open] form, input:checked") !== null || (document.activeElement?.matches("input, textarea, select") === true && part.contains(document.activeElement));

  const refresh = async (): Promise<void> => {
    timer = 0;
    if (document.hidden) return void (timer = window.setTimeout(refresh, APART_MS));
    last = Date.now();
    const numbers = new Set(changed);
    changed.clear();
    const parts = [...document.querySelectorAll<HTMLElement>("[data-live]")];
    const waiting = parts.some(busy);
    const free = parts.filter((p) => !busy(p)).map((p) => `[data-live="${p.dataset["live"]}"]`);
    const note = document.querySelector<HTMLElement>("[data-live-note]");
    if (note) note.hidden = !waiting;
    if (!free.length) return;
    const focused = document.activeElement?.closest<HTMLElement>("[data-case]")?.dataset["case"];
    if (!(await swap(location.href, free, start))) return;
    for (const row of document.querySelectorAll<HTMLElement>(".case-row[data-case]")) {
      if (numbers.has(row.dataset["case"] ?? "")) row.classList.add("is-changed");
      if (focused && row.dataset["case"] === focused) row.querySelector<HTMLElement>("a")?.focus();
    }
    if (status && numbers.size) status.textContent = fill(document.body.dataset["textLiveNew"], numbers.size);
  };

  const source = new EventSource(href);
  source.addEventListener("case", (message) => {
    const event = JSON.parse((message as MessageEvent<string>).data) as CaseEvent;
    changed.add(event.number);
    document.dispatchEvent(new CustomEvent<CaseEvent>("ganglion:case", { detail: event }));
    if (!timer) timer = window.setTimeout(refresh, Math.max(QUIET_MS, last + APART_MS - Date.now()));
  });
  source.addEventListener("error", () => {
    if (lost || !status) return;
    lost = true;
    status.classList.add("is-lost");
    status.textContent = document.body.dataset["textLiveLost"] ?? "";
  });
  source.addEventListener("open", () => {
    if (!lost || !status) return;
    lost = false;
    status.classList.remove("is-lost");
    status.textContent = document.body.dataset["textLiveBack"] ?? "";
    timer ||= window.setTimeout(refresh, QUIET_MS);
  });
}
