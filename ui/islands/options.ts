/** A long list of boxes gets a box of words above it that narrows it. What is ticked stays in sight, and stands first when the list
    comes and whenever the words change; while somebody ticks nothing moves. */
import { fill, make } from "./helpers";

export function startOptions(root: ParentNode): void {
  for (const box of root.querySelectorAll<HTMLElement>(".options[data-narrow]")) {
    if (box.dataset["narrowed"]) continue;
    box.dataset["narrowed"] = "1";
    const lines = [...box.querySelectorAll<HTMLElement>(".option")];
    const ticked = (line: HTMLElement): boolean => line.querySelector<HTMLInputElement>("input")?.checked === true;
    const words = make("input", "input options-words");
    words.type = "search";
    words.autocomplete = "off";
    words.placeholder = box.dataset["narrow"] ?? "";
    words.setAttribute("aria-label", words.placeholder);
    const note = make("p", "help options-note");
    note.setAttribute("aria-live", "polite");
    const say = (): void => {
      const count = lines.filter(ticked).length;
      const shown = lines.some((line) => !line.hidden);
      note.textContent = shown ? (count ? fill(box.dataset["narrowTicked"], count) : "") : box.dataset["narrowNone"] ?? "";
    };
    const narrow = (): void => {
      const asked = words.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
      for (const line of lines) {
        const text = (line.textContent ?? "").toLowerCase();
        line.hidden = !ticked(line) && !asked.every((word) => text.includes(word));
      }
      box.prepend(...lines.filter(ticked));
      say();
    };
    words.addEventListener("input", (e) => {
      // The words are no part of the form.
      e.stopPropagation();
      narrow();
    });
    words.addEventListener("keydown", (e) => { if (e.key === "Enter") e.preventDefault(); });
    box.addEventListener("change", say);
    box.before(words, note);
    narrow();
  }
}
