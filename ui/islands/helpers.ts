/** Small helpers of every page: character counters, focus on errors, printing, reading aloud, counting ticked rows. */

/** Puts values into a text that came from the server: `%` or `%1`, `%2`. */
export function fill(text: string | undefined, ...values: (string | number)[]): string {
  let out = text ?? "";
  if (values.length === 1) out = out.replace("%", String(values[0]));
  else values.forEach((v, i) => (out = out.replace(`%${i + 1}`, String(v))));
  return out;
}

export function startCounters(root: ParentNode): void {
  for (const area of root.querySelectorAll<HTMLTextAreaElement>("textarea[data-count]")) {
    const note = document.getElementById(`${area.id}-count`);
    if (!note || area.dataset["counting"]) continue;
    area.dataset["counting"] = "1";
    const max = Number(area.dataset["count"]);
    const texts = document.body.dataset;
    const show = (): void => {
      const count = [...area.value].length;
      note.classList.toggle("over", count > max);
      note.textContent = count > max ? fill(texts["textCharsOver"], count - max) : fill(texts["textChars"], count, max);
    };
    area.addEventListener("input", show);
    if (area.value) show();
  }
}

export function startErrorFocus(root: ParentNode): void {
  root.querySelector<HTMLElement>("[data-focus-first]")?.focus();
}

export function startPrint(root: ParentNode): void {
  for (const b of root.querySelectorAll<HTMLElement>("[data-print]")) b.addEventListener("click", () => window.print());
}

/** A voice for a language, if the device has one. */
export function voiceFor(lang: string): SpeechSynthesisVoice | null {
  const code = (lang: string): string => lang.replace("_", "-").toLowerCase();
  const wanted = code(lang);
  const voices = window.speechSynthesis?.getVoices() ?? [];
  return voices.find((one) => code(one.lang) === wanted) ?? voices.find((one) => code(one.lang).split("-")[0] === wanted.split("-")[0]) ?? null;
}

/** Buttons that read the page aloud: shown once the device has a voice for its language, which some learn only after a while. */
export function startReadAloud(root: ParentNode): void {
  const lang = document.documentElement.lang;
  for (const b of root.querySelectorAll<HTMLElement>('[data-island="read-aloud"]')) {
    const tell = (): void => void (b.hidden = !voiceFor(lang));
    tell();
    window.speechSynthesis?.addEventListener?.("voiceschanged", tell);
    b.addEventListener("click", () => {
      // The button stands in what it reads.
      b.hidden = true;
      const text = document.querySelector<HTMLElement>(b.dataset["read"] ?? "main")?.innerText ?? "";
      b.hidden = false;
      speechSynthesis.cancel();
      const words = new SpeechSynthesisUtterance(text);
      words.lang = lang;
      words.voice = voiceFor(lang);
      words.rate = 0.9;
      speechSynthesis.speak(words);
    });
  }
}

/** Counts ticked rows beside the bulk actions and leaves those steps every ticked case admits; listens once, because a live
    list brings its note anew. */
export function startBulkCount(): void {
  document.addEventListener("change", () => {
    const note = document.querySelector<HTMLElement>("[data-bulk-count]");
    if (!note) return;
    note.dataset["help"] ??= note.textContent ?? "";
    const ticked = [...document.querySelectorAll<HTMLInputElement>('input[form="bulk"]:checked')];
    const n = ticked.length;
    const admitted = ticked.filter((box) => box.dataset["admits"]).map((box) => (box.dataset["admits"] ?? "").split(" "));
    let left = 0;
    for (const button of document.querySelectorAll<HTMLButtonElement>('#bulk button[name="action"]')) {
      button.hidden = !admitted.every((names) => names.includes(button.value));
      if (!button.hidden) left += 1;
    }
    const none = admitted.length > 0 && left === 0 && note.dataset["textNone"];
    note.textContent = none || (n ? fill(note.dataset["text"], n) : note.dataset["help"] ?? "");
  });
}

/** Tabs that go on beyond the screen begin where the current one is. */
export function startTabs(root: ParentNode): void {
  for (const list of root.querySelectorAll<HTMLElement>(".tabs ul")) {
    const current = list.querySelector<HTMLElement>("[aria-current]");
    if (!current || list.scrollWidth <= list.clientWidth) continue;
    const [left, width] = [current.getBoundingClientRect().left - list.getBoundingClientRect().left, current.offsetWidth];
    list.scrollLeft += left - (list.clientWidth - width) / 2;
  }
}

/** Makes an element with text in one line. */
export function make<K extends keyof HTMLElementTagNameMap>(tag: K, className = "", text = ""): HTMLElementTagNameMap[K] {
  const e = document.createElement(tag);
  if (className) e.className = className;
  if (text) e.textContent = text;
  return e;
}
