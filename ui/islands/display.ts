/**
 * The display of a hall: hears who is called, shows it large, says it, and keeps the lists the server's. Calls that come
 * at once wait for each other: each is shown and said, with fewer repeats while others wait.
 */
import { Sound } from "./sound";
import { swap } from "./swap";

interface Call { number: string; counter: string | null; text: string }

/** With more calls than this waiting, each is said once. */
const BACKLOG = 2;
/** How long a call stays large when nothing is said. */
const SHOWN_MS = 2500;
const QUIET_MS = 300;
const APART_MS = 1500;
const CLOCK_MS = 5000;

export function startDisplay(box: HTMLElement, start: (root: ParentNode) => void): void {
  const sound = new Sound(box.dataset["speech"] ?? "zh-CN");
  const times = Number(box.dataset["times"] ?? 2);
  const calls: Call[] = [];
  let saying = false;
  let held = false;
  let heard = false;
  let timer = 0;
  let last = 0;

  const refresh = async (): Promise<void> => {
    timer = 0;
    last = Date.now();
    const parts = [...box.querySelectorAll<HTMLElement>("[data-live]")].map((part) => `[data-live="${part.dataset["live"]}"]`);
    // While a call is being said it stays large.
    await swap(location.href, parts.filter((part) => !(held && part.includes("display-now"))), start);
  };
  const soon = (): void => {
    timer ||= window.setTimeout(() => void refresh(), Math.max(QUIET_MS, last + APART_MS - Date.now()));
  };

  const show = (call: Call): void => {
    const part = box.querySelector<HTMLElement>('[data-live="display-now"]');
    if (!part) return;
    const number = part.querySelector<HTMLElement>("[data-number]");
    const counter = part.querySelector<HTMLElement>("[data-counter]");
    part.classList.add("is-calling");
    if (!number || (call.counter && !counter)) return;
    number.textContent = call.number;
    if (counter) counter.textContent = call.counter ?? "";
  };

  const sayAll = async (): Promise<void> => {
    if (saying) return;
    saying = true;
    // The parts of a first call are the server's: they are there once it was asked.
    if (!box.querySelector("[data-number]")) await refresh();
    held = true;
    for (let call = calls.shift(); call; call = calls.shift()) {
      show(call);
      if (!heard) {
        await new Promise((done) => window.setTimeout(done, calls.length ? SHOWN_MS / 2 : SHOWN_MS));
        continue;
      }
      await sound.chime();
      const voice = sound.voice();
      if (!voice) await new Promise((done) => window.setTimeout(done, SHOWN_MS));
      for (let n = calls.length > BACKLOG ? times : 1; voice && n <= times; n += 1) await sound.say(call.text);
    }
    saying = held = false;
    box.querySelector('[data-live="display-now"]')?.classList.remove("is-calling");
    soon();
  };

  const button = box.querySelector<HTMLButtonElement>("[data-sound]");
  const state = box.querySelector<HTMLElement>("[data-sound-state]");
  const on = (): void => {
    heard = true;
    if (button) button.hidden = true;
    const tell = (): void => {
      if (state) state.textContent = box.dataset[sound.voice() ? "textReady" : "textChime"] ?? "";
    };
    tell();
    // Voices are often there only a moment later.
    window.speechSynthesis?.addEventListener?.("voiceschanged", tell);
  };
  button?.addEventListener("click", () => void sound.on().then(on));
  void sound.isAllowed().then((allowed) => {
    if (allowed) on();
  });

  const lost = box.querySelector<HTMLElement>("[data-lost]");
  const source = new EventSource(box.dataset["calls"] ?? "");
  source.addEventListener("case", (message) => {
    const { call } = JSON.parse((message as MessageEvent<string>).data) as { call: Call | null };
    if (call) {
      calls.push(call);
      void sayAll();
    }
    soon();
  });
  source.addEventListener("resync", soon);
  source.addEventListener("error", () => {
    if (lost) lost.hidden = false;
  });
  source.addEventListener("open", () => {
    box.dataset["connected"] = "1";
    if (lost && !lost.hidden) {
      lost.hidden = true;
      soon();
    }
  });
  startClock(box);
}

/** The time of the server, whatever the device thinks it is. */
function startClock(box: HTMLElement): void {
  const clock = box.querySelector<HTMLElement>("[data-clock]");
  const ahead = Number(box.dataset["now"]) - Date.now();
  const format = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Shanghai" });
  window.setInterval(() => {
    if (clock) clock.textContent = format.format(Date.now() + ahead);
  }, CLOCK_MS);
}
